/** The third phase of a decision: when a backend token is asked for, and what becomes of the answer. */
import { expect, test } from 'vitest';
import type { Provided, Reason } from '#core/index';
import { definition, provider, route, rules } from '../../test/support/definition.ts';
import { testPolicy, token } from '../../test/support/policy.ts';
import { bearer, requestView } from '../../test/support/request-view.ts';
import { testKey } from '../../test/support/sign-jws.ts';

const key = testKey('ES256', 'provide');
const provided: Provided = {
	set: [['authorization', 'Bearer of the gateway']],
	tokenId: 'backend',
	renew: async () => undefined,
};

function policy(answer: () => Provided | Reason | Promise<Provided | Reason>) {
	const guarded = route({
		name: 'guarded',
		path: '/**',
		rules: [rules({ provider: 'idp' })],
		claimsToHeaders: [{ header: 'x-user', claim: 'sub' }],
	});
	let asked = 0;
	const source = {
		provide() {
			asked++;
			return answer();
		},
	};
	const definitions = definition({ providers: [provider({ name: 'idp' })], routes: [guarded] });
	const compiled = testPolicy(definitions, { idp: [key] }, undefined, undefined, new Map([[guarded, source]]));
	return { ...compiled, asked: () => asked };
}

const get = (jwt: string) => requestView({ target: '/', headers: [bearer(jwt)] });

test.each([
	['at once', () => provided],
	['late', async () => provided],
])('what it gives %s stands beside the headers from claims, and in the facts', async (_, answer) => {
	const { decide } = policy(answer);
	const verdict = await decide(get(token('idp', key)));
	if (verdict.kind !== 'allow') throw new Error(verdict.kind);
	expect(verdict.upstream.set).toEqual([['x-user', 'user'], ...provided.set]);
	expect(verdict.upstream.onUnauthorized).toBe(provided.renew);
	expect(verdict.facts.backendTokenId).toBe('backend');
});

test('a request that is refused asks for none', async () => {
	const { reason, asked } = policy(() => provided);
	expect(await reason(get(token('idp', key, { aud: 'elsewhere' })))).toBe('audience_mismatch');
	expect(asked()).toBe(0);
});

test.each<[string, () => Reason | Promise<Reason>, string]>([
	['exchange_refused', () => 'exchange_refused', 'deny'],
	['backend_token_unavailable', async (): Promise<Reason> => 'backend_token_unavailable', 'fault'],
	['internal_error', () => Promise.reject(new Error('a bug')), 'fault'],
	[
		'internal_error',
		() => {
			throw new Error('a bug');
		},
		'fault',
	],
])('without one nothing is forwarded: %s', async (reason, answer, kind) => {
	const { decide } = policy(answer);
	expect(await decide(get(token('idp', key)))).toMatchObject({ kind, reason });
});

/** The third phase of a decision: when a backend token is asked for, and what becomes of the answer. */
import { expect, test } from 'vitest';
import type { BackendToken, Provided, Reason } from '#core/index';
import { definition, provider, route, rules } from '../../test/support/definition.ts';
import { testPolicy, token } from '../../test/support/policy.ts';
import { bearer, requestView } from '../../test/support/request-view.ts';
import { testKey } from '../../test/support/sign-jws.ts';
import { explain } from './explain.ts';

const key = testKey('ES256', 'provide');
const provided: Provided = {
	set: [['authorization', 'Bearer of the gateway']],
	tokenId: 'backend',
	renew: async () => undefined,
};

function policy(answer: () => Provided | Reason | Promise<Provided | Reason>, look?: BackendToken['look']) {
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
		...(look === undefined ? {} : { look }),
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

test.each<[BackendToken['look'] | undefined, string, object]>([
	[() => null, 'allow', { outcome: 'passed' }],
	[() => 'claim_missing', 'claim_missing', { outcome: 'refused', reason: 'claim_missing' }],
	// What only somebody else can tell is said to be open.
	[undefined, 'allow', { outcome: 'not_judged', found: 'is asked for with the request alone' }],
])('explain looks, and asks for none: %#', async (look, outcome, finding) => {
	const { policy: compiled, asked } = policy(() => provided, look);
	const told = await explain(compiled, get(token('idp', key)));
	expect(told).toMatchObject({ outcome });
	expect(told.findings.find(({ check }) => check === 'backend_token')).toMatchObject(finding);
	const refused = await explain(compiled, get('no token'));
	expect(refused.findings.at(-1)).toMatchObject({ check: 'backend_token', outcome: 'not_judged' });
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
	const verdict = await decide(get(token('idp', key)));
	expect(verdict).toMatchObject({ kind, reason });
	expect(verdict.facts.check).toBe(reason === 'internal_error' ? undefined : 'backend_token');
});

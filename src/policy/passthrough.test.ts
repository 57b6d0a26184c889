/** `insecure_passthrough` hands on the credential that was judged, and no other one. */
import { expect, test } from 'vitest';
import { definition, provider, route, rules } from '../../test/support/definition.ts';
import { testPolicy, token } from '../../test/support/policy.ts';
import { requestView } from '../../test/support/request-view.ts';
import { testKey } from '../../test/support/sign-jws.ts';

const key = testKey('ES256', 'passthrough');
const session = { in: 'cookie', name: 'session' } as const;
const header = { in: 'header', name: 'x-access_token' } as const;
const authorization = { in: 'header', name: 'authorization' } as const;
const passed = { backendToken: { type: 'insecure_passthrough' } } as const;

const { decide } = testPolicy(
	definition({
		providers: [provider({ name: 'a', tokenFrom: [authorization, session, header] })],
		routes: [
			route({ ...passed, name: 'cookie', path: '/cookie', rules: [rules({ provider: 'a', tokenFrom: [session] })] }),
			route({ ...passed, name: 'header', path: '/header', rules: [rules({ provider: 'a', tokenFrom: [header] })] }),
			route({ ...passed, name: 'usual', path: '/usual', rules: [rules({ provider: 'a' })] }),
		],
	}),
	{ a: [key] },
);

async function edits(target: string, ...headers: [string, string][]) {
	const verdict = await decide(requestView({ target, headers }));
	if (verdict.kind !== 'allow') throw new Error(verdict.kind);
	const { strip, cookies } = verdict.upstream;
	const stripped = ['authorization', 'dpop', 'x-access-token'].filter((name) => strip.names.has(name));
	return [...stripped, ...cookies];
}

test('what the route did not look at stays behind', async () => {
	const good = token('a', key);
	expect(await edits('/cookie', ['cookie', `session=${good}`], ['authorization', 'Bearer unjudged'])).toEqual([
		'authorization',
		'dpop',
		'x-access-token',
	]);
	expect(await edits('/header', ['x-access_token', good])).toEqual(['authorization', 'dpop', 'session']);
	expect(await edits('/usual', ['authorization', `Bearer ${good}`])).toEqual(['x-access-token', 'session']);
});

/**
 * Group C: what becomes of claims on their way to the upstream (C19–C21), in every encoding, over real sockets. U+010A
 * and U+010D are the letters whose low octets are LF and CR: a socket that writes latin1 makes line breaks of them.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectForwarded, type GuardedGateway, startGuardedGateway } from '../support/guarded-gateway.ts';
import { testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

let provider: TestProvider;
let rig: GuardedGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256', 'mapping')] });
	rig = await startGuardedGateway((upstream) => ({
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: [
			{
				path: '/tenants/{tenant}/**',
				claims_to_headers: {
					'x-plain': 'name',
					'x-string': { claim: 'name', encoding: 'string' },
					'x-json': { claim: 'name', encoding: 'base64url_json' },
					'x-roles': { claim: 'roles', join: ' ' },
					'x-first': { claim: '/realm/roles', first: true },
					'x-dotted': 'a.b',
					'x-tier': { claim: 'https://example.com/tier', default: 'free' },
					'x-tenant': { value: '{tenant}' },
					'x-source': { value: 'gateway \u010d' },
					'x-legacy-user': { drop: true },
				},
				upstream,
			},
		],
	}));
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
});

const send = (claims: Readonly<Record<string, unknown>>, headers: readonly (readonly [string, string])[] = []) =>
	rig.send({ target: '/tenants/acme/orders', token: provider.issue(claims), headers });

test.each([
	'\u010aX-Admin: 1',
	'\u010d\u010aX-Admin: 1\u010d\u010a',
	'\r\nX-Admin: 1',
	'a\u0000b',
	'"\\\r\n',
	'\u{1f600}',
])('C19, C20: the claim %j makes no line of its own, and comes back whole', async (name) => {
	const request = expectForwarded(await send({ name }));
	expect(request.values('x-admin')).toEqual([]);
	for (const value of request.lines) expect(value).toMatch(/^[\x20-\x7e]*$/);
	expect(decodeURIComponent(request.values('x-plain')[0] ?? '')).toBe(name);
	const [text = ''] = request.values('x-string');
	const shown = text.startsWith('%"')
		? decodeURIComponent(text.slice(2, -1))
		: text.slice(1, -1).replaceAll(/\\(.)/g, '$1');
	expect(shown).toBe(name);
	expect(JSON.parse(Buffer.from(request.values('x-json')[0] ?? '', 'base64url').toString())).toBe(name);
});

test('C19: constants and parameters travel, dots and URLs in a name are literal, a list is one text', async () => {
	const claims = {
		'a.b': 'literal',
		a: { b: 'nested' },
		roles: ['read', 'write'],
		realm: { roles: ['admin', 'clerk'] },
	};
	const request = expectForwarded(await send(claims));
	const value = (name: string) => request.values(name);
	expect(value('x-dotted')).toEqual(['literal']);
	expect(value('x-roles')).toEqual(['read write']);
	expect(value('x-first')).toEqual(['admin']);
	expect(value('x-tier')).toEqual(['free']);
	expect(value('x-tenant')).toEqual(['acme']);
	expect(value('x-source')).toEqual(['gateway %C4%8D']);
});

test('C20: an element that holds the separator does not become two', async () => {
	expect(expectForwarded(await send({ roles: ['clerk admin'] })).values('x-roles')).toEqual([]);
});

test('C21: what the client sends under a mapped name never arrives, whether there is a value or not', async () => {
	const own = ['x-plain', 'X_Roles', 'x-tier', 'X-Tenant', 'x-legacy-user', 'X_Legacy_User'].map(
		(name) => [name, 'forged'] as const,
	);
	const request = expectForwarded(await send({ roles: ['clerk admin'], 'https://example.com/tier': 'gold' }, own));
	expect(request.lines).not.toContain('forged');
	expect(request.values('x-tier')).toEqual(['gold']);
	expect(request.values('x-tenant')).toEqual(['acme']);
});

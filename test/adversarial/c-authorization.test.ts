/** Group C: what a genuine token may do, and what of it a backend reads (C16–C22, C28). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	type Seen,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import type { RecordedRequest } from '../support/recording-upstream.ts';
import { testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

let provider: TestProvider;
let rig: GuardedGateway;
/** Texts that are slow or wrong as regular expressions; here they are texts. */
const expressions = ['^(a+)+$', '(a|a)*b', '.*', '/admin/g', '[', '^(?:x+x+)+y$'];

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256', 'authorization')] });
	const { issuer, audience, jwksUri } = provider;
	rig = await startGuardedGateway((upstream) => ({
		limits: { headers: '256KiB', token: '200KiB' },
		providers: {
			idp: { issuer, audience },
			scp: { issuer, audience, jwks_uri: jwksUri, scope_claims: ['scp'], client_claims: ['azp'] },
		},
		routes: [
			{ name: 'read', path: '/read', providers: ['idp'], scopes: ['read'], upstream },
			{ name: 'two', path: '/two', providers: ['idp'], scopes: { all_of: ['read'], any_of: ['x', 'y'] }, upstream },
			{ name: 'scp', path: '/scp', providers: ['scp'], scopes: ['read'], clients: ['client-1'], upstream },
			{ name: 'literal', path: '/literal', providers: ['idp'], claims: { 'a.b': 'yes' }, upstream },
			{ name: 'pointer', path: '/pointer', providers: ['idp'], claims: { '/a/b': 'yes' }, upstream },
			{ name: 'clients', path: '/clients', providers: ['idp'], clients: ['client-1', 'client-2'], upstream },
			{
				name: 'headers',
				path: '/headers',
				providers: ['idp'],
				claims_to_headers: {
					'X-User-Id': 'sub',
					'x-team': 'team',
					'x-roles': '/realm_access/roles',
					'x-proto': '__proto__',
				},
				upstream,
			},
			...expressions.map((text, n) => ({
				name: `expression-${n}`,
				path: `/expression/${n}`,
				providers: ['idp'],
				claims: { note: text },
				upstream,
			})),
		],
	}));
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
});

type Claims = Readonly<Record<string, unknown>>;

const send = (target: string, claims: Claims, headers: readonly (readonly [string, string])[] = []): Promise<Seen> =>
	rig.send({ target, token: provider.issue(claims), headers });

function expectScopeRefused(seen: Seen, scope = 'read'): void {
	expectRefused(seen, '403-IS', 'scope_insufficient');
	expect(seen.response.headers.get('www-authenticate')).toContain(`scope="${scope}"`);
}

test.each([
	['scope as a text', '/read', { scope: 'read' }],
	['scope as a list', '/read', { scope: ['write', 'read'] }],
	['scp as a text', '/read', { scp: 'write read' }],
	['scp as a list', '/read', { scp: ['read'] }],
	['scope with it and scp without', '/read', { scope: 'read', scp: ['write'] }],
	['a provider whose scopes are in scp', '/scp', { scope: 'write', scp: 'read', azp: 'client-1' }],
	['all of one list and one of another', '/two', { scope: 'y read' }],
] as const)('C16: %s passes', async (_, target, claims) => {
	expectForwarded(await send(target, claims));
});

test.each([
	['neither', {}],
	['scp with it and scope without: scope comes first', { scope: 'write', scp: ['read'] }],
	['scp with it and an empty scope', { scope: '', scp: 'read' }],
	['scp with it and a scope of null', { scope: null, scp: 'read' }],
	['scope as an object', { scope: { read: true } }],
	['scope as a number', { scope: 1 }],
	['scope as a list of lists', { scope: [['read']] }],
	['a list whose element is two scopes', { scope: ['read write'] }],
	['roles, which are no scopes here', { roles: ['read'] }],
])('C16: %s', async (_, claims) => {
	expectScopeRefused(await send('/read', claims));
});

test('C16: a provider whose scopes are in scp does not read scope', async () => {
	expectScopeRefused(await send('/scp', { scope: 'read', azp: 'client-1' }));
});

test('C16: the challenge names every scope that the route looks for', async () => {
	expectScopeRefused(await send('/two', { scope: 'read' }), 'read x y');
	expectScopeRefused(await send('/two', { scope: 'x y' }), 'read x y');
});

test.each([
	'read:all',
	'readonly',
	'READ',
	'Read',
	'read,write',
	'read\u00a0x',
	'read\tx',
	'read\nx',
	'read\u0000',
	'read;',
	'"read"',
	're ad',
	'rea\u0434',
	'read%20x',
	'read+x',
	'*',
	'',
	' ',
])('C17: scope %j', async (scope) => {
	expectScopeRefused(await send('/read', { scope }));
	expectScopeRefused(await send('/read', { scp: [scope] }));
});

test.each(['read', 'write read', 'read write', ' read ', 'write  read'])('C17: scope %j passes', async (scope) => {
	expectForwarded(await send('/read', { scope }));
});

const flat = { 'a.b': 'yes' };
const nested = { a: { b: 'yes' } };

test('C18: a name with a dot is that name, a pointer reaches into the claim, and neither is the other', async () => {
	expectForwarded(await send('/literal', flat));
	expectForwarded(await send('/pointer', nested));
	expectRefused(await send('/literal', nested), '403', 'claim_missing');
	expectRefused(await send('/pointer', flat), '403', 'claim_missing');
	expectRefused(await send('/pointer', { '/a/b': 'yes' }), '403', 'claim_missing');
	expectRefused(await send('/literal', { ...nested, 'a.b': 'no' }), '403', 'claim_mismatch');
	expectRefused(await send('/pointer', { ...flat, a: { b: 'no' } }), '403', 'claim_mismatch');
	expectForwarded(await send('/literal', { ...flat, a: { b: 'no' } }));
});

test('C18: a pointer does not reach what an object inherits, or the characters of a text', async () => {
	for (const a of ['yes', ['yes'], null, {}, { constructor: { b: 'yes' } }, { __proto__: { b: 'yes' } }]) {
		expectRefused(await send('/pointer', { a }), '403', 'claim_missing');
	}
});

/** The field lines that reached the upstream, and the values of those that the configuration writes. */
function written(seen: Seen): Readonly<Record<'user' | 'team' | 'roles' | 'proto', readonly string[]>> {
	const request: RecordedRequest = expectForwarded(seen);
	expect(request.values('x-admin')).toEqual([]);
	for (const line of request.lines) expect(line).toMatch(/^[\x20-\x7e]*$/);
	return {
		user: request.values('x-user-id'),
		team: request.values('x-team'),
		roles: request.values('x-roles'),
		proto: request.values('x-proto'),
	};
}

test.each([
	['a line break and a field', 'u\r\nX-Admin: 1', 'u%0D%0AX-Admin: 1'],
	['LF alone', 'u\nX-Admin: 1', 'u%0AX-Admin: 1'],
	['CR alone', 'u\rX-Admin: 1', 'u%0DX-Admin: 1'],
	['two line breaks and a request', 'u\r\n\r\nGET /admin HTTP/1.1', 'u%0D%0A%0D%0AGET /admin HTTP/1.1'],
	['characters that are CR and LF when cut to an octet', 'u\u010d\u010aX-Admin: 1', 'u%C4%8D%C4%8AX-Admin: 1'],
	['a line separator', 'u\u2028X-Admin: 1', 'u%E2%80%A8X-Admin: 1'],
	['NEL', 'u\u0085X-Admin: 1', 'u%C2%85X-Admin: 1'],
	['NUL', 'u\u0000X', 'u%00X'],
	['what is encoded already', 'u%0D%0AX-Admin: 1', 'u%250D%250AX-Admin: 1'],
	['spaces around it', ' u ', '%20u%20'],
])('C20: a claim with %s', async (_, sub, encoded) => {
	const seen = await send('/headers', { sub, team: [sub, 'b'], realm_access: { roles: { [sub]: sub } } });
	const { user, team, roles } = written(seen);
	expect(user).toEqual([encoded]);
	expect(team).toEqual([`${encoded},b`]);
	expect(JSON.parse(roles[0] ?? '')).toEqual({ [sub]: sub });
	// One record, one line.
	expect(JSON.stringify(seen.record)).not.toMatch(/[\u0000-\u001f]/);
});

test('C20: a comma in an element of a list does not make two elements', async () => {
	expect(written(await send('/headers', { team: ['a,admin', 'b'] })).team).toEqual(['a%2Cadmin,b']);
});

test.each(['X-User-Id', 'x-user-id', 'X_USER_ID', 'x-user_id', 'X-Team', 'x_team', 'X-Roles', 'X-Proto'])(
	'C21: the token lacks the claim, and the client sends %s itself',
	async (name) => {
		const claims = { sub: undefined, scope: undefined };
		const seen = await send('/headers', claims, [
			[name, 'admin'],
			[name, 'root'],
		]);
		expect(written(seen)).toEqual({ user: [], team: [], roles: [], proto: [] });
		expect(expectForwarded(seen).lines.join('\n')).not.toMatch(/admin|root/);
	},
);

test('C21: the token has the claim, and the client sends the header too', async () => {
	const seen = await send('/headers', { sub: 'user-1', team: null }, [
		['X-User-Id', 'admin'],
		['X-Team', 'admin'],
	]);
	expect(written(seen)).toEqual({ user: ['user-1'], team: [], roles: [], proto: [] });
});

test('C21: a value that is too long for a header is left out, not cut', async () => {
	const roles = Array.from({ length: 1000 }, (_, n) => `role-${n}`);
	const seen = await send('/headers', { realm_access: { roles } }, [['X-Roles', 'admin']]);
	expect(written(seen)).toEqual({ user: ['user-1'], team: [], roles: [], proto: [] });
});

test.each([
	['client_id', { client_id: 'client-2' }],
	['azp', { client_id: undefined, azp: 'client-1' }],
	['appid', { client_id: undefined, appid: 'client-1' }],
])('C22: %s in the list', async (_, claims) => {
	expectForwarded(await send('/clients', claims));
});

test.each([
	['another client_id', { client_id: 'client-3' }],
	['another azp', { client_id: undefined, azp: 'client-3' }],
	['another appid', { client_id: undefined, appid: 'client-3' }],
	['none of them', { client_id: undefined }],
	['a good azp beside another client_id', { client_id: 'client-3', azp: 'client-1' }],
	['a good appid beside another azp', { client_id: undefined, azp: 'client-3', appid: 'client-1' }],
	['an empty client_id beside a good azp', { client_id: '', azp: 'client-1' }],
	['capitals', { client_id: 'CLIENT-1' }],
	['two in one text', { client_id: 'client-1 client-2' }],
	['a part of one', { client_id: 'client-' }],
	['a client as the subject', { client_id: undefined, sub: 'client-1' }],
])('C22: %s', async (_, claims) => {
	expectRefused(await send('/clients', claims), '403', 'client_not_allowed');
});

test.each([['client-1'], { id: 'client-1' }, null, 1])('C22: client_id is %j', async (client) => {
	expectRefused(await send('/clients', { client_id: client }), '401-IT', 'token_malformed');
});

test('C22: a provider that names its client in azp alone', async () => {
	expectForwarded(await send('/scp', { scp: 'read', client_id: 'client-3', azp: 'client-1' }));
	expectRefused(await send('/scp', { scp: 'read', client_id: 'client-1' }), '403', 'client_not_allowed');
});

test.each(expressions.map((text, n) => [text, `/expression/${n}`] as const))(
	'C28: %s as the value of a claim is a text, the same one each time',
	async (text, target) => {
		for (let time = 0; time < 3; time++) {
			expectForwarded(await send(target, { note: text }));
			expectRefused(await send(target, { note: 'admin' }), '403', 'claim_mismatch');
			expectRefused(await send(target, { note: 'aaaa' }), '403', 'claim_mismatch');
		}
	},
);

test('C28: a claim of 100 KiB against each of them, seen first and seen before', async () => {
	const token = provider.issue({ note: `${'a'.repeat(102_400)}!`, list: Array.from({ length: 2000 }, () => 'a') });
	for (const n of [...expressions.keys(), ...expressions.keys()]) {
		const seen = await rig.send({ target: `/expression/${n}`, token });
		expectRefused(seen, '403', 'claim_mismatch');
		// What was found is named in the record, and only its beginning.
		expect(JSON.stringify(seen.record).length).toBeLessThan(2000);
	}
});

import { describe, expect, test } from 'vitest';
import { definition, provider, route, rules } from '../../test/support/definition.ts';
import { testPolicy, token } from '../../test/support/policy.ts';
import { bearer, requestView } from '../../test/support/request-view.ts';
import { alter, testKey } from '../../test/support/sign-jws.ts';

const key = testKey('ES256', 'decide');
const other = testKey('ES256', 'decide-other');

function policy(parts: Partial<ReturnType<typeof rules>> = {}, more: Partial<Parameters<typeof provider>[0]> = {}) {
	return testPolicy(
		definition({
			providers: [provider({ name: 'idp', ...more })],
			routes: [
				route({
					name: 'guarded',
					path: '/orders/{tenant}',
					methods: ['GET', 'HEAD'],
					rules: [rules({ provider: 'idp', ...parts })],
				}),
				route({ name: 'open', path: '/health', public: true }),
			],
		}),
		{ idp: [key] },
	);
}

const get = (jwt: string, target = '/orders/acme') => requestView({ target, headers: [bearer(jwt)] });

test('a genuine token that satisfies the route is allowed, and remembered', async () => {
	const { decide } = policy();
	const first = await decide(get(token('idp', key)));
	expect(first.kind).toBe('allow');
	expect(first.facts.cached).toBe(false);
	const second = await decide(get(token('idp', key)));
	// ES256 signatures differ each time: this is another token of the same claims.
	expect(second.facts.cached).toBe(false);
	const same = token('idp', key);
	await decide(get(same));
	expect((await decide(get(same))).facts.cached).toBe(true);
});

test('what is known of an allowed request, which may last for hours, holds no octets of its token', async () => {
	const { decide } = policy();
	const { kind, facts } = await decide(get(token('idp', key)));
	const held: Uint8Array[] = [];
	const seen = new Set<unknown>('request' in facts ? [facts.request] : []);
	const search = (value: unknown): void => {
		if (typeof value !== 'object' || value === null || seen.has(value)) return;
		seen.add(value);
		if (value instanceof Uint8Array) held.push(value);
		else for (const part of Object.values(value)) search(part);
	};
	search(facts);
	expect([kind, held.filter(({ buffer }) => buffer.byteLength > 0)]).toEqual(['allow', []]);
});

test('a token that is known to be genuine is decided without waiting', async () => {
	const { policy: compiled, decide } = policy();
	const jwt = token('idp', key);
	await decide(get(jwt));
	const { createDecide } = await import('./decide.ts');
	expect(createDecide(compiled)(get(jwt))).not.toBeInstanceOf(Promise);
});

test('a tunnel ends with its token; a response only where the route says so', async () => {
	const until = async (endAtExpiry: 'tunnels' | 'all') => {
		const { decide } = testPolicy(
			definition({
				providers: [provider({ name: 'idp' })],
				routes: [route({ name: 'all', path: '/**', rules: [rules({ provider: 'idp' })], endAtExpiry })],
			}),
			{ idp: [key] },
		);
		const verdict = await decide(get(token('idp', key)));
		return verdict.kind === 'allow' ? [verdict.until, verdict.responseUntil] : [];
	};
	const [ends = 0, never] = await until('tunnels');
	expect([Number.isFinite(ends), never]).toEqual([true, Number.POSITIVE_INFINITY]);
	expect(await until('all')).toEqual([ends, ends]);
});

describe('one refusal, one reason', () => {
	const now = Date.UTC(2026, 0, 1) / 1000;
	test.each<[string, string, Partial<ReturnType<typeof rules>>]>([
		['token_malformed', 'a.b', {}],
		['token_malformed', token('idp', key, { exp: 'tomorrow' }), {}],
		['token_malformed', token('idp', key, { exp: undefined }), {}],
		['issuer_unknown', token('other', key), {}],
		['algorithm_rejected', token('idp', key, {}, { alg: 'none' }), {}],
		['algorithm_rejected', token('idp', key, {}, { alg: 'RS256' }), {}],
		['key_unknown', token('idp', key, {}, { kid: 'nobody' }), {}],
		['key_unknown', token('idp', key, {}, { kid: '__proto__' }), {}],
		['signature_invalid', alter(token('idp', key), 2), {}],
		['signature_invalid', token('idp', other, {}, { kid: key.kid }), {}],
		['token_type_rejected', token('idp', key, {}, { typ: 'dpop+jwt' }), {}],
		['token_type_rejected', token('idp', key, { at_hash: 'x' }, { typ: 'JWT' }), {}],
		['token_expired', token('idp', key, { exp: now }), {}],
		['token_not_yet_valid', token('idp', key, { nbf: now + 60 }), {}],
		['token_not_yet_valid', token('idp', key, { iat: now + 60 }), {}],
		['token_lifetime_exceeded', token('idp', key), { maxLifetime: 60 }],
		['token_lifetime_exceeded', token('idp', key, { iat: now - 100, exp: now + 20 }), { maxAge: 60 }],
		['token_lifetime_exceeded', token('idp', key, { iat: undefined }), { maxLifetime: 600 }],
		['binding_missing', token('idp', key, { cnf: { jkt: 'x' } }), {}],
		['binding_missing', token('idp', key, { cnf: null }), {}],
		['binding_missing', token('idp', key), { binding: 'dpop' }],
		['audience_mismatch', token('idp', key, { aud: 'https://api.example.com/' }), {}],
		['audience_mismatch', token('idp', key), { audience: ['https://{tenant}.example.com'] }],
		['client_not_allowed', token('idp', key), { clients: ['web'] }],
		['scope_insufficient', token('idp', key, { scope: 'read:all' }), { scopes: { allOf: ['read'], anyOf: [] } }],
		['claim_missing', token('idp', key), { claims: [{ claim: 'role', test: { kind: 'equals', value: 'x' } }] }],
		[
			'claim_mismatch',
			token('idp', key, { role: 'y' }),
			{ claims: [{ claim: 'role', test: { kind: 'equals', value: 'x' } }] },
		],
		['authentication_insufficient', token('idp', key), { authentication: { acrValues: ['gold'], maxAge: undefined } }],
	])('%s', async (reason, jwt, parts) => {
		const { decide } = policy(parts);
		const verdict = await decide(get(jwt));
		expect(verdict).toMatchObject({ kind: 'deny', reason });
		expect(verdict.facts.check, 'the refusing check is named').toBeDefined();
		expect(`${verdict.facts.expected}${verdict.facts.found}`).not.toContain(jwt);
	});
});

describe('claims', () => {
	const claims = {
		'a.b': 'literal',
		'https://example.com/roles': ['clinician', 'nurse'],
		realm_access: { groups: ['acme', 'staff'], level: 3 },
	};
	test.each<[string, string, NonNullable<Parameters<typeof rules>[0]['claims']>[number]]>([
		['allow', 'a literal dotted name', { claim: 'a.b', test: { kind: 'equals', value: 'literal' } }],
		['claim_missing', 'a dotted name is no path', { claim: 'realm_access.level', test: { kind: 'equals', value: 3 } }],
		['allow', 'a pointer', { claim: '/realm_access/level', test: { kind: 'equals', value: 3 } }],
		[
			'claim_mismatch',
			'types are not converted',
			{ claim: '/realm_access/level', test: { kind: 'equals', value: '3' } },
		],
		['allow', 'a list contains', { claim: 'https://example.com/roles', test: { kind: 'equals', value: 'nurse' } }],
		['allow', 'any of', { claim: 'https://example.com/roles', test: { kind: 'any_of', values: ['x', 'nurse'] } }],
		[
			'claim_mismatch',
			'all of',
			{ claim: 'https://example.com/roles', test: { kind: 'all_of', values: ['x', 'nurse'] } },
		],
		[
			'allow',
			'a parameter',
			{ claim: '/realm_access/groups', test: { kind: 'all_of', values: ['{tenant}', 'staff'] } },
		],
		['claim_missing', 'an inherited member', { claim: 'constructor', test: { kind: 'equals', value: 'x' } }],
	])('%s: %s', async (expected, _, rule) => {
		expect(await policy({ claims: [rule] }).reason(get(token('idp', key, claims)))).toBe(expected);
	});
});

describe('scopes', () => {
	const wants = { scopes: { allOf: ['read'], anyOf: [] } };
	test.each<[string, Record<string, unknown>]>([
		['allow', { scope: 'write read' }],
		['allow', { scp: ['read'] }],
		['allow', { scp: 'read' }],
		['scope_insufficient', { scope: 'write', scp: 'read' }],
		['scope_insufficient', { scope: 'READ' }],
		['scope_insufficient', { scope: 'read,write' }],
		['scope_insufficient', { scope: 'read\tx' }],
		['scope_insufficient', { scope: 'read\u00a0x' }],
		['scope_insufficient', { scope: 5 }],
	])('%s: %o', async (expected, claims) => {
		expect(await policy(wants).reason(get(token('idp', key, claims)))).toBe(expected);
	});

	test('the challenge names what is needed, parameters filled in', async () => {
		const { decide } = policy({ scopes: { allOf: ['orders:{tenant}'], anyOf: ['a', 'b'] } });
		expect((await decide(get(token('idp', key)))).facts.challenge?.scope).toBe('orders:acme a b');
	});
});

describe('time', () => {
	test('a token is refused at exp, remembered or not', async () => {
		const { reason, clock } = policy();
		const jwt = token('idp', key);
		expect(await reason(get(jwt))).toBe('allow');
		clock.advance(299);
		expect(await reason(get(jwt))).toBe('allow');
		clock.advance(1);
		expect(await reason(get(jwt))).toBe('token_expired');
	});

	test('a wall clock that goes back does not revive a remembered token, one that goes forward ends it', async () => {
		const { reason, clock } = policy();
		const jwt = token('idp', key, { nbf: undefined, iat: undefined });
		expect(await reason(get(jwt))).toBe('allow');
		clock.jump(3600);
		expect(await reason(get(jwt))).toBe('token_expired');
		clock.jump(-3600);
		expect(await reason(get(jwt))).toBe('allow');
		clock.advance(301);
		clock.jump(-3600);
		expect(await reason(get(jwt))).toBe('token_expired');
	});

	test('skew works both ways', async () => {
		const { reason, clock } = policy({}, { clockSkew: 10 });
		const jwt = token('idp', key);
		clock.advance(309);
		expect(await reason(get(jwt))).toBe('allow');
		clock.advance(1);
		expect(await reason(get(jwt))).toBe('token_expired');
	});
});

describe('what the cache of genuine tokens may answer', () => {
	test('a retired key ends the tokens that it verified', async () => {
		const { policy: compiled, reason, decide } = policy();
		const jwt = token('idp', key);
		const verdict = await decide(get(jwt));
		expect((await decide(get(jwt))).facts.cached).toBe(true);
		const { facts } = await import('../../test/support/policy.ts');
		const { voucher } = facts(verdict);
		if (voucher === undefined) throw new Error('nobody vouches for it');
		voucher.retired = true;
		expect((await decide(get(jwt))).facts.cached).toBe(false);
		expect(compiled.genuine.size).toBe(1);
		expect(await reason(get(jwt))).toBe('allow');
	});

	test('bad tokens leave nothing behind', async () => {
		const { policy: compiled, reason } = policy();
		for (let i = 0; i < 50; i++) await reason(get(`${token('idp', key).slice(0, -4)}AAA${'AQgw'[i % 4]}`));
		expect(compiled.genuine.size).toBe(0);
	});

	test('another place is another question: the same token from a cookie is not accepted by a header route', async () => {
		const cookie = { in: 'cookie', name: 'at' } as const;
		const header = { in: 'header', name: 'authorization' } as const;
		const { reason } = testPolicy(
			definition({
				providers: [provider({ name: 'idp' })],
				routes: [
					route({ name: 'c', path: '/c', rules: [rules({ provider: 'idp', tokenFrom: [cookie] })] }),
					route({ name: 'h', path: '/h', rules: [rules({ provider: 'idp', tokenFrom: [header] })] }),
				],
			}),
			{ idp: [key] },
		);
		const jwt = token('idp', key);
		expect(await reason(requestView({ target: '/c', headers: [['cookie', `at=${jwt}`]] }))).toBe('allow');
		expect(await reason(requestView({ target: '/h', headers: [['cookie', `at=${jwt}`]] }))).toBe('credential_missing');
	});
});

describe('credentials', () => {
	const jwt = token('idp', key);
	test.each<[string, readonly (readonly [string, string])[]]>([
		['credential_missing', []],
		['scheme_unsupported', [['authorization', 'Basic dTpw']]],
		['binding_missing', [['authorization', `DPoP ${jwt}`]]],
		['credential_malformed', [['authorization', 'Bearer']]],
		['credential_malformed', [['authorization', 'Bearer a b']]],
		['credential_malformed', [['authorization', `Bearer "${jwt}"`]]],
		['credential_malformed', [['authorization', `Bearer ${jwt}, Bearer ${jwt}`]]],
		['credential_repeated', [bearer(jwt), bearer(jwt)]],
		['token_malformed', [bearer('a'.repeat(20_000))]],
		['allow', [['authorization', `bEaReR ${jwt}`]]],
	])('%s', async (expected, headers) => {
		expect(await policy().reason(requestView({ target: '/orders/acme', headers }))).toBe(expected);
	});

	test('a token in the header and one in the query is one too many', async () => {
		expect(await policy().reason(get(jwt, `/orders/acme?access_token=${jwt}`))).toBe('credential_repeated');
		expect(await policy().reason(requestView({ target: `/orders/acme?access_token=${jwt}` }))).toBe(
			'credential_missing',
		);
	});
});

test('a public route looks at no credential', async () => {
	const verdict = await policy().decide(requestView({ target: '/health', headers: [bearer('rubbish rubbish')] }));
	expect(verdict).toMatchObject({ kind: 'allow', principal: null });
});

test('an exception inside is a fault, never an allow', async () => {
	const broken = requestView({ target: '/orders/acme' });
	const verdict = await policy().decide({
		...broken,
		headerCount() {
			throw new Error('boom');
		},
	});
	expect(verdict).toMatchObject({ kind: 'fault', reason: 'internal_error' });
});

describe('CORS', () => {
	const cors = {
		origins: ['https://app.example.com'],
		methods: ['GET'],
		headers: ['authorization'],
		exposeHeaders: ['www-authenticate'],
		credentials: false,
		maxAge: 600,
	};
	const { decide } = testPolicy(
		definition({
			cors,
			providers: [provider({ name: 'idp' })],
			routes: [route({ name: 'r', path: '/r', methods: ['GET'], rules: [rules({ provider: 'idp' })] })],
		}),
		{ idp: [key] },
	);
	const preflight = (origin: string) =>
		requestView({
			method: 'OPTIONS',
			target: '/r',
			headers: [
				['origin', origin],
				['access-control-request-method', 'GET'],
			],
		});

	test('a preflight is answered by the policy of the route it asks about', async () => {
		const verdict = await decide(preflight('https://app.example.com'));
		expect(verdict).toMatchObject({ kind: 'answer', status: 204 });
		if (verdict.kind === 'answer')
			expect(Object.fromEntries(verdict.headers)).toMatchObject({
				'access-control-allow-origin': 'https://app.example.com',
			});
	});

	test.each(['null', 'https://evil.example.com', 'https://app.example.com.evil.example'])(
		'%s gets no allowance',
		async (origin) => {
			const verdict = await decide(preflight(origin));
			if (verdict.kind !== 'answer') throw new Error(verdict.kind);
			expect(verdict.headers.map(([name]) => name)).toEqual(['vary']);
		},
	);

	test('a refusal can be read by the page that caused it', async () => {
		const verdict = await decide(requestView({ target: '/r', headers: [['origin', 'https://app.example.com']] }));
		if (verdict.kind !== 'deny') throw new Error(verdict.kind);
		expect(Object.fromEntries(verdict.override?.headers ?? [])['access-control-allow-origin']).toBe(
			'https://app.example.com',
		);
	});
});

test('parameters after ; cannot carry a request past a guarded route', async () => {
	const { reason } = testPolicy(
		definition({
			providers: [provider({ name: 'idp' })],
			routes: [
				route({ name: 'guarded', path: '/admin/**', rules: [rules({ provider: 'idp' })] }),
				route({ name: 'open', path: '/**', public: true }),
			],
		}),
		{ idp: [key] },
	);
	expect(await reason(requestView({ target: '/admin;x/users' }))).toBe('path_ambiguous');
	expect(await reason(requestView({ target: '/admin/users;x' }))).toBe('credential_missing');
	expect(await reason(requestView({ target: '/other;x/y' }))).toBe('allow');
});

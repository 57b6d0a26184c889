/**
 * Group C and M for minted tokens: what becomes of claims, spoofed headers and tokens that count no more, over real
 * sockets. U+010A and U+010D are the letters whose low octets are LF and CR.
 */
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../support/fake-runtime.ts';
import {
	expectNoTrace,
	expectRefused,
	type GuardedGateway,
	type Seen,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { startIntrospectionServer } from '../support/introspection-server.ts';
import { testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

const issuer = 'https://gateway.example.com';
let provider: TestProvider;
let rig: GuardedGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256', 'minted-adversarial')] });
	rig = await startGuardedGateway((upstream) => ({
		admin: { listen: '127.0.0.1:0', insecure_changes: true },
		store: { type: 'memory' },
		minting: { issuer, publish_on: 'both' },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' } },
		routes: [
			{
				path: '/tenants/{tenant}/**',
				upstream,
				backend_token: {
					type: 'mint',
					audience: 'orders-{tenant}',
					claims: {
						name: 'name',
						scope: 'scope',
						roles: { claim: 'roles', join: ' ' },
						dotted: 'a.b',
						'https://example.com/tier': { claim: '/x/tier', default: 'free' },
						tenant: { value: '{tenant}' },
						__proto__x: { value: 'own' },
						legacy: { drop: true },
					},
				},
			},
			{ path: '/own', upstream, backend_token: { type: 'mint', audience: 'own', header: 'X-Gateway-Token' } },
			{ path: '/narrow', upstream, scopes: ['admin'], backend_token: { type: 'mint', audience: 'narrow' } },
			{ path: '/plain', upstream },
			{ path: '/public', public: true, upstream },
		],
	}));
});
afterAll(async () => {
	await rig.stop();
	await provider.stop();
});

async function keySet(gateway: GuardedGateway = rig): Promise<JSONWebKeySet> {
	const response = await fetch(`${gateway.gateway.gateway.adminUrl}/.well-known/jwks.json`);
	return (await response.json()) as JSONWebKeySet;
}

function tokenOf({ response, forwarded }: Seen, field = 'authorization'): string {
	expect(response.status).toBe(200);
	const values = forwarded[0]?.values(field) ?? [];
	expect(values).toHaveLength(1);
	return (values[0] ?? '').replace(/^Bearer /, '');
}

/** What the backend reads, with a library of its own. */
async function read(seen: Seen, audience: string, field?: string): Promise<JWTPayload> {
	const token = tokenOf(seen, field);
	const { payload } = await jwtVerify(token, createLocalJWKSet(await keySet()), { issuer, audience, typ: 'at+jwt' });
	return payload;
}

const acme = (claims: Readonly<Record<string, unknown>>, more: Partial<Parameters<GuardedGateway['send']>[0]> = {}) =>
	rig.send({ target: '/tenants/acme/orders', token: provider.issue(claims), ...more });

test.each(['\u010aX-Admin: 1', '\r\nX-Admin: 1', 'a\u0000b', '"\\', '\ud83d\ude00'])(
	'C19, C20: the claim %j comes back whole from the minted token, and makes no line of its own',
	async (name) => {
		const seen = await acme({ name });
		const [request] = seen.forwarded;
		expect(request?.values('x-admin')).toEqual([]);
		for (const value of request?.lines ?? []) expect(value).toMatch(/^[\x20-\x7e]*$/);
		expect((await read(seen, 'orders-acme'))['name']).toBe(name);
	},
);

test('C19: what is not mapped does not travel; names are literal, lists one text, defaults and parameters filled in', async () => {
	const seen = await acme({
		email: 'alice@example.com',
		roles: ['read', 'write'],
		'a.b': 'literal',
		a: { b: 'nested' },
		x: { tier: 'gold' },
		legacy: 'old',
		cnf_note: 'x',
	});
	const { iat, exp, jti, ...claims } = await read(seen, 'orders-acme');
	expect([typeof iat, typeof exp, typeof jti]).toEqual(['number', 'number', 'string']);
	expect(claims).toEqual({
		iss: issuer,
		sub: 'user-1',
		aud: 'orders-acme',
		client_id: 'client-1',
		roles: 'read write',
		dotted: 'literal',
		'https://example.com/tier': 'gold',
		tenant: 'acme',
		__proto__x: 'own',
	});
	// A list that another reading would split otherwise is no text at all.
	expect(await read(await acme({ roles: ['a b', 'c'] }), 'orders-acme')).not.toHaveProperty('roles');
});

test('C21, M11, M12: nobody but the gateway sets the field, in any spelling, on any route', async () => {
	const token = provider.issue();
	const spoofed = ['X-Gateway-Token', 'x_gateway_token', 'x-gateway.token'].map((name) => [name, 'spoofed'] as const);
	for (const target of ['/plain', '/public', '/own']) {
		const seen = await rig.send({ target, ...(target === '/public' ? {} : { token }), headers: spoofed });
		const text = seen.forwarded[0]?.lines.join('\n') ?? '';
		expect(text).not.toContain('spoofed');
		if (target === '/own') expect((await read(seen, 'own', 'x-gateway-token')).sub).toBe('user-1');
		expect(seen.forwarded[0]?.values('authorization')).toEqual([]);
	}
});

test('the client’s token is nowhere, the minted one with nobody but the upstream; the record ties them together', async () => {
	const token = provider.issue({ scope: 'read' });
	const seen = await acme({}, { token });
	expectNoTrace(token, seen, rig.gateway);
	const minted = tokenOf(seen);
	const elsewhere = [seen.response.head, seen.response.body, JSON.stringify(rig.gateway.records), ...rig.gateway.log];
	for (const part of minted.split('.')) for (const place of elsewhere) expect(place).not.toContain(part);
	expect(seen.record.backend_token_id).toMatch(/^[\w-]{22}$/);
	expect(seen.record.backend_token_id).not.toBe(seen.record.token_id);
	// The same once more: the same minted token, and the same name for it.
	const again = await acme({}, { token });
	expect(tokenOf(again)).toBe(minted);
	expect(again.record.backend_token_id).toBe(seen.record.backend_token_id);
});

test('two tokens of one subject, two paths, two routes: each its own', async () => {
	const [reads, writes] = [provider.issue({ scope: 'read' }), provider.issue({ scope: 'read write' })];
	for (let round = 0; round < 2; round++) {
		for (const [token, scope] of [
			[reads, 'read'],
			[writes, 'read write'],
		] as const) {
			for (const tenant of ['acme', 'other']) {
				const seen = await rig.send({ target: `/tenants/${tenant}/x`, token });
				expect(await read(seen, `orders-${tenant}`)).toMatchObject({ scope, tenant });
			}
			expect(await read(await rig.send({ target: '/own', token }), 'own', 'x-gateway-token')).not.toHaveProperty(
				'scope',
			);
		}
	}
	// What one route gives says nothing about another one.
	expectRefused(await rig.send({ target: '/narrow', token: reads }), '403-IS', 'scope_insufficient');
});

test('a token that is revoked gets no minted token, although one is kept for it', async () => {
	const token = provider.issue({ jti: 'revoked-later' });
	tokenOf(await acme({}, { token }));
	const response = await fetch(`${rig.gateway.gateway.adminUrl}/revocations`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ jti: 'revoked-later' }),
	});
	expect(response.status).toBe(201);
	expectRefused(await acme({}, { token }), '401-IT', 'token_revoked');
});

test('a minted token ends with the client’s, and an expired one gets none, within the clock skew either', async () => {
	const clock = fakeClock();
	clock.jump(Date.now() - clock.now());
	const short = await startGuardedGateway(
		(upstream) => ({
			minting: { issuer },
			providers: { idp: { issuer: provider.issuer, audience: provider.audience, clock_skew: '10s' } },
			routes: [{ path: '/**', upstream, backend_token: { type: 'mint', audience: 'orders', lifetime: '1h' } }],
		}),
		{ runtime: { clock } },
	);
	onTestFinished(() => short.stop());
	const token = provider.issue({}, { lifetime: 60 });
	const exp = (text: string) => JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()).exp as number;
	const minted = tokenOf(await short.send({ token }));
	expect(exp(minted)).toBe(exp(token));
	clock.advance(55_000);
	expect(tokenOf(await short.send({ token }))).toBe(minted);
	clock.advance(8_000);
	expectRefused(await short.send({ token }), '401-IT', 'token_expired');
	clock.advance(60_000);
	expectRefused(await short.send({ token }), '401-IT', 'token_expired');
});

test('a phantom token: opaque in, JWT out; and none once its server says that it is inactive', async () => {
	const server = await startIntrospectionServer();
	onTestFinished(() => server.stop());
	const phantom = await startGuardedGateway((upstream) => ({
		admin: { listen: '127.0.0.1:0' },
		minting: { issuer, publish_on: 'admin' },
		providers: {
			legacy: {
				issuer: server.issuer,
				tokens: ['opaque'],
				introspection_endpoint: server.endpoint,
				client: { id: 'gateway', secret: 'a secret of the gateway' },
				introspection: { cache: '0s' },
				audience: 'https://api.example.com',
			},
		},
		routes: [
			{ path: '/**', upstream, backend_token: { type: 'mint', audience: 'orders', claims: { scope: 'scope' } } },
		],
	}));
	onTestFinished(() => phantom.stop());
	const token = 'an-opaque-token-of-some-length';
	const seen = await phantom.send({ token });
	expectNoTrace(token, seen, phantom.gateway);
	const minted = tokenOf(seen);
	const { payload } = await jwtVerify(minted, createLocalJWKSet(await keySet(phantom)), { issuer, audience: 'orders' });
	expect(payload).toMatchObject({ sub: 'user-1', client_id: 'client-1', scope: 'read' });
	// Asked again, and told the same: no other signature. Told something else: another token at once.
	expect(tokenOf(await phantom.send({ token }))).toBe(minted);
	server.answer(server.active({ scope: 'read write' }));
	const wider = tokenOf(await phantom.send({ token }));
	expect(JSON.parse(Buffer.from(wider.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
		scope: 'read write',
	});
	server.answer({ body: { active: false } });
	expectRefused(await phantom.send({ token }), '401-IT', 'token_inactive');
});

test('keys of the configuration sign too: PEM, first of several, and a bad one is told without a word of it', async () => {
	const [first, second] = [testKey('ES256', 'one'), testKey('RS256', 'two')];
	const pem = (key: typeof first) => key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
	const config = (keys: readonly Record<string, string>[]) => (upstream: string) => ({
		admin: { listen: '127.0.0.1:0' },
		minting: { issuer, publish_on: 'admin', keys },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: [{ path: '/**', upstream, backend_token: { type: 'mint', audience: 'orders' } }],
	});
	const given = await startGuardedGateway(config([{ file: 'a.pem', kid: 'a' }, { file: 'b.pem' }]), {
		files: { 'a.pem': pem(second), 'b.pem': pem(first) },
	});
	onTestFinished(() => given.stop());
	const minted = tokenOf(await given.send({ token: provider.issue() }));
	expect(decodeProtectedHeader(minted)).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: 'a' });
	const set = await keySet(given);
	expect(set.keys).toHaveLength(2);
	await jwtVerify(minted, createLocalJWKSet(set), { issuer, audience: 'orders' });
	const broken = pem(first).replace(/[A-Za-z0-9]{20}/, '');
	const refused = startGuardedGateway(config([{ file: 'c.pem' }]), { files: { 'c.pem': broken } });
	await expect(refused).rejects.toThrow(/minting\.keys\[0\]: the PEM block does not hold a private key/);
	await refused.catch((error: unknown) => expect(String(error)).not.toContain(broken.slice(40, 60)));
});

/** Token exchange against oidc-provider: what the upstream sees, how often the server is asked, whose token is whose. */
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type ExchangeServer, frontAudience, startExchangeServer } from './support/exchange-server.ts';
import {
	expectNoTrace,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	startGuardedGateway,
} from './support/guarded-gateway.ts';
import { exchange } from './support/raw-client.ts';

const secret = 'a secret of the gateway, 32 bytes';
let server: ExchangeServer;
let rig: GuardedGateway;

beforeAll(async () => {
	server = await startExchangeServer({ secret });
	rig = await startGuardedGateway((upstream) => ({
		providers: { idp: { issuer: server.issuer, audience: frontAudience, client: { id: 'gateway', secret } } },
		routes: [
			{
				path: '/orders',
				upstream,
				scopes: ['read'],
				backend_token: { type: 'exchange', audience: 'orders', scope: ['orders:read'], timeout: '20s' },
			},
			{ path: '/tenants/{tenant}', upstream, backend_token: { type: 'exchange', audience: 'orders-{tenant}' } },
			{ path: '/billing', upstream, backend_token: { type: 'exchange', audience: 'billing' } },
			{ path: '/own', upstream, backend_token: { type: 'exchange', audience: 'orders', header: 'X-Service-Token' } },
			{ path: '/plain', upstream },
		],
	}));
});

afterAll(async () => {
	await rig.stop();
	await server.stop();
});

async function read(authorization: string | undefined) {
	const keys = createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
	const token = authorization?.replace(/^Bearer /, '') ?? '';
	const { payload } = await jwtVerify(token, keys, { issuer: server.issuer, typ: 'at+jwt' });
	return payload;
}

test('the upstream sees the exchanged token and nothing of the client’s; asked once for subject and target', async () => {
	const token = await server.token('alice');
	const before = server.exchanges.length;
	for (let n = 0; n < 3; n++) {
		const seen = await rig.send({ target: '/orders', token, headers: [['X-Forwarded-Access-Token', token]] });
		expect(seen.response.status).toBe(200);
		const [request] = seen.forwarded;
		const payload = await read(request?.values('authorization')[0]);
		expect(payload).toMatchObject({ sub: 'alice', aud: 'orders', scope: 'orders:read', act: { sub: 'gateway' } });
		expect(request?.values('authorization')).toHaveLength(1);
		expectNoTrace(token, seen, rig.gateway);
		// The lineage: from the client's token to the one that the upstream got.
		expect(seen.record.backend_token_id).toMatch(/^[\w-]{22}$/);
		expect(seen.record.backend_token_id).not.toBe(seen.record.token_id);
	}
	expect(server.exchanges.slice(before)).toEqual(['alice orders']);
});

test('the audience may hold a path parameter, and nothing else of a request', async () => {
	const token = await server.token('alice');
	for (const tenant of ['acme', 'other', 'acme']) {
		const headers = [['Audience', 'orders-evil']] as const;
		const seen = await rig.send({ target: `/tenants/${tenant}?audience=orders-evil&resource=x`, token, headers });
		expect((await read(seen.forwarded[0]?.values('authorization')[0])).aud).toBe(`orders-${tenant}`);
	}
	expect(server.exchanges.slice(-2)).toEqual(['alice orders-acme', 'alice orders-other']);
});

test('a target that the server refuses is the client’s to hear, and no reason to ask again at once', async () => {
	const token = await server.token('alice');
	const before = server.requests.length;
	for (let n = 0; n < 2; n++)
		expectRefused(await rig.send({ target: '/billing', token }), '401-IT', 'exchange_refused');
	expect(server.requests.length - before).toBe(1);
});

test('in a header of the service’s own, which no client can set on any route', async () => {
	const token = await server.token('alice');
	const spoofed = [['x-service_token', 'spoofed']] as const;
	const own = await rig.send({ target: '/own', token, headers: spoofed });
	expect((await read(own.forwarded[0]?.values('x-service-token')[0])).sub).toBe('alice');
	expect(own.forwarded[0]?.values('x-service_token')).toEqual([]);
	expect(own.forwarded[0]?.values('authorization')).toEqual([]);
	const plain = await rig.send({ target: '/plain', token, headers: spoofed });
	expect(plain.forwarded[0]?.values('x-service_token')).toEqual([]);
});

test('200 requests of twenty users at once: each gets its own, one exchange a user', async () => {
	const users = Array.from({ length: 20 }, (_, n) => `user-${n}`);
	const tokens = new Map<string, string>();
	for (const user of users) tokens.set(user, await server.token(user));
	const arrived = rig.upstream.requests.length;
	const before = server.exchanges.length;
	const mixed = Array.from({ length: 200 }, (_, n) => users[(n * 7) % users.length] ?? '');
	await Promise.all(
		mixed.map(async (user) => {
			const bytes = requestBytes({ target: '/orders', token: tokens.get(user) ?? '', headers: [['X-Caller', user]] });
			const response = await exchange(rig.gateway.url, bytes);
			expect(response.status).toBe(200);
		}),
	);
	const requests = rig.upstream.requests.slice(arrived);
	expect(requests).toHaveLength(200);
	const subjects = new Map<string, string>();
	for (const request of requests) {
		const [authorization = ''] = request.values('authorization');
		if (!subjects.has(authorization)) subjects.set(authorization, String((await read(authorization)).sub));
		expect(subjects.get(authorization)).toBe(request.values('x-caller')[0]);
	}
	expect(server.exchanges.slice(before).toSorted()).toEqual(users.map((user) => `${user} orders`).toSorted());
});

test('our own secret is wrong: a fault, and nothing of it or of the answer is told', async () => {
	const wrong = await startGuardedGateway((upstream) => ({
		providers: {
			idp: { issuer: server.issuer, audience: frontAudience, client: { id: 'gateway', secret: `${secret}!` } },
		},
		routes: [{ path: '/**', upstream, backend_token: { type: 'exchange', audience: 'orders' } }],
	}));
	onTestFinished(() => wrong.stop());
	const seen = await wrong.send({ token: await server.token('alice') });
	expectRefused(seen, '503', 'backend_token_unavailable');
	expect(seen.response.body + JSON.stringify([seen.record, wrong.gateway.log])).not.toContain('a secret of');
});

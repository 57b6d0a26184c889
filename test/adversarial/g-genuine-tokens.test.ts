/** Group G: what the gateway remembers of a token never decides for another request (G01, G04, G05, G07–G09, G11, G12). */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Verdict } from '#core/index';
import { nodeCryptography } from '#runtime/node/cryptography';
import { definition, provider as providerOf, route, rules } from '../support/definition.ts';
import { fakeClock, fakeTimers } from '../support/fake-runtime.ts';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { token as policyToken, testPolicy } from '../support/policy.ts';
import { rawClient } from '../support/raw-client.ts';
import { bearer, requestView } from '../support/request-view.ts';
import { alter, encode, signatureOf, testKey } from '../support/sign-jws.ts';
import { createTestProvider, jwksPath, type TestProvider } from '../support/test-provider.ts';

const key = testKey('RS256', 'genuine');
const api = 'https://api.example.com';

let provider: TestProvider;
let neighbour: TestProvider;
let rig: GuardedGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [key] });
	// The same key under another issuer: only the provider tells their tokens apart.
	neighbour = await createTestProvider({ keys: [key] });
	rig = await startGuardedGateway((upstream) => ({
		token_cache: '64KiB',
		providers: {
			idp: { issuer: provider.issuer, audience: api },
			neighbour: { issuer: neighbour.issuer, audience: api },
		},
		routes: [
			{ name: 'read', path: '/read', providers: ['idp'], scopes: ['read'], upstream },
			{ name: 'write', path: '/write', providers: ['idp'], scopes: ['write'], upstream },
			{ name: 'neighbour', path: '/neighbour', providers: ['neighbour'], upstream },
			{
				name: 'tenant',
				path: '/tenants/{tenant}',
				providers: ['idp'],
				audience: 'https://{tenant}.example.com',
				upstream,
			},
			{ name: 'x', host: 'x.example.com', path: '/host', providers: ['idp'], clients: ['client-1'], upstream },
			{ name: 'y', host: 'y.example.com', path: '/host', providers: ['idp'], clients: ['client-2'], upstream },
			{
				name: 'by-host',
				host: '{tenant}.api.example.com',
				path: '/',
				providers: ['idp'],
				claims: { org: '{tenant}' },
				upstream,
			},
		],
	}));
});

afterAll(async () => {
	await rig.stop();
	await Promise.all([provider.stop(), neighbour.stop()]);
});

const read = (token: string) => rig.send({ target: '/read', token });

test('G01: a token known on one route is judged by the rules of the other', async () => {
	const token = provider.issue({ scope: 'read' });
	expectForwarded(await read(token));
	const refused = await rig.send({ target: '/write', token });
	expectRefused(refused, '403-IS', 'scope_insufficient');
	expect(refused.response.headers.get('www-authenticate')).toContain('scope="write"');
	expectForwarded(await read(token));
});

test('G01: a token known to one provider is unknown to the route of another', async () => {
	const token = provider.issue({ scope: 'read' });
	expectForwarded(await read(token));
	expectRefused(await rig.send({ target: '/neighbour', token }), '401-IT', 'issuer_unknown');
});

test('G04: two tokens with the same first 64 characters', async () => {
	const may = provider.issue({ scope: 'read' });
	const mayNot = provider.issue({ scope: 'none' });
	expect(mayNot.slice(0, 64)).toBe(may.slice(0, 64));
	expectForwarded(await read(may));
	expectRefused(await read(mayNot), '403-IS', 'scope_insufficient');
	expectForwarded(await read(may));
});

test('G04: two tokens with the same first 8192 characters', async () => {
	const padding = 'x'.repeat(8192);
	const may = provider.issue({ padding, scope: 'read' });
	const mayNot = provider.issue({ padding, scope: 'none' });
	expect(mayNot.slice(0, 8192)).toBe(may.slice(0, 8192));
	expectForwarded(await read(may));
	expectRefused(await read(mayNot), '403-IS', 'scope_insufficient');
	expectRefused(await read(alter(may, 1, 7000)), '401-IT', 'signature_invalid');
});

test('G04: two tokens with the same last 64 characters', async () => {
	const genuine = provider.issue({ scope: 'read', sub: 'user-1' });
	const [, , signature = ''] = genuine.split('.');
	const [header, payload] = provider.issue({ scope: 'read', sub: 'admin' }).split('.');
	const forged = `${header}.${payload}.${signature}`;
	expect(forged.slice(-64)).toBe(genuine.slice(-64));
	expectForwarded(await read(genuine));
	expectRefused(await read(forged), '401-IT', 'signature_invalid');
});

test.each([0, 1, 100, 254, 255])('G05: a known token with octet %i of its signature altered', async (octet) => {
	const token = provider.issue({ scope: 'read' });
	expectForwarded(await read(token));
	expectRefused(await read(alter(token, 2, octet, octet % 8)), '401-IT', 'signature_invalid');
	expectForwarded(await read(token));
});

test('G07: a known token ends at exp, whatever room and time the cache has', async () => {
	const clock = fakeClock();
	const own = await createTestProvider({ keys: [key], now: () => clock.now() / 1000 });
	onTestFinished(() => own.stop());
	const timed = await startGuardedGateway(
		(upstream) => ({
			providers: { idp: { issuer: own.issuer, audience: api, clock_skew: '5s' } },
			routes: [{ name: 'all', path: '/**', upstream }],
		}),
		{ runtime: { clock, timers: fakeTimers(clock) } },
	);
	onTestFinished(() => timed.stop());
	const token = own.issue({}, { lifetime: 60 });
	expectForwarded(await timed.send({ token }));
	clock.advance(64_999);
	expectForwarded(await timed.send({ token }));
	clock.advance(1);
	expectRefused(await timed.send({ token }), '401-IT', 'token_expired');
	// Neither does a wall clock that goes back give it another life.
	clock.jump(-3_600_000);
	expectRefused(await timed.send({ token }), '401-IT', 'token_expired');
});

test('G08: a failure of the provider is not remembered', async () => {
	const own = await createTestProvider({ keys: [key] });
	onTestFinished(() => own.stop());
	own.behave(jwksPath, { status: 500, times: 2 });
	const failing = await startGuardedGateway((upstream) => ({
		providers: { idp: { issuer: own.issuer, audience: api } },
		routes: [{ name: 'all', path: '/**', upstream }],
	}));
	onTestFinished(() => failing.stop());
	const token = own.issue();
	expectRefused(await failing.send({ token }), '503', 'keys_unavailable');
	expectForwarded(await failing.send({ token }));
});

test('G09: hundreds of bad tokens over one connection, and the known one passes as before', async () => {
	const token = provider.issue({ scope: 'read' });
	expectForwarded(await read(token));
	const records = rig.gateway.records.length;
	const arrived = rig.upstream.requests.length;
	const client = await rawClient(rig.gateway.url);
	const count = 400;
	for (let n = 0; n < count; n += 50) {
		client.send(Array.from({ length: 50 }, () => requestBytes({ target: '/read', token: badToken() })).join(''));
		for (let each = 0; each < 50; each++) expect((await client.response()).status).toBe(401);
	}
	client.destroy();
	await rig.gateway.record(records + count);
	const reasons = new Set(rig.gateway.records.slice(records).map((record) => record.reason));
	expect(reasons).toEqual(new Set(['signature_invalid']));
	expect(rig.upstream.requests).toHaveLength(arrived);
	expectForwarded(await read(token));
});

/** Well-formed, with the right issuer, key and algorithm: nothing but its signature is wrong. */
function badToken(): string {
	const [header, payload] = provider.issue({ scope: 'read', jti: randomBytes(8).toString('hex') }).split('.');
	return `${header}.${payload}.${randomBytes(256).toString('base64url')}`;
}

/** One provider `idp` whose cache has room for about ten tokens. */
function smallCache() {
	return testPolicy(
		definition({
			tokenCacheBytes: 20_000,
			providers: [providerOf({ name: 'idp' })],
			routes: [route({ name: 'all', path: '/**', rules: [rules({ provider: 'idp' })] })],
		}),
		{ idp: [key] },
	);
}

test('G09: 20,000 random bad tokens leave nothing behind and push nothing out', async () => {
	const { policy, decide } = smallCache();
	const ask = (jwt: string): Promise<Verdict> => decide(requestView({ headers: [bearer(jwt)] }));
	const good = policyToken('idp', key);
	expect((await ask(good)).kind).toBe('allow');
	expect(policy.genuine.size).toBe(1);

	const [header = '', payload = '', signature = ''] = good.split('.');
	let refused = 0;
	for (let n = 0; n < 20_000; n++) {
		const bad = [
			`${header}.${encode({ iss: 'https://idp.example.com/', n })}.${signature}`,
			`${header}.${payload}.${randomBytes(256).toString('base64url')}`,
			`${encode({ alg: 'RS256', kid: `kid-${n}` })}.${payload}.${signature}`,
			`${encode({ alg: 'none', n })}.${payload}.`,
			randomBytes(60).toString('base64url'),
		][n % 5];
		const { kind } = await ask(bad ?? '');
		if (kind === 'deny') refused += 1;
	}
	expect(refused).toBe(20_000);
	expect(policy.genuine.size).toBe(1);
	const again = await ask(good);
	expect(again.kind).toBe('allow');
	expect(again.facts.cached).toBe(true);
});

test('G09: genuine tokens are bounded too, and the oldest give way', async () => {
	const { policy, decide } = smallCache();
	for (let n = 0; n < 200; n++) {
		const verdict = await decide(requestView({ headers: [bearer(policyToken('idp', key, { n }))] }));
		expect(verdict.kind).toBe('allow');
	}
	expect(policy.genuine.size).toBeGreaterThan(1);
	expect(policy.genuine.size).toBeLessThan(20);
});

test('G11: what is remembered is found by the digest of the whole token and by nothing shorter', async () => {
	const { policy, decide } = smallCache();
	const good = policyToken('idp', key);
	await decide(requestView({ headers: [bearer(good)] }));
	const digest = nodeCryptography.hexDigest(good);
	expect(digest).toHaveLength(64);
	expect(policy.genuine.recall(digest)).toHaveLength(1);
	expect(policy.genuine.recall(good)).toBeUndefined();
	fc.assert(
		fc.property(fc.nat({ max: good.length - 1 }), (length) => {
			expect(policy.genuine.recall(nodeCryptography.hexDigest(good.slice(0, length)))).toBeUndefined();
			expect(policy.genuine.recall(nodeCryptography.hexDigest(`${good.slice(0, length)}~`))).toBeUndefined();
		}),
		{ examples: [[good.length - 1]] },
	);
});

test('G12: a token known on one host, on another', async () => {
	const token = provider.issue({ scope: 'read' });
	expectForwarded(await rig.send({ host: 'x.example.com', target: '/host', token }));
	expectRefused(await rig.send({ host: 'y.example.com', target: '/host', token }), '403', 'client_not_allowed');
	expectRefused(await rig.send({ host: 'z.example.com', target: '/host', token }), '404', 'route_not_found');
	expectForwarded(await rig.send({ host: 'X.example.com:8080', target: '/host', token }));
});

test('G12: a token known for one tenant of the path, for another', async () => {
	const token = provider.issue({ aud: 'https://acme.example.com' });
	expectForwarded(await rig.send({ target: '/tenants/acme', token }));
	expectRefused(await rig.send({ target: '/tenants/other', token }), '401-IT', 'audience_mismatch');
	expectRefused(await rig.send({ target: '/tenants/ACME', token }), '401-IT', 'audience_mismatch');
});

test('G12: a token known for one tenant of the host, for another', async () => {
	const token = provider.issue({ org: 'acme' });
	expectForwarded(await rig.send({ host: 'acme.api.example.com', token }));
	expectRefused(await rig.send({ host: 'other.api.example.com', token }), '403', 'claim_mismatch');
});

test('G12: a header that names another host or tenant changes nothing', async () => {
	const token = provider.issue({ org: 'acme' });
	expectForwarded(await rig.send({ host: 'acme.api.example.com', token }));
	const headers = [
		['X-Forwarded-Host', 'acme.api.example.com'],
		['Forwarded', 'host=acme.api.example.com'],
	] as const;
	expectRefused(await rig.send({ host: 'other.api.example.com', token, headers }), '403', 'claim_mismatch');
});

test('a signature made by the test is what the gateway checks', () => {
	// Guards the rows above: a support key that signed nothing would make every refusal right for the wrong reason.
	const [header, payload, signature] = provider.issue().split('.');
	expect(signatureOf(key, `${header}.${payload}`).toString('base64url')).toBe(signature);
});

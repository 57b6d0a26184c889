/** Keys of minted tokens as an operator sees them: shown, rotated, withdrawn, published; sealed where they lie. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { runMinting } from '../src/cli/minting.ts';
import { UsageError } from '../src/cli/usage.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { readMetrics } from './support/metrics.ts';
import { exchange } from './support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { testKey } from './support/sign-jws.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

let provider: TestProvider;
let upstream: RecordingUpstream;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256', 'minting-keys')] });
	upstream = await recordingUpstream({ closedBy: 'caller' });
});
afterAll(async () => {
	await provider.stop();
	await upstream.close();
});

const issuer = 'https://gateway.example.com';

async function start(parts: Readonly<Record<string, unknown>> = {}): Promise<TestGateway> {
	const gateway = await startTestGateway({
		admin: { listen: '127.0.0.1:0', insecure_changes: true },
		store: { type: 'memory' },
		minting: { issuer, publish_on: 'both' },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: [{ path: '/**', upstream: upstream.url, backend_token: { type: 'mint', audience: 'orders' } }],
		...parts,
	});
	onTestFinished(() => gateway.stop());
	return gateway;
}

/** The token that reached the upstream. */
async function minted(gateway: TestGateway, token = provider.issue()): Promise<string> {
	const before = upstream.requests.length;
	const response = await fetch(`${gateway.url}/`, { headers: { authorization: `Bearer ${token}` } });
	expect(response.status).toBe(200);
	const [authorization = ''] = upstream.requests[before]?.values('authorization') ?? [];
	return authorization.replace(/^Bearer /, '');
}

interface Shown {
	readonly keys: readonly { readonly kid: string; readonly state: string; readonly age_seconds: number }[];
}

async function admin(
	gateway: TestGateway,
	path: string,
	body?: unknown,
): Promise<{ status: number; json: unknown; headers: Headers }> {
	const change = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
	const response = await fetch(`${gateway.gateway.adminUrl}${path}`, body === undefined ? {} : change);
	return { status: response.status, json: await response.json(), headers: response.headers };
}

const shown = async (gateway: TestGateway) => (await admin(gateway, '/minting')).json as Shown;

test('key set and metadata on both listeners, to be kept for as long as the configuration says', async () => {
	const gateway = await start();
	const jwt = await minted(gateway);
	const viaAdmin = await admin(gateway, '/.well-known/jwks.json');
	expect([viaAdmin.status, viaAdmin.headers.get('cache-control')]).toEqual([200, 'public, max-age=300']);
	const set = viaAdmin.json as JSONWebKeySet;
	await jwtVerify(jwt, createLocalJWKSet(set), { issuer, audience: 'orders', typ: 'at+jwt' });
	for (const key of set.keys)
		expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
	const metadata = (await admin(gateway, '/.well-known/openid-configuration')).json;
	expect(metadata).toMatchObject({
		issuer,
		jwks_uri: `${issuer}/.well-known/jwks.json`,
		id_token_signing_alg_values_supported: ['ES256'],
	});

	const requests = upstream.requests.length;
	const raw = async (host: string, path: string, method = 'GET') => {
		const { exchange } = await import('./support/raw-client.ts');
		return exchange(gateway.url, `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, method);
	};
	const public_ = await raw('gateway.example.com', '/.well-known/jwks.json');
	expect([public_.status, public_.headers.get('cache-control')]).toEqual([200, 'public, max-age=300']);
	expect(JSON.parse(public_.body)).toEqual(set);
	expect((await raw('gateway.example.com:8443', '/.well-known/openid-configuration')).status).toBe(200);
	const head = await raw('gateway.example.com', '/.well-known/jwks.json', 'HEAD');
	expect([head.status, head.body]).toEqual([200, '']);
	// Another host, another spelling, another method: for the routes, which want a token.
	expect((await raw('api.example.com', '/.well-known/jwks.json')).status).toBe(401);
	expect((await raw('gateway.example.com', '/.well-known/./jwks.json')).status).toBe(400);
	expect((await raw('gateway.example.com', '/.well-known/jwks.json', 'POST')).status).toBe(401);
	expect(upstream.requests.length).toBe(requests);
});

test('rotated and withdrawn on demand, on record; a token of a key that is gone is never used again', async () => {
	const gateway = await start();
	const token = provider.issue();
	const first = decodeProtectedHeader(await minted(gateway, token)).kid;
	expect((await shown(gateway)).keys).toMatchObject([{ kid: first, state: 'signing' }]);
	const rotated = await admin(gateway, '/minting/rotate', {});
	expect(rotated).toMatchObject({ status: 200, json: { keys: [{ state: 'signing' }, { state: 'coming' }] } });
	expect(decodeProtectedHeader(await minted(gateway, token)).kid).toBe(first);

	expect((await admin(gateway, '/minting/withdraw', { kid: first })).status).toBe(200);
	const { keys } = await shown(gateway);
	expect(keys).toMatchObject([{ state: 'signing' }]);
	expect(decodeProtectedHeader(await minted(gateway, token)).kid).toBe(keys[0]?.kid);
	expect(keys[0]?.kid).not.toBe(first);
	expect(gateway.changes).toMatchObject([
		{ action: 'minting_rotate', by: 'a program on this machine' },
		{ action: 'minting_withdraw', kid: first },
	]);
	expect((await admin(gateway, '/minting/withdraw', { kid: first })).status).toBe(404);
	for (const body of [{ kid: 1 }, { kid: '../x' }, {}, { kid: 'a', more: 1 }]) {
		expect((await admin(gateway, '/minting/withdraw', body)).status).toBe(400);
	}
});

test('nobody changes a key without a token, or a setting that says so', async () => {
	const gateway = await start({ admin: { listen: '127.0.0.1:0' } });
	expect((await admin(gateway, '/minting/rotate', {})).status).toBe(403);
	expect((await shown(gateway)).keys).toHaveLength(1);
});

test('in a store that outlives the process the keys lie sealed, and a restart finds them', async () => {
	const folder = (await import('./support/temp-dir.ts')).makeTempDir();
	const path = join(folder, 'store.db');
	const store = { type: 'sqlite', path, encryption_keys: [randomBytes(32).toString('base64')] };
	const first = await start({ store });
	const token = provider.issue();
	const { kid } = decodeProtectedHeader(await minted(first, token));
	await first.stop();
	const bytes = ['', '-wal'].map((end) => {
		try {
			return readFileSync(path + end, 'latin1');
		} catch {
			return '';
		}
	});
	expect(bytes.join('')).toContain('minting-keys');
	for (const clear of ['"kty"', '"d"', 'P-256', String(kid)]) expect(bytes.join('')).not.toContain(clear);
	const second = await start({ store });
	expect(decodeProtectedHeader(await minted(second, token)).kid).toBe(kid);
});

test('the key set is found with a query too, as some caches and libraries ask; for another host it is for the routes', async () => {
	const gateway = await start();
	const ask = async (target: string, host = 'gateway.example.com') =>
		(await exchange(gateway.url, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).status;
	const path = '/.well-known/jwks.json';
	expect([await ask(path), await ask(`${path}?v=2`), await ask(`${path}?`)]).toEqual([200, 200, 200]);
	expect([await ask(path, 'other.example.com'), await ask(`${path}/?v=2`)]).toEqual([401, 401]);
});

test('metrics: what was signed, not what was served; the keys, and their age', async () => {
	const gateway = await start();
	const token = provider.issue();
	await minted(gateway, token);
	await minted(gateway, token);
	await minted(gateway);
	const page = readMetrics(await (await fetch(`${gateway.gateway.adminUrl}/metrics`)).text());
	expect(page.value('countersign_minting_signatures_total')).toBe(2);
	expect(page.value('countersign_minting_keys', { state: 'signing' })).toBe(1);
	expect(page.value('countersign_minting_key_age_seconds')).toBeLessThan(60);
	expect(page.value('countersign_minting_keys_failing')).toBe(0);
});

test('the command line shows, rotates and withdraws', async () => {
	const gateway = await start();
	const { adminUrl = '' } = gateway.gateway;
	const run = async (...args: readonly string[]) => {
		const written = { out: '', err: '' };
		vi.spyOn(process.stdout, 'write').mockImplementation((text) => (written.out += String(text)) !== '');
		const status = await runMinting([...args, '--admin', adminUrl]).finally(() => vi.restoreAllMocks());
		return { status, ...written };
	};
	const time = '\\d{4}-\\S+Z';
	const [first = ''] = (await run('list')).out.split(' ');
	expect((await run('list')).out).toMatch(new RegExp(`^${first} ES256: signing, signs from ${time}\n$`));
	expect((await run('rotate')).out).toMatch(
		new RegExp(`^${first} ES256: signing, .*, published until ${time}\n\\S+ ES256: coming, signs from ${time}\n$`),
	);
	expect((await run('withdraw', '--kid', first)).out).toMatch(/^\S+ ES256: signing, signs from \S+\n$/);
	await expect(run('withdraw', '--kid', first)).rejects.toThrow('404: there is no key of this name');
	expect(JSON.parse((await run('list', '--json')).out)).toMatchObject({ issuer, keys: [{ state: 'signing' }] });
	for (const args of [['withdraw'], ['rotate', '--kid', 'x'], ['list', 'more'], []]) {
		await expect(run(...args)).rejects.toThrow(UsageError);
	}
	expect(gateway.changes.map(({ action }) => action)).toEqual([
		'minting_rotate',
		'minting_withdraw',
		'minting_withdraw',
	]);
});

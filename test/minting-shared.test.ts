/** Minted tokens of several processes: two gateways on one Redis, and the workers of one on SQLite, under one key set. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Command, startCommand } from './support/command.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { hasRedis, type RedisServer, startRedis } from './support/redis-server.ts';
import { testKey } from './support/sign-jws.ts';
import { tempDir } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

// Several processes each, on a machine that may be busy with others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const issuer = 'https://gateway.example.com';
let provider: TestProvider;
let upstream: RecordingUpstream;
const folder = tempDir();

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256', 'minting-shared')] });
	upstream = await recordingUpstream({ closedBy: 'caller' });
});
afterAll(async () => {
	await provider.stop();
	await upstream.close();
});

function start(store: Record<string, unknown>, rest: Record<string, unknown> = {}): Promise<Command> {
	return startCommand({
		admin: { listen: '127.0.0.1:0', insecure_changes: true },
		store: { ...store, encryption_keys: [sealingKey] },
		minting: { issuer, publish_on: 'admin', publish_ahead: '1s', keys_max_age: '1s' },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' } },
		routes: [{ path: '/**', upstream: upstream.url, backend_token: { type: 'mint', audience: 'orders' } }],
		...rest,
	});
}
const sealingKey = randomBytes(32).toString('base64');

const keySet = (gateway: Command) => gateway.admin<JSONWebKeySet>('/.well-known/jwks.json');

/** Of a new client's token each time, on a connection of its own. */
async function minted(gateway: Command): Promise<string> {
	const before = upstream.requests.length;
	const headers = { authorization: `Bearer ${provider.issue()}`, connection: 'close' };
	const response = await fetch(`${gateway.url}/`, { headers });
	await response.arrayBuffer();
	expect(response.status).toBe(200);
	return (upstream.requests[before]?.values('authorization')[0] ?? '').replace(/^Bearer /, '');
}

const kid = (token: string) => decodeProtectedHeader(token).kid;

describe.skipIf(!hasRedis)('two gateways on one Redis', () => {
	let redis: RedisServer;
	beforeAll(async () => {
		redis = await startRedis();
	});
	afterAll(() => redis.stop());

	test('mint under one key set, also where they begin at the same moment; a rotation on one is one on both', async () => {
		const store = { type: 'redis', url: redis.url };
		const [a, b] = await Promise.all([start(store), start(store)]);
		const [ofA, ofB] = [await minted(a), await minted(b)];
		expect(kid(ofA)).toBe(kid(ofB));
		expect(await keySet(b)).toEqual(await keySet(a));
		await jwtVerify(ofA, createLocalJWKSet(await keySet(b)), { issuer, audience: 'orders' });

		const headers = { 'content-type': 'application/json' };
		await fetch(`${a.adminUrl}/minting/rotate`, { method: 'POST', headers, body: '{}' });
		await vi.waitFor(async () => expect((await keySet(b)).keys).toHaveLength(2), { timeout: 10_000, interval: 20 });
		await vi.waitFor(async () => expect(kid(await minted(b))).not.toBe(kid(ofA)), { timeout: 10_000, interval: 50 });
		const next = await minted(b);
		await vi.waitFor(async () => expect(kid(await minted(a))).toBe(kid(next)), { timeout: 10_000, interval: 50 });
		// What was signed before is good on either side.
		for (const gateway of [a, b]) {
			const keys = createLocalJWKSet(await keySet(gateway));
			for (const token of [ofA, ofB, next]) await jwtVerify(token, keys, { issuer, audience: 'orders' });
		}
	});
});

test('the workers of one gateway mint under one key set', async () => {
	const gateway = await start({ type: 'sqlite', path: join(folder, 'workers.db') }, { workers: 2 });
	const kids = new Set<string | undefined>();
	for (let n = 0; n < 12; n++) kids.add(kid(await minted(gateway)));
	expect([...kids]).toEqual([(await keySet(gateway)).keys[0]?.kid]);
	const records = gateway
		.output()
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line) as { backend_token_id?: string });
	for (const record of records) expect(record.backend_token_id).toMatch(/^[\w-]{22}$/);
});

/**
 * State that outlives processes and is shared by them, with real gateways, a real Redis and a network that breaks: what
 * one gateway revokes the others refuse, who is cut off says so in time and no sooner, and what was acknowledged is there.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Command, startCommand } from './support/command.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { hasRedis, type RedisServer, startCutProxy, startRedis } from './support/redis-server.ts';
import { signSas } from './support/sign-sas.ts';
import { tempDir } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

// Several processes each, on a machine that may be busy with others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let provider: TestProvider;
let upstream: RecordingUpstream;
const folder = tempDir();

beforeAll(async () => {
	provider = await createTestProvider();
	upstream = await recordingUpstream({ closedBy: 'caller' });
});
afterAll(async () => {
	await provider.stop();
	await upstream.close();
});

function start(store: Record<string, unknown>, rest: Record<string, unknown> = {}): Promise<Command> {
	return startCommand({
		admin: { listen: '127.0.0.1:0', insecure_changes: true },
		store,
		providers: { idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' } },
		routes: [
			{ name: 'orders', path: '/orders', upstream: upstream.url },
			{ name: 'health', path: '/health', public: true, upstream: upstream.url },
		],
		...rest,
	});
}

async function status(gateway: Command, token: string, path = '/orders'): Promise<number> {
	const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${token}` } });
	await response.arrayBuffer();
	return response.status;
}

interface Listed {
	readonly revision: number;
	readonly store: Record<string, unknown>;
	readonly gateways: readonly { readonly name: string; readonly revision: number }[];
	readonly revocations: readonly { readonly jti?: string; readonly id: string }[];
}

/** The id of the revocation, once it is acknowledged. */
async function revoke(gateway: Command, asked: Record<string, unknown>): Promise<string> {
	const response = await fetch(`${gateway.adminUrl}/revocations`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(asked),
	});
	if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
	return ((await response.json()) as { readonly id: string }).id;
}

const sealingKey = randomBytes(32).toString('base64');
const busProviders = {
	bus: { tokens: ['shared_access'], format: 'service_bus', audience: 'sb://bus.example.net/', stored_keys: true },
};

async function changeKeys(gateway: Command, path: string, body: unknown): Promise<Record<string, string>> {
	const headers = { 'content-type': 'application/json' };
	const response = await fetch(gateway.adminUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
	if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
	return (await response.json()) as Record<string, string>;
}

describe.skipIf(!hasRedis)('two gateways on one Redis', () => {
	let redis: RedisServer;
	beforeAll(async () => {
		redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
	});
	afterAll(() => redis.stop());

	test('revoked on one, refused on the other within a second, and lifted as fast; each tells how far both are', async () => {
		const [a, b] = await Promise.all([
			start({ type: 'redis', url: `${redis.url}/1` }),
			start({ type: 'redis', url: `${redis.url}/1` }),
		]);
		const delays: number[] = [];
		for (let round = 0; round < 5; round++) {
			const token = provider.issue({ jti: `round-${round}` });
			expect([await status(a, token), await status(b, token)]).toEqual([200, 200]);
			const id = await revoke(a, { jti: `round-${round}` });
			const began = performance.now();
			expect(await status(a, token)).toBe(401);
			await vi.waitFor(async () => expect(await status(b, token)).toBe(401), { timeout: 10_000, interval: 10 });
			delays.push(performance.now() - began);
			await fetch(`${b.adminUrl}/revocations/${id}`, { method: 'DELETE' });
			await vi.waitFor(async () => expect(await status(a, token)).toBe(200), { timeout: 10_000, interval: 10 });
		}
		expect(Math.min(...delays), `milliseconds: ${delays.join(', ')}`).toBeLessThan(1_000);
		await vi.waitFor(
			async () => {
				for (const gateway of [a, b]) {
					const { revision, gateways } = await gateway.admin<Listed>('/revocations');
					expect(gateways.map((each) => each.revision)).toEqual([revision, revision]);
				}
			},
			{ timeout: 15_000, interval: 100 },
		);
	});

	test('a key that is regenerated on one stops working on the other within a second, also where it was used before', async () => {
		const rest = { providers: busProviders, routes: [{ name: 'orders', path: '/orders', upstream: upstream.url }] };
		const store = { type: 'redis', url: `${redis.url}/3`, encryption_keys: [sealingKey] };
		const [a, b] = await Promise.all([start(store, rest), start(store, rest)]);
		const { primary, secondary } = await changeKeys(a, '/keys', { name: 'meters' });
		const signed = async (gateway: Command, key = '') => {
			const authorization = `SharedAccessSignature ${signSas({ skn: 'meters', key })}`;
			const response = await fetch(`${gateway.url}/orders`, { headers: { authorization } });
			await response.arrayBuffer();
			return response.status;
		};
		await vi.waitFor(async () => expect(await signed(b, primary)).toBe(200), { timeout: 10_000, interval: 10 });
		const delays: number[] = [];
		let current = primary;
		for (let round = 0; round < 3; round++) {
			const { key } = await changeKeys(a, '/keys/regenerate', { name: 'meters', half: 'primary' });
			const began = performance.now();
			const before = current;
			expect(await signed(a, before)).toBe(401);
			await vi.waitFor(async () => expect(await signed(b, before)).toBe(401), { timeout: 10_000, interval: 10 });
			delays.push(performance.now() - began);
			expect([await signed(b, secondary), await signed(b, key), await signed(a, key)]).toEqual([200, 200, 200]);
			current = key;
		}
		expect(Math.min(...delays), `milliseconds: ${delays.join(', ')}`).toBeLessThan(1_000);
	});

	test('cut off: not at the first lost packet, but in time; and caught up before it serves again', async () => {
		const proxy = await startCutProxy(redis.port);
		onTestFinished(() => proxy.close());
		const [a, b] = await Promise.all([
			start({ type: 'redis', url: `${redis.url}/2`, max_staleness: '3s' }),
			start({ type: 'redis', url: `redis://127.0.0.1:${proxy.port}/2`, max_staleness: '3s' }),
		]);
		const [revokedBefore, revokedMeanwhile, good] = ['before', 'meanwhile', 'good'].map((jti) =>
			provider.issue({ jti }),
		);
		if (revokedBefore === undefined || revokedMeanwhile === undefined || good === undefined)
			throw new Error('no token');
		await revoke(a, { jti: 'before' });
		await vi.waitFor(async () => expect(await status(b, revokedBefore)).toBe(401), { timeout: 10_000 });

		// A pause of the network, shorter than what is allowed: nobody notices.
		const stalled = proxy.stall(800);
		let asked = 0;
		for (let isOver = false; !isOver; asked++) {
			expect(await status(b, good)).toBe(200);
			isOver = await Promise.race([
				stalled.then(() => true),
				new Promise<false>((resolve) => setTimeout(resolve, 20, false)),
			]);
		}
		expect(asked).toBeGreaterThan(5);

		proxy.cut();
		const cutAt = performance.now();
		await revoke(a, { jti: 'meanwhile' });
		expect(await status(a, revokedMeanwhile)).toBe(401);
		let lastServed = 0;
		await vi.waitFor(
			async () => {
				const askedAt = performance.now();
				const answer = await status(b, good);
				if (answer === 200) lastServed = askedAt - cutAt;
				expect(answer).toBe(503);
			},
			{ timeout: 20_000, interval: 20 },
		);
		// It went on for a good part of the time that it may; nothing that was asked later was served.
		expect(lastServed).toBeGreaterThan(1_000);
		expect(lastServed).toBeLessThan(3_050);
		const refused = await fetch(`${b.url}/orders`, { headers: { authorization: `Bearer ${good}` } });
		expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
		expect(b.output()).toContain('"reason":"store_unavailable"');
		// What is known to be revoked stays so; public routes and the admin listener go on.
		expect([await status(b, revokedBefore), await status(b, '', '/health'), await status(a, good)]).toEqual([
			401, 200, 200,
		]);
		const ready = await fetch(`${b.adminUrl}/readyz`);
		expect([ready.status, await ready.json()]).toMatchObject([
			503,
			{ status: 'store_unavailable', store: { state: 'stale' } },
		]);
		expect((await fetch(`${b.adminUrl}/healthz`)).status).toBe(200);
		expect(await (await fetch(`${b.adminUrl}/metrics`)).text()).toMatch(/^countersign_store_stale 1$/m);
		await vi.waitFor(() => expect(b.said()).toContain('the store is away'), { timeout: 10_000 });
		await expect(revoke(b, { jti: 'x' })).rejects.toThrow(/^503/);

		proxy.restore();
		const seen: number[] = [];
		await vi.waitFor(
			async () => {
				seen.push(await status(b, revokedMeanwhile));
				expect(seen.at(-1)).toBe(401);
			},
			{ timeout: 20_000, interval: 5 },
		);
		expect(new Set(seen.slice(0, -1))).toEqual(new Set(seen.length > 1 ? [503] : []));
		// Revocations are taken in first; it serves when it has read what else the store has.
		await vi.waitFor(async () => expect(await status(b, good)).toBe(200), { timeout: 10_000, interval: 5 });
		await vi.waitFor(() => expect(b.said()).toContain('the store is back'), { timeout: 10_000 });
		expect((await fetch(`${b.adminUrl}/readyz`)).status).toBe(200);
	});

	test('Redis is down at the start: guarded routes are refused until it is there, unless the configuration says so', async () => {
		const own = await startRedis();
		onTestFinished(() => own.stop());
		await own.kill();
		const store = { type: 'redis', url: own.url, max_staleness: '1s' };
		const [closed, open] = await Promise.all([start(store), start({ ...store, insecure_fail_open: true })]);
		const token = provider.issue();
		expect([await status(closed, token), await status(closed, '', '/health')]).toEqual([503, 200]);
		expect(await status(open, token)).toBe(200);
		expect((await fetch(`${open.adminUrl}/readyz`)).status).toBe(200);
		await vi.waitFor(() => expect(open.said()).toContain('requests are served on'), { timeout: 10_000 });
		await own.start();
		await vi.waitFor(async () => expect(await status(closed, token)).toBe(200), { timeout: 15_000 });
	});
});

test('kill -9 with SQLite: every revocation that was acknowledged is in force after the restart', async () => {
	const store = { type: 'sqlite', path: join(folder, 'killed.db') };
	const acknowledged = new Set<string>();
	for (let round = 0; round < 3; round++) {
		const gateway = await start(store);
		for (const jti of acknowledged) expect(await status(gateway, provider.issue({ jti })), jti).toBe(401);
		let next = 0;
		const revoking = Array.from({ length: 8 }, async () => {
			for (;;) {
				const jti = `r${round}-${(next += 1)}`;
				await revoke(gateway, { jti });
				acknowledged.add(jti);
			}
		});
		const settled = Promise.allSettled(revoking);
		const goal = acknowledged.size + 20;
		await vi.waitFor(() => expect(acknowledged.size).toBeGreaterThan(goal), { timeout: 20_000, interval: 5 });
		gateway.child.kill('SIGKILL');
		await settled;
		await gateway.ended;
	}
	const last = await start(store);
	const { revocations } = await last.admin<Listed>('/revocations');
	const listed = new Set(revocations.map(({ jti }) => jti));
	expect([...acknowledged].filter((jti) => !listed.has(jti))).toEqual([]);
	expect(acknowledged.size).toBeGreaterThan(60);
});

test('kill -9 with SQLite: every key that was shown works after the restart, and every one that was replaced does not', async () => {
	const store = { type: 'sqlite', path: join(folder, 'keys.db'), encryption_keys: [sealingKey] };
	const rest = { providers: busProviders, routes: [{ name: 'orders', path: '/orders', upstream: upstream.url }] };
	const first = await start(store, rest);
	const good: (readonly [name: string, key: string])[] = [];
	const replaced: (readonly [name: string, key: string])[] = [];
	const making = Array.from({ length: 6 }, async (_, worker) => {
		for (let i = 0; ; i++) {
			const name = `k${worker}-${i}`;
			const { primary = '', secondary = '' } = await changeKeys(first, '/keys', { name });
			good.push([name, secondary]);
			const { key = '' } = await changeKeys(first, '/keys/regenerate', { name, half: 'primary' });
			good.push([name, key]);
			replaced.push([name, primary]);
		}
	});
	const settled = Promise.allSettled(making);
	await vi.waitFor(() => expect(replaced.length).toBeGreaterThan(20), { timeout: 20_000, interval: 5 });
	first.child.kill('SIGKILL');
	await settled;
	const second = await start(store, rest);
	const statusOf = async ([skn, key]: readonly [string, string]) => {
		const authorization = `SharedAccessSignature ${signSas({ skn, key })}`;
		const response = await fetch(`${second.url}/orders`, { headers: { authorization } });
		await response.arrayBuffer();
		return response.status;
	};
	expect(new Set(await Promise.all(good.map(statusOf)))).toEqual(new Set([200]));
	expect(new Set(await Promise.all(replaced.map(statusOf)))).toEqual(new Set([401]));
});

test('two gateways on one SQLite file, and the workers of one: revoked here, refused there', async () => {
	const store = { type: 'sqlite', path: join(folder, 'shared.db') };
	const [a, b] = await Promise.all([start(store), start(store, { workers: 2 })]);
	const token = provider.issue({ sub: 'mallory' });
	expect([await status(a, token), await status(b, token)]).toEqual([200, 200]);
	await revoke(b, { subject: 'mallory' });
	for (const gateway of [a, b]) {
		await vi.waitFor(
			async () => {
				const answers = await Promise.all(Array.from({ length: 8 }, () => status(gateway, token)));
				expect(new Set(answers)).toEqual(new Set([401]));
			},
			{ timeout: 10_000, interval: 20 },
		);
	}
	expect(b.output() + a.output()).toContain('"action":"revoke"');
});

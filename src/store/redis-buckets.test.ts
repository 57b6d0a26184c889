import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StoreUnavailable } from '#core/index';
import { systemClock } from '#runtime/node/clock';
import { fakeLog } from '../../test/support/fake-runtime.ts';
import { hasRedis, type RedisServer, startRedis } from '../../test/support/redis-server.ts';
import { openRedisStore, type RedisStore } from './redis.ts';

describe.skipIf(!hasRedis)('buckets in Redis', () => {
	let server: RedisServer;
	let one: RedisStore;
	let two: RedisStore;

	beforeAll(async () => {
		server = await startRedis();
		const open = () => openRedisStore({ url: server.url, clock: systemClock, log: fakeLog() });
		[one, two] = await Promise.all([open(), open()]);
	}, 30_000);
	afterAll(async () => {
		await Promise.all([one.close(), two.close()]);
		await server.stop();
	});

	const slow = { capacity: 3, interval: 3_600_000 };

	test('one bucket for all who share the store', async () => {
		const [here, there] = [one.sharedBuckets('a', slow), two.sharedBuckets('a', slow)];
		expect(await here.look('key', 0)).toMatchObject({ allowed: true, remaining: 3, fullAfter: 0 });
		expect(await here.take('key', 0)).toMatchObject({ allowed: true, remaining: 2, retryAfter: 0 });
		expect(await there.take('key', 0)).toMatchObject({ allowed: true, remaining: 1 });
		expect(await here.look('key', 0)).toMatchObject({ allowed: true, remaining: 1 });
		expect(await there.take('key', 0)).toMatchObject({ allowed: true, remaining: 0 });
		for (const buckets of [here, there]) {
			for (const state of [await buckets.look('key', 0), await buckets.take('key', 0)]) {
				expect(state).toMatchObject({ allowed: false, remaining: 0 });
				expect(state.retryAfter).toBeGreaterThan(slow.interval - 60_000);
				expect(state.retryAfter).toBeLessThanOrEqual(slow.interval);
				expect(state.fullAfter).toBeGreaterThan(3 * slow.interval - 60_000);
				expect(state.fullAfter).toBeLessThanOrEqual(3 * slow.interval);
			}
		}
		expect(await here.take('another', 0)).toMatchObject({ allowed: true, remaining: 2 });
	});

	test('a bucket fills again, drop by drop', async () => {
		const buckets = one.sharedBuckets('b', { capacity: 2, interval: 150 });
		await buckets.take('key', 0);
		await buckets.take('key', 0);
		const { allowed, retryAfter } = await buckets.take('key', 0);
		if (!allowed) await new Promise((resolve) => setTimeout(resolve, retryAfter + 5));
		expect(await buckets.take('key', 0)).toMatchObject({ allowed: true });
	});

	test('what is owed keeps it empty for longer, for all who share it', async () => {
		const [here, there] = [one.sharedBuckets('owed', slow), two.sharedBuckets('owed', slow)];
		await Promise.all(Array.from({ length: 5 }, async () => here.owe('key', 0)));
		const state = await there.look('key', 0);
		expect(state).toMatchObject({ allowed: false, remaining: 0 });
		expect(state.retryAfter).toBeGreaterThan(3 * slow.interval - 60_000);
		expect(state.retryAfter).toBeLessThanOrEqual(3 * slow.interval);
		await Promise.all(Array.from({ length: 20 }, async () => there.owe('key', 0)));
		expect((await here.look('key', 0)).fullAfter).toBeLessThanOrEqual(2 * 3 * slow.interval + 1);
		expect(await here.look('another', 0)).toMatchObject({ allowed: true, remaining: 3 });
	});

	test('two hundred at once: as many pass as there are', async () => {
		const both = [one.sharedBuckets('c', slow), two.sharedBuckets('c', slow)];
		const states = await Promise.all(Array.from({ length: 200 }, async (_, i) => both[i % 2]?.take('key', 0)));
		expect(states.filter((state) => state?.allowed === true)).toHaveLength(3);
	});

	test('a limit with another rule begins with full buckets', async () => {
		await one.sharedBuckets('d', slow).take('key', 0);
		expect(await two.sharedBuckets('d', { ...slow, capacity: 5 }).take('key', 0)).toMatchObject({ remaining: 4 });
	});

	test('rejects with StoreUnavailable, and with nothing else, when the store is away', async () => {
		const gone = await openRedisStore({ url: 'redis://127.0.0.1:1', clock: systemClock, log: fakeLog() });
		await expect(gone.sharedBuckets('e', slow).take('key', 0)).rejects.toBeInstanceOf(StoreUnavailable);
		await expect(gone.sharedBuckets('e', slow).look('key', 0)).rejects.toBeInstanceOf(StoreUnavailable);
		await gone.close();
	});
});

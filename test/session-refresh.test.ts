/**
 * One refresh for all: a hundred requests at the moment at which an access token ends, on two gateways with one Redis,
 * at a provider whose refresh tokens are good for one use and that takes everything away for a second.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createBrowser } from './support/browser.ts';
import { hasRedis, type RedisServer, startRedis } from './support/redis-server.ts';
import { endAtProvider, type SessionRig, startSessionRig } from './support/session-rig.ts';

const key = 'BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE=';

describe.skipIf(!hasRedis)('two gateways, one Redis', () => {
	let redis: RedisServer;
	beforeAll(async () => {
		redis = await startRedis();
	});
	afterAll(() => redis.stop());
	afterEach(() => vi.useRealTimers());

	describe.each(['handle', 'sealed'] as const)('cookie of kind %s', (kind) => {
		let rig: SessionRig;
		beforeAll(async () => {
			rig = await startSessionRig({
				gateways: 2,
				sessions: { cookie: { kind } },
				file: { store: { type: 'redis', url: redis.url, encryption_keys: [key] } },
			});
		});
		afterAll(() => rig.stop());

		/** So many requests at once, in turn on each gateway. */
		async function statuses(browser: ReturnType<typeof createBrowser>, count: number): Promise<number[]> {
			const asked = Array.from({ length: count }, (_, i) => browser.ask(`${rig.origins[i % 2]}/api/x`));
			return (await Promise.all(asked)).map(({ status }) => status);
		}

		test('a hundred requests at the moment of expiry: one refresh, none failed; again, and again', async () => {
			vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
			const browser = createBrowser();
			await browser.logIn(`${rig.origin}/api/x`);
			for (let round = 0; round < 3; round++) {
				const before = rig.grants.length;
				vi.setSystemTime(Date.now() + 301_000);
				expect(new Set(await statuses(browser, 100))).toEqual(new Set([200]));
				expect(rig.grants.length - before).toBe(1);
			}
		});

		test('a hundred requests shortly before: none waits, one refresh', async () => {
			vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
			const browser = createBrowser();
			await browser.logIn(`${rig.origin}/api/x`);
			const before = rig.grants.length;
			vi.setSystemTime(Date.now() + 270_000);
			expect(new Set(await statuses(browser, 100))).toEqual(new Set([200]));
			await vi.waitFor(() => expect(rig.grants.length - before).toBe(1));
		});

		test('a logout at the provider counts on both within a second', async () => {
			const browser = createBrowser();
			await browser.logIn(`${rig.origin}/api/x`);
			expect(await statuses(browser, 2)).toEqual([200, 200]);
			await endAtProvider(browser, rig.provider.issuer);
			const ended = Date.now();
			await vi.waitFor(async () => expect(await statuses(browser, 2)).toEqual([401, 401]), {
				timeout: 5_000,
				interval: 20,
			});
			expect(Date.now() - ended).toBeLessThan(1_000);
		});

		test('a logout here counts on the other one at once', async () => {
			const browser = createBrowser();
			await browser.logIn(`${rig.origin}/api/x`);
			const kept = new Map(browser.cookies('localhost'));
			await browser.ask(`${rig.origin}/auth/logout`, { method: 'POST' });
			for (const [name, value] of kept) browser.cookies('localhost').set(name, value);
			expect(await statuses(browser, 2)).toEqual([401, 401]);
		});
	});
});

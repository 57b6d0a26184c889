/** Rate limits that two gateways share through one real Redis, and what happens when it is away. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectForwarded, expectRefused, type GuardedGateway, startGuardedGateway } from './support/guarded-gateway.ts';
import { hasRedis, type RedisServer, startRedis } from './support/redis-server.ts';
import { alter, testKey } from './support/sign-jws.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

describe.skipIf(!hasRedis)('two gateways on one Redis', () => {
	let server: RedisServer;
	let provider: TestProvider;
	let gateways: readonly GuardedGateway[];

	beforeAll(async () => {
		server = await startRedis();
		provider = await createTestProvider({ keys: [testKey('ES256', 'shared limits')] });
		const start = () =>
			startGuardedGateway((upstream) => ({
				store: { type: 'redis', url: server.url, max_staleness: '5m' },
				providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
				rate_limits: {
					together: { by: 'client', requests: 4, per: '1h', shared: true },
					lenient: { by: 'client', requests: 2, per: '1h', shared: true, insecure_fail_open: true },
					guessing: { by: 'address', on: 'failed_authentication', requests: 4, per: '1h', shared: true },
				},
				routes: [
					{ name: 'together', path: '/together', rate_limits: ['together'], upstream },
					{ name: 'lenient', path: '/lenient', rate_limits: ['lenient'], upstream },
					{ name: 'guarded', path: '/guarded', rate_limits: ['guessing'], upstream },
				],
			}));
		gateways = await Promise.all([start(), start()]);
	}, 60_000);
	afterAll(async () => {
		await Promise.all(gateways.map((gateway) => gateway.stop()));
		await provider.stop();
		await server.stop();
	});

	const at = (index: number): GuardedGateway => {
		const gateway = gateways[index % 2];
		if (gateway === undefined) throw new Error('no such gateway');
		return gateway;
	};
	let serial = 0;
	const tokenOf = (client: string) => provider.issue({ client_id: client, jti: `shared ${serial++}` });

	test('both count together', async () => {
		const rest: (string | undefined)[] = [];
		for (let i = 0; i < 4; i++) {
			const seen = await at(i).send({ target: '/together', token: tokenOf('app') });
			expectForwarded(seen);
			rest.push(seen.response.headers.get('ratelimit')?.replace(/;t=.*/, ''));
		}
		expect(rest).toEqual(['"together";r=3', '"together";r=2', '"together";r=1', '"together";r=0']);
		for (let i = 0; i < 2; i++) {
			const { response, record } = await at(i).send({ target: '/together', token: tokenOf('app') });
			expect({ status: response.status, reason: record.reason }).toEqual({ status: 429, reason: 'rate_limited' });
			expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(800);
		}
		expectForwarded(await at(0).send({ target: '/together', token: tokenOf('another') }));
	});

	test('guesses at one count at the other', async () => {
		const guess = () => alter(tokenOf('app'), 2, 3);
		for (let i = 0; i < 4; i++) {
			expectRefused(await at(i).send({ target: '/guarded', token: guess() }), '401-IT', 'signature_invalid');
		}
		for (let i = 0; i < 2; i++) {
			const { response, record } = await at(i).send({ target: '/guarded', token: guess() });
			expect({ status: response.status, reason: record.reason }).toEqual({ status: 429, reason: 'rate_limited' });
		}
	});

	test('while Redis is away: refused, or counted by each for itself where that is said', async () => {
		await server.kill();
		expectRefused(await at(0).send({ target: '/together', token: tokenOf('late') }), '503', 'store_unavailable');
		expectRefused(await at(0).send({ target: '/guarded', token: tokenOf('late') }), '503', 'store_unavailable');
		for (const index of [0, 1]) {
			for (let i = 0; i < 2; i++) expectForwarded(await at(index).send({ target: '/lenient', token: tokenOf('late') }));
			const { response } = await at(index).send({ target: '/lenient', token: tokenOf('late') });
			expect(response.status).toBe(429);
		}
		await server.start();
		await expect
			.poll(async () => (await at(0).send({ target: '/together', token: tokenOf('later') })).response.status, {
				timeout: 20_000,
			})
			.toBe(200);
	}, 60_000);
});

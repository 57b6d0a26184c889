/** `rate-limit-by-key` of two gateways on one real Redis: one count for both, and none while it is away. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GuardedGateway } from './support/guarded-gateway.ts';
import { policyOf, startPolicyGateway } from './support/policy-gateway.ts';
import { hasRedis, type RedisServer, startRedis } from './support/redis-server.ts';

const limit =
	'<rate-limit-by-key calls="3" renewal-period="3600" counter-key="@(context.Request.Headers.GetValueOrDefault("X-Key","none"))" remaining-calls-header-name="X-Remaining" />';

describe.skipIf(!hasRedis)('two gateways on one Redis', () => {
	let server: RedisServer;
	let gateways: readonly GuardedGateway[] = [];

	beforeAll(async () => {
		server = await startRedis();
		const start = () =>
			startPolicyGateway(
				{ one: policyOf(limit), two: policyOf(limit) },
				{},
				{ config: { store: { type: 'redis', url: server.url, max_staleness: '5m' } } },
			);
		gateways = await Promise.all([start(), start()]);
	}, 60_000);
	afterAll(async () => {
		await Promise.all(gateways.map((gateway) => gateway.stop()));
		await server.stop();
	});

	async function came(index: number, target: string, key: string): Promise<readonly unknown[]> {
		const seen = await gateways[index % 2]?.send({ target, headers: [['X-Key', key]] });
		return [seen?.response.status, seen?.response.headers.get('x-remaining'), seen?.record.reason];
	}

	test('both count together, each statement and key for itself', async () => {
		for (const rest of [2, 1, 0]) expect(await came(rest, '/one', 'a')).toEqual([200, String(rest), undefined]);
		for (const index of [0, 1]) expect(await came(index, '/one', 'a')).toEqual([429, '0', 'rate_limited']);
		expect(await came(0, '/one', 'b')).toEqual([200, '2', undefined]);
		expect(await came(1, '/two', 'a')).toEqual([200, '2', undefined]);
	});

	test('while Redis is away nothing passes', async () => {
		await server.kill();
		for (const index of [0, 1]) expect(await came(index, '/one', 'c')).toEqual([503, undefined, 'store_unavailable']);
	});
});

/**
 * Token buckets in Redis, through the rate limiter library, which counts in fixed windows of its own accord: the script
 * that it runs is ours, and makes each of its counters a bucket. One script a request, by the clock of the server.
 */
import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import {
	type BucketRule,
	type BucketState,
	type Buckets,
	mostOwed,
	type SharedBuckets,
	StoreUnavailable,
} from '#core/index';
import type { SendCommand } from './redis-connection.ts';
import { runScript } from './redis-run-script.ts';

/**
 * As `pipeline/limit/token-bucket.ts`: the value is the moment at which the bucket is full, in milliseconds. Answers what
 * the library reads: tokens that are missing from the bucket, one more than it holds for a refusal; and milliseconds until
 * there is a token (a refusal), or until it is full. A cost of 0 looks, one of 2 takes a token that need not be there.
 */
function bucketScript(rule: BucketRule): string {
	const { capacity, interval } = rule;
	return `local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local interval, capacity = ${interval}, ${capacity}
local cost = tonumber(ARGV[1])
local full = tonumber(redis.call('GET', KEYS[1]) or '0')
if full < now then full = now end
local missing = (full - now) / interval
if cost > 1 then
  full = math.min(full + interval, now + ${capacity * interval + mostOwed(rule)})
  missing = (full - now) / interval
  redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now))
end
if missing > capacity - 1 + 1e-6 then
  return { capacity + 1, math.ceil((missing - capacity + 1) * interval) }
end
if cost == 1 then
  full = full + interval
  missing = missing + 1
  redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now))
end
return { math.ceil(missing - 1e-6), math.ceil(full - now) }`;
}

/** Keys begin with `prefix` and the name of their limit; two limits of one name and another rule do not share them. */
export function createRedisBuckets(send: SendCommand, prefix: string): SharedBuckets {
	return (name, rule) => {
		const { capacity, interval } = rule;
		const limiter = new RateLimiterRedis({
			storeClient: clientOf(send),
			useRedisPackage: true,
			keyPrefix: `${prefix}:limit:${name}:${capacity}/${interval}`,
			points: capacity,
			// The script has its own times; the library would do without it for less than a second.
			duration: Math.max(1, Math.ceil((capacity * interval) / 1000)),
			customIncrTtlLuaScript: bucketScript(rule),
		});
		return bucketsOf(limiter, rule);
	};
}

function bucketsOf(limiter: RateLimiterRedis, { interval }: BucketRule): Buckets {
	async function consume(key: string, cost: 0 | 1 | 2): Promise<BucketState> {
		try {
			const { remainingPoints, msBeforeNext } = await limiter.consume(key, cost);
			return { allowed: true, remaining: remainingPoints, retryAfter: 0, fullAfter: msBeforeNext };
		} catch (cause) {
			if (!isRefusal(cause)) {
				if (cause instanceof StoreUnavailable) throw cause;
				throw new StoreUnavailable('the rate limit could not be counted', { cause });
			}
			const { msBeforeNext } = cause;
			const fullAfter = (limiter.points - 1) * interval + msBeforeNext;
			return { allowed: false, remaining: 0, retryAfter: msBeforeNext, fullAfter };
		}
	}
	return {
		isShared: true,
		take: (key) => consume(key, 1),
		look: (key) => consume(key, 0),
		owe: (key) => consume(key, 2),
		keys: 0,
	};
}

/** The library rejects with its result where the limit is reached, and with an Error where it could not ask. */
function isRefusal(cause: unknown): cause is RateLimiterRes {
	return typeof cause === 'object' && cause !== null && !(cause instanceof Error) && 'msBeforeNext' in cause;
}

interface EvalOptions {
	readonly keys: readonly string[];
	readonly arguments: readonly string[];
}

/** What the library uses of a client, on the connection of the store: which drops who does not answer in time. */
function clientOf(send: SendCommand): { eval(script: string, options: EvalOptions): Promise<unknown> } {
	return { eval: (script, options) => runScript(send, script, options.keys, options.arguments) };
}

/**
 * The buckets of one limit in this process. A flood of keys takes a bounded amount of memory: beyond that, the buckets that
 * were not used for longest are forgotten, which is to say full again.
 */
import { LRUCache } from 'lru-cache';
import type { BucketRule, BucketState, Buckets } from '#core/index';
import { fullAfterOwing, fullAfterTaking, lookInto } from './token-bucket.ts';

/** Keys for each limit: with what a key takes, about 20 MiB. */
export const mostKeys = 100_000;

export interface LocalBuckets extends Buckets {
	/** Never waits. */
	take(key: string, monotonic: number): BucketState;
	look(key: string, monotonic: number): BucketState;
	owe(key: string, monotonic: number): BucketState;
}

export function createLocalBuckets(rule: BucketRule, maxKeys: number = mostKeys): LocalBuckets {
	/** When each bucket will be full: monotonic milliseconds. */
	const fullAt = new LRUCache<string, number>({ max: maxKeys });
	return {
		isShared: false,
		take(key, now) {
			const before = fullAt.get(key) ?? now;
			const state = lookInto(rule, before, now);
			if (!state.allowed) return state;
			const after = fullAfterTaking(rule, before, now);
			fullAt.set(key, after);
			return { ...lookInto(rule, after, now), allowed: true, retryAfter: 0 };
		},
		owe(key, now) {
			const after = fullAfterOwing(rule, fullAt.get(key) ?? now, now);
			fullAt.set(key, after);
			return lookInto(rule, after, now);
		},
		look: (key, now) => lookInto(rule, fullAt.peek(key) ?? now, now),
		get keys() {
			return fullAt.size;
		},
	};
}

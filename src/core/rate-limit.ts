/** The vocabulary of rate limits: token buckets, one for each key, in this process or shared by several gateways. */

/** By what requests are told apart. */
export const limitKeys = ['client', 'subject', 'provider', 'address'] as const;
export type LimitKey = (typeof limitKeys)[number];

/** A bucket holds `capacity` tokens when it is full and gains one every `interval` milliseconds. A request takes one. */
export interface BucketRule {
	/** Whole, 1 and more. */
	readonly capacity: number;
	readonly interval: number;
}

/** Milliseconds for which a bucket can stay empty for what is owed: as long as it takes to fill, or an hour if that is more. */
export function mostOwed({ capacity, interval }: BucketRule): number {
	return Math.max(capacity * interval, 3_600_000);
}

/** A bucket after somebody took a token from it, or looked. */
export interface BucketState {
	/** Whether there was a token. */
	readonly allowed: boolean;
	/** Whole tokens that are left. */
	readonly remaining: number;
	/** Milliseconds until there is a token; 0 when there is one. */
	readonly retryAfter: number;
	/** Milliseconds until it is full. */
	readonly fullAfter: number;
}

/** Buckets of one limit. What waits rejects with StoreUnavailable when the store does not answer, and with nothing else. */
export interface Buckets {
	/** `monotonic`: milliseconds. A shared bucket goes by the clock of the store. */
	take(key: string, monotonic: number): BucketState | Promise<BucketState>;
	/**
	 * Takes one that need not be there, and then is owed: for that much longer the bucket stays empty, but no longer than
	 * `mostOwed`. For what has happened already.
	 */
	owe(key: string, monotonic: number): BucketState | Promise<BucketState>;
	/** The same as `take` without taking: `allowed` says whether a token could be taken. */
	look(key: string, monotonic: number): BucketState | Promise<BucketState>;
	/** Whether several gateways share them: then every answer is a promise, else none is. */
	readonly isShared: boolean;
	/** Keys that are held in this process. */
	readonly keys: number;
}

/** Makes the buckets of a limit that several gateways share; `name` is the limit's. */
export type SharedBuckets = (name: string, rule: BucketRule) => Buckets;

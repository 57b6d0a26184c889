/**
 * A token bucket as one number (the generic cell rate algorithm, ITU-T I.371 Annex A): the moment at which it will be full
 * again. Nothing has to run to refill it, and a bucket whose moment has passed is as good as none.
 */
import { type BucketRule, type BucketState, mostOwed } from '#core/index';

/** Rounding of sums of fractions: far below a millisecond, far above what doubles lose. */
const tolerance = 1e-6;

/** The state of a bucket that will be full at `fullAt` (milliseconds of any clock that never goes back). */
export function lookInto(rule: BucketRule, fullAt: number, now: number): BucketState {
	const { capacity, interval } = rule;
	const fullAfter = Math.max(0, fullAt - now);
	/** Milliseconds until there is a token. */
	const wait = fullAfter - (capacity - 1) * interval;
	const allowed = wait <= tolerance;
	const remaining = Math.max(0, Math.floor(capacity - fullAfter / interval + tolerance));
	return { allowed, remaining, retryAfter: allowed ? 0 : wait, fullAfter };
}

/** When a bucket will be full once a token has been taken from it. */
export function fullAfterTaking({ interval }: BucketRule, fullAt: number, now: number): number {
	return Math.max(fullAt, now) + interval;
}

/** The same when the token need not be there. */
export function fullAfterOwing(rule: BucketRule, fullAt: number, now: number): number {
	return Math.min(fullAfterTaking(rule, fullAt, now), now + rule.capacity * rule.interval + mostOwed(rule));
}

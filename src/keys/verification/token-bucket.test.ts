import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket } from '#keys/verification/token-bucket';

test('two at once, then one every thirty seconds', () => {
	const bucket = new TokenBucket(2, 30_000, 0);
	const taken = [0, 0, 0, 29_999, 30_000, 30_001, 59_999, 60_000].map((at) => bucket.take(at));
	expect(taken).toEqual([true, true, false, false, true, false, false, true]);
});

test('a bucket that rested is full, not fuller, and its next permit takes its whole time', () => {
	const bucket = new TokenBucket(2, 30_000, 0);
	expect([bucket.take(1_000_010), bucket.take(1_000_010), bucket.take(1_000_010)]).toEqual([true, true, false]);
	expect(bucket.take(1_020_000)).toBe(false);
	expect(bucket.take(1_030_010)).toBe(true);
});

/** Permits that may be taken from one moment to another, both included. */
function most(from: number, to: number): number {
	return 2 + Math.floor((to - from) / 30_000);
}

test('over any time never more than capacity and one an interval', () => {
	fc.assert(
		fc.property(fc.array(fc.nat(20_000), { maxLength: 500 }), (steps) => {
			const bucket = new TokenBucket(2, 30_000, 0);
			let now = 0;
			const taken: number[] = [];
			for (const step of steps) {
				now += step;
				if (bucket.take(now)) taken.push(now);
			}
			const burst = taken.some((from, i) => taken.slice(i).some((to, j) => j + 1 > most(from, to)));
			expect(burst).toBe(false);
		}),
	);
});

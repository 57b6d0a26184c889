import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLocalBuckets } from './local-buckets.ts';

const rule = { capacity: 3, interval: 1_000 };

test('a full bucket gives what it holds, and then one an interval', () => {
	const buckets = createLocalBuckets(rule);
	expect([0, 0, 0, 0].map((now) => buckets.take('a', now).allowed)).toEqual([true, true, true, false]);
	expect(buckets.take('a', 999)).toMatchObject({ allowed: false, remaining: 0, retryAfter: 1, fullAfter: 2_001 });
	expect(buckets.take('a', 1_000)).toMatchObject({ allowed: true, remaining: 0, retryAfter: 0, fullAfter: 3_000 });
	expect(buckets.take('a', 1_000).allowed).toBe(false);
	expect(buckets.take('b', 1_000)).toMatchObject({ allowed: true, remaining: 2, fullAfter: 1_000 });
});

test('looking takes nothing', () => {
	const buckets = createLocalBuckets(rule);
	for (let i = 0; i < 10; i++)
		expect(buckets.look('a', 0)).toMatchObject({ allowed: true, remaining: 3, fullAfter: 0 });
	expect(buckets.keys).toBe(0);
	for (let i = 0; i < 3; i++) buckets.take('a', 0);
	expect(buckets.look('a', 500)).toMatchObject({ allowed: false, retryAfter: 500 });
	expect(buckets.take('a', 1_000).allowed).toBe(true);
});

test('what is owed keeps it empty for longer, by one interval each, up to a bound', () => {
	const buckets = createLocalBuckets(rule);
	for (let i = 0; i < 10; i++) buckets.owe('a', 0);
	expect(buckets.look('a', 0)).toMatchObject({ allowed: false, retryAfter: 8_000, fullAfter: 10_000 });
	expect([buckets.look('a', 7_999).allowed, buckets.take('a', 8_000).allowed]).toEqual([false, true]);
	for (let i = 0; i < 10_000; i++) buckets.owe('b', 0);
	expect(buckets.look('b', 0)).toMatchObject({ fullAfter: 3_000 + 3_600_000 });
	const slow = createLocalBuckets({ capacity: 3, interval: 3_600_000 });
	for (let i = 0; i < 100; i++) slow.owe('c', 0);
	expect(slow.look('c', 0)).toMatchObject({ fullAfter: 2 * 3 * 3_600_000 });
});

test('a refused request costs nothing', () => {
	const buckets = createLocalBuckets(rule);
	for (let i = 0; i < 1_000; i++) buckets.take('a', 0);
	expect(buckets.take('a', 1_000).allowed).toBe(true);
});

test('keys are bounded: those that were not used for longest are full again', () => {
	const buckets = createLocalBuckets(rule, 100);
	for (let i = 0; i < 3; i++) buckets.take('first', 0);
	for (let i = 0; i < 10_000; i++) buckets.take(`key ${i}`, 0);
	expect(buckets.keys).toBe(100);
	expect(buckets.take('first', 0).allowed).toBe(true);
});

/** The same in the words of the definition: a number of tokens that grows with time. */
function plainBucket({ capacity, interval }: { capacity: number; interval: number }) {
	let tokens = capacity;
	let before = 0;
	return (now: number): boolean => {
		tokens = Math.min(capacity, tokens + (now - before) / interval);
		before = now;
		if (tokens < 1 - 1e-6) return false;
		tokens -= 1;
		return true;
	};
}

test('agrees with a bucket that is filled drop by drop', () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 20 }),
			fc.integer({ min: 1, max: 2_000 }),
			fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 }),
			(capacity, interval, pauses) => {
				const buckets = createLocalBuckets({ capacity, interval });
				const plain = plainBucket({ capacity, interval });
				let now = 0;
				for (const pause of pauses) {
					now += pause;
					const looked = buckets.look('a', now);
					const state = buckets.take('a', now);
					expect(state.allowed).toBe(plain(now));
					expect(looked.allowed).toBe(state.allowed);
					expect(state.remaining).toBeGreaterThanOrEqual(0);
					expect(state.remaining).toBeLessThan(capacity + (state.allowed ? 0 : 1));
				}
			},
		),
	);
});

test('in no stretch of time pass more than it holds and what it gains', () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 10 }),
			fc.integer({ min: 1, max: 500 }),
			fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 150 }),
			(capacity, interval, pauses) => {
				const buckets = createLocalBuckets({ capacity, interval });
				let now = 0;
				const passed: number[] = [];
				for (const pause of pauses) {
					now += pause;
					if (buckets.take('a', now).allowed) passed.push(now);
				}
				for (const [i, from] of passed.entries()) {
					for (let j = i; j < passed.length; j++) {
						const stretch = (passed[j] ?? 0) - from;
						expect(j - i + 1).toBeLessThanOrEqual(capacity + Math.floor(stretch / interval + 1e-6));
					}
				}
			},
		),
		{ numRuns: 50 },
	);
});

test('says truly when the next one may pass', () => {
	const buckets = createLocalBuckets({ capacity: 2, interval: 600 });
	buckets.take('a', 0);
	buckets.take('a', 100);
	const { retryAfter } = buckets.take('a', 100);
	expect(buckets.look('a', 100 + retryAfter - 1).allowed).toBe(false);
	expect(buckets.look('a', 100 + retryAfter).allowed).toBe(true);
});

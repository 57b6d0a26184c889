import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
	freshness,
	defaultScheduleLimits as limits,
	refreshDelay,
	retryDelay,
} from '#keys/verification/refresh-schedule';

const minute = 60_000;

test.each([
	['', 15 * minute],
	['public', 15 * minute],
	['max-age=300', 5 * minute],
	['Public, MAX-AGE=300 , must-revalidate', 5 * minute],
	['max-age="300"', 5 * minute],
	['max-age=600, max-age=300', 5 * minute],
	['max-age=0', minute],
	['max-age=5', minute],
	['max-age=999999999', 24 * 60 * minute],
	['max-age=99999999999999999999', 15 * minute],
	['no-store', minute],
	['no-cache, max-age=300', minute],
	['no-cache="set-cookie", max-age=300', 5 * minute],
	['max-age=-1', 15 * minute],
	['max-age=abc', 15 * minute],
	['s-maxage=300', 15 * minute],
	['max-age', 15 * minute],
])('Cache-Control: %s', (value, expected) => {
	expect(freshness(new Map([['cache-control', value]]), limits)).toBe(expected);
});

function aged(age: string): number {
	return freshness(new Map(Object.entries({ 'cache-control': 'max-age=600', age })), limits);
}

test('Age counts (RFC 9111 §4.2.3), nonsense in it does not', () => {
	expect(aged('300')).toBe(5 * minute);
	expect(aged('9999')).toBe(minute);
	expect(aged('-5')).toBe(10 * minute);
	expect(aged('soon')).toBe(10 * minute);
	expect(freshness(new Map(), limits)).toBe(15 * minute);
});

test('keys are fetched again before they run out, and early enough to fail for a while', () => {
	expect(refreshDelay(15 * minute, 0, limits)).toBe(12 * minute);
	expect(refreshDelay(15 * minute, 0.999, limits)).toBeLessThan(15 * minute);
	const brief = { ...limits, staleFor: 5 * minute };
	expect(refreshDelay(60 * minute, 0.999, brief)).toBeLessThan(brief.staleFor / 2);
});

test('failures wait longer and longer, with jitter, never above the longest', () => {
	expect([1, 2, 3, 9, 10, 100, 1e9].map((n) => retryDelay(n, 1, limits) / 1000)).toEqual([1, 2, 4, 256, 300, 300, 300]);
	expect(retryDelay(1, 0, limits)).toBe(500);
});

test('whatever the header says, the time stays between floor and ceiling', () => {
	const directive = fc.constantFrom('max-age=', 'no-cache', 'no-store', ',', '=', '"', ' ', '0', '9', 'x');
	fc.assert(
		fc.property(fc.string({ unit: directive }), fc.string(), (cacheControl, age) => {
			const fresh = freshness(
				new Map([
					['cache-control', cacheControl],
					['age', age],
				]),
				limits,
			);
			expect(fresh >= limits.freshFloor && fresh <= limits.freshCeiling).toBe(true);
		}),
	);
});

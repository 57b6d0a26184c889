import { expect, test } from 'vitest';
import { quantile, ratio, spread } from './statistics.ts';

test('the median of an even number of rounds lies between the middle two', () => {
	expect(spread([4, 1, 3, 10])).toEqual({ median: 3.5, lowest: 1, highest: 10, count: 4 });
	expect(spread([7])).toEqual({ median: 7, lowest: 7, highest: 7, count: 1 });
	expect(spread([])).toBeUndefined();
});

test('ratios are taken within a round: a slow round hits both', () => {
	expect(ratio([10, 100, 10], [20, 200, 20])?.median).toBe(0.5);
	expect(ratio([10, 20], [5])).toEqual({ median: 2, lowest: 2, highest: 2, count: 1 });
	expect(ratio([1], [])).toBeUndefined();
	expect(ratio([Number.NaN, 6, 8], [1, 2, 2])).toEqual({ median: 3.5, lowest: 3, highest: 4, count: 2 });
});

test('quantiles are values that were measured', () => {
	const sorted = Float64Array.from({ length: 100 }, (_, index) => index + 1);
	expect([quantile(sorted, 0), quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 1)]).toEqual([
		1, 50, 99, 100,
	]);
	expect(quantile(new Float64Array(), 0.5)).toBeNaN();
});

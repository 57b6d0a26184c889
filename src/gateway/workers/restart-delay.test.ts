import { expect, test } from 'vitest';
import { restartDelay } from './restart-delay.ts';

test('at once the first time, then slower and slower, and never slower than half a minute', () => {
	expect([1, 2, 3, 4, 5, 6, 7, 8, 9].map(restartDelay)).toEqual([
		50, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
	]);
	expect(restartDelay(10_000)).toBe(30_000);
});

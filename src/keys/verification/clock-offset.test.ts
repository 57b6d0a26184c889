import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { clockOffset, clockWarning } from '#keys/verification/clock-offset';

const now = Date.UTC(2026, 0, 1, 12);
const date = (ms: number) => new Date(ms).toUTCString();

test.each([
	['the same', { date: date(now) }, 0],
	['half a second late', { date: date(now - 500) }, -1],
	['ours an hour behind', { date: date(now + 3_600_000) }, 3600],
	['ours an hour ahead', { date: date(now - 3_600_000) }, -3600],
	['from a cache that says how old it is', { date: date(now - 3_600_000), age: '3600' }, 0],
	['an Age that is none', { date: date(now), age: '-5' }, 0],
	['no date', {}, undefined],
	['no real date', { date: 'now' }, undefined],
] as const)('%s', (_, headers, expected) => {
	expect(clockOffset(new Map(Object.entries(headers)), now)).toBe(expected);
});

test('whatever the header fields hold, the offset is a whole number or nothing', () => {
	fc.assert(
		fc.property(fc.string(), fc.string(), (dateText, age) => {
			const offset = clockOffset(
				new Map([
					['date', dateText],
					['age', age],
				]),
				now,
			);
			return offset === undefined || Number.isSafeInteger(offset);
		}),
	);
});

test('half a minute is no matter; more is said with the direction in which to look', () => {
	expect([undefined, 0, 30, -30].map(clockWarning)).toEqual([undefined, undefined, undefined, undefined]);
	expect(clockWarning(31)).toContain('31 s behind the provider');
	expect(clockWarning(-3600)).toContain('3600 s ahead of the provider');
});

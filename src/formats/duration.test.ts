import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

test.each([
	['250ms', 250],
	['0s', 0],
	['30s', 30_000],
	['5m', 300_000],
	['1h', 3_600_000],
	['7d', 604_800_000],
])('%s is %d ms', (text, milliseconds) => {
	expect(parseDuration(text)).toBe(milliseconds);
});

test.each([
	'',
	'5',
	'm',
	'5 m',
	' 5m',
	'5m ',
	'5M',
	'-5m',
	'+5m',
	'1.5h',
	'1e3s',
	'05m',
	'1h30m',
	'5min',
	'9'.repeat(20) + 's',
	'٣s',
])('%j is no duration', (text) => {
	expect(parseDuration(text)).toBeUndefined();
});

test.each([
	[0, '0s'],
	[45, '45s'],
	[300, '5m'],
	[5400, '1h30m'],
	[86_400, '1d'],
	[90_061, '1d1h1m1s'],
	[0.25, '250ms'],
	[1.5, '1s500ms'],
	[0.0001, '0s'],
	[-5, '-5s'],
	[-0.0001, '0s'],
	[Number.POSITIVE_INFINITY, 'forever'],
	[1e308, 'forever'],
	[Number.NaN, 'an unknown time'],
])('%d seconds are %s', (seconds, text) => {
	expect(formatDuration(seconds)).toBe(text);
});

test('the parts of what is written add up to what was meant', () => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: 1e12 }), (milliseconds) => {
			const parts = formatDuration(milliseconds / 1000).match(/\d+[a-z]+/g) ?? [];
			const sum = parts.reduce((total, part) => total + (parseDuration(part) ?? Number.NaN), 0);
			expect(sum).toBe(milliseconds);
		}),
	);
});

test('never throws', () => {
	fc.assert(
		fc.property(fc.string(), fc.double(), (text, seconds) => {
			expect(parseDuration(text) ?? 0).toBeGreaterThanOrEqual(0);
			expect(formatDuration(seconds)).not.toBe('');
		}),
	);
});

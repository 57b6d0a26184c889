import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatRoundTripTime, parseRoundTripTime } from './round-trip-time.ts';

test('whole seconds come back', () => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
			const text = formatRoundTripTime(seconds);
			expect(text).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.0000000Z$/);
			expect(parseRoundTripTime(text)).toBe(seconds);
		}),
	);
});

test.each([
	['2030-03-17T17:46:40.0000000Z', 1_900_000_000],
	['2030-03-17T17:46:40Z', 1_900_000_000],
	['2030-03-17T17:46:40.5Z', 1_900_000_000.5],
	['2030-03-17T19:46:40.0000000+02:00', 1_900_000_000],
	['2030-03-17T07:16:40.0000000-10:30', 1_900_000_000],
	['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29) / 1000],
])('%s', (text, seconds) => {
	expect(parseRoundTripTime(text)).toBe(seconds);
});

test.each([
	'2030-02-29T00:00:00Z',
	'2030-00-10T00:00:00Z',
	'2030-13-10T00:00:00Z',
	'2030-03-00T00:00:00Z',
	'2030-03-32T00:00:00Z',
	'2030-03-17T24:00:00Z',
	'2030-03-17T23:60:00Z',
	'2030-03-17T23:59:60Z',
	'2030-03-17T17:46:40',
	'2030-03-17T17:46:40+15:00',
	'2030-03-17T17:46:40+02:60',
	'2030-03-17T17:46:40+0200',
	'2030-03-17T17:46:40.Z',
	'2030-03-17T17:46:40.12345678Z',
	'1969-12-31T23:59:59Z',
	'+02030-03-17T17:46:40Z',
	' 2030-03-17T17:46:40Z',
	'2030-03-17T17:46:40Z\n',
])('%j is no time', (text) => {
	expect(parseRoundTripTime(text)).toBeUndefined();
});

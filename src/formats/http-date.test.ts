import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseHttpDate } from '#formats/http-date';

test('RFC 9110 §5.6.7: the example', () => {
	expect(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
});

test('every date that can be written is read back', () => {
	const seconds = fc.integer({ min: Date.UTC(1, 0, 1) / 1000, max: Date.UTC(9999, 11, 31, 23, 59, 59) / 1000 });
	fc.assert(
		fc.property(seconds, (time) => {
			const text = new Date(time * 1000).toUTCString();
			fc.pre(/ [0-9]{4} /.test(text));
			expect(parseHttpDate(text)).toBe(time * 1000);
		}),
	);
});

test('any other text is no date', () => {
	fc.assert(fc.property(fc.string(), (text) => parseHttpDate(text) === undefined));
});

test.each([
	'Mon, 06 Nov 1994 08:49:37 GMT',
	'Sun, 06 Nov 1994 08:49:37 UTC',
	'Sun, 06 Nov 1994 08:49:37 +0000',
	'Sun, 06 Nov 1994 24:00:00 GMT',
	'Sun, 31 Feb 1994 08:49:37 GMT',
	'Sun, 6 Nov 1994 08:49:37 GMT',
	'sun, 06 nov 1994 08:49:37 gmt',
	'Sunday, 06-Nov-94 08:49:37 GMT',
	'Sun Nov  6 08:49:37 1994',
	' Sun, 06 Nov 1994 08:49:37 GMT',
	'784111777',
	'',
])('%j', (text) => {
	expect(parseHttpDate(text)).toBeUndefined();
});

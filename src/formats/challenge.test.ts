import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatChallenge } from './challenge.ts';

test('RFC 6750 §3', () => {
	expect(
		formatChallenge('Bearer', [
			['realm', 'example'],
			['error', 'invalid_token'],
			['error_description', 'The access token expired'],
		]),
	).toBe('Bearer realm="example", error="invalid_token", error_description="The access token expired"');
});

test('numbers are quoted too (RFC 9470 §3), and what is undefined is left out', () => {
	expect(
		formatChallenge('Bearer', [
			['realm', undefined],
			['max_age', 5],
			['acr_values', undefined],
		]),
	).toBe('Bearer max_age="5"');
});

test('a scheme alone', () => {
	expect(formatChallenge('Bearer', [])).toBe('Bearer');
	expect(formatChallenge('Bearer', [['realm', undefined]])).toBe('Bearer');
});

test.each(['a\r\nSet-Cookie: x=1', 'a\u0000', '\t', '\u007f', 'é', '\u010d'])('the value %j is a bug', (value) => {
	expect(() => formatChallenge('Bearer', [['realm', value]])).toThrow('realm');
});

test.each(['', 'a b', 'a"', 'é'])('%j is no scheme and no name', (name) => {
	expect(() => formatChallenge(name, [])).toThrow('scheme');
	expect(() => formatChallenge('Bearer', [[name, 'a']])).toThrow('name');
});

test('a reader of quoted strings gets every value back', () => {
	const values = fc.array(fc.string({ unit: 'grapheme-ascii' }), { minLength: 1, maxLength: 4 });
	fc.assert(
		fc.property(values, (written) => {
			const text = formatChallenge(
				'Bearer',
				written.map((value, index) => [`p${index}`, value]),
			);
			const read = Array.from(text.matchAll(/p\d+="((?:[^"\\]|\\.)*)"(?:, |$)/g), (match) => match[1] ?? '');
			expect(read.map((value) => value.replaceAll(/\\(.)/g, '$1'))).toEqual(written);
		}),
	);
});

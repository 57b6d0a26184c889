import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { encodeUtf8 } from './utf8.ts';

test.each([
	['', ''],
	['f', 'Zg'],
	['fo', 'Zm8'],
	['foo', 'Zm9v'],
	['foob', 'Zm9vYg'],
	['fooba', 'Zm9vYmE'],
	['foobar', 'Zm9vYmFy'],
])('RFC 4648 §10: %j is %j', (text, encoded) => {
	expect(encodeBase64url(encodeUtf8(text))).toBe(encoded);
	expect(decodeBase64url(encoded)).toEqual(encodeUtf8(text));
});

test('RFC 7515 appendix C', () => {
	expect(encodeBase64url(Uint8Array.of(3, 236, 255, 224, 193))).toBe('A-z_4ME');
	expect(decodeBase64url('A-z_4ME')).toEqual(Uint8Array.of(3, 236, 255, 224, 193));
});

test.each([
	['padding', 'Zg=='],
	['padding in the middle', 'Zg==Zm9v'],
	['the standard alphabet', 'A+z/4ME'],
	['a space', 'Zm9 v'],
	['a tab', 'Zm9v\t'],
	['a line break', 'Zm9v\r\n'],
	['a length of 4n + 1', 'Zm9vY'],
	['one character', 'A'],
	['unused bits set, one octet', 'Zh'],
	['unused bits set, two octets', 'Zm9'],
	['a dot', 'Zm9v.'],
	['NUL', 'Zm9\u0000'],
	['a character whose low seven bits are a letter', 'Zm9\u00f6'],
	['a character whose low octet is a letter', 'Zm9\u0176'],
	['the same where the last group is short', '\u0141A'],
])('refuses %s', (_, text) => {
	expect(decodeBase64url(text)).toBeNull();
});

test('decodes what it encodes, as others do', () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
			const encoded = encodeBase64url(bytes);
			expect(encoded).toBe(Buffer.from(bytes).toString('base64url'));
			expect(decodeBase64url(encoded)).toEqual(bytes);
		}),
	);
});

test('accepts only what encodes to the same text again', () => {
	const alphabet = [
		'A',
		'B',
		'C',
		'Z',
		'a',
		'z',
		'0',
		'1',
		'8',
		'9',
		'-',
		'_',
		'+',
		'/',
		'=',
		' ',
		'\n',
		'\u00c1',
		'\u2028',
	];
	const text = fc.oneof(
		fc.string(),
		fc.array(fc.constantFrom(...alphabet), { maxLength: 9 }).map((all) => all.join('')),
	);
	fc.assert(
		fc.property(text, (candidate) => {
			const bytes = decodeBase64url(candidate);
			const canonical = Buffer.from(candidate, 'base64url').toString('base64url') === candidate;
			expect(bytes === null ? null : encodeBase64url(bytes)).toBe(canonical ? candidate : null);
		}),
		{ numRuns: 2000 },
	);
});

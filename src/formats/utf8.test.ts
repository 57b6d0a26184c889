import { isUtf8 } from 'node:buffer';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUtf8, encodeAsciiInto, encodeUtf8 } from './utf8.ts';

test.each([
	['an overlong dot', [0xc0, 0xae]],
	['an overlong slash in three octets', [0xe0, 0x80, 0xaf]],
	['a surrogate', [0xed, 0xa0, 0x80]],
	['a lone continuation', [0x80]],
	['a cut sequence', [0x61, 0xe2, 0x82]],
	['a code point over U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
	['UTF-16', [0xff, 0xfe, 0x7b, 0x00]],
])('refuses %s', (_, octets) => {
	expect(decodeUtf8(Uint8Array.from(octets))).toBeNull();
});

test('keeps a byte order mark', () => {
	expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b))).toBe('\ufeff{');
});

test('a failure leaves nothing behind for the next text', () => {
	expect(decodeUtf8(Uint8Array.of(0xe2, 0x82))).toBeNull();
	expect(decodeUtf8(Uint8Array.of(0x61))).toBe('a');
});

test('decodes what it encodes', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'binary' }), (text) => {
			expect(decodeUtf8(encodeUtf8(text))).toBe(text);
		}),
	);
});

test('accepts only what encodes to the same octets again', () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => {
			const text = decodeUtf8(bytes);
			expect(text === null ? null : encodeUtf8(text)).toEqual(isUtf8(bytes) ? bytes : null);
		}),
		{ numRuns: 1000 },
	);
});

test('a lone surrogate becomes U+FFFD', () => {
	expect(encodeUtf8('\ud800')).toEqual(Uint8Array.of(0xef, 0xbf, 0xbd));
});

test.each([
	['abc', 3, true],
	['', 0, true],
	['abc', 2, false],
	['ab\x7f', 8, true],
	['ab\x80', 8, false],
	['éa', 2, false],
	['aé', 8, false],
	['€', 1, false],
	['\ud800', 3, false],
])('%j as ASCII into %i octets: %s', (text, room, fits) => {
	const octets = new Uint8Array(room);
	expect(encodeAsciiInto(text, octets)).toBe(fits);
	if (fits) expect(Buffer.from(octets.subarray(0, text.length)).toString('latin1')).toBe(text);
});

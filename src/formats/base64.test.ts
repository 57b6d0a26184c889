import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64, encodeBase64 } from './base64.ts';

test('any octets come back, and are written as Node writes them', () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
			const text = encodeBase64(bytes);
			expect(text).toBe(Buffer.from(bytes).toString('base64'));
			expect(decodeBase64(text)).toEqual(bytes);
		}),
	);
});

test.each(['A', 'AA', 'AAA', 'AA=', 'AA==A', 'AA===', '=AAA', 'A A=', 'AAA\n', 'AA-_', 'AB==', 'AAB=', 'ÄAAA', '===='])(
	'%j is refused',
	(text) => {
		expect(decodeBase64(text)).toBeNull();
	},
);

test('one text for one value: what is read is what would be written', () => {
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(...'AQg+/=-_ \n'.split('')), maxLength: 12 }), (text) => {
			const bytes = decodeBase64(text);
			if (bytes !== null) expect(encodeBase64(bytes)).toBe(text);
		}),
	);
});

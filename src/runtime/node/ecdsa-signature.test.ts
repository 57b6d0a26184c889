import { generateKeyPairSync, sign, verify } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { derSignature, joseSignature } from './ecdsa-signature.ts';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

test.each([
	['two small numbers', '0102', '3006020101020102'],
	['a first bit that is set', '80ff', '300802020080020200ff'],
	['leading zeros', '0000000700000080', '300702010702020080'],
	['zero', '00000000', '3006020100020100'],
])('%s', (_, signature, der) => {
	expect(hex(derSignature(Buffer.from(signature, 'hex')))).toBe(der);
});

test('from 128 octets on the length takes two', () => {
	expect(hex(derSignature(Buffer.alloc(122, 1))).slice(0, 8)).toBe('307e023d');
	expect(hex(derSignature(Buffer.alloc(124, 1))).slice(0, 10)).toBe('308180023e');
	expect(hex(derSignature(Buffer.alloc(132, 0xff))).slice(0, 12)).toBe('30818a024300');
});

const curves = [
	['P-256', 'sha256', 32],
	['P-384', 'sha384', 48],
	['P-521', 'sha512', 66],
] as const;

test.each(curves)('%s: verifies exactly what node verifies of the form that JOSE has', (namedCurve, hash, half) => {
	const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
	const input = Buffer.from('header.payload');
	const genuine = sign(hash, input, { key: privateKey, dsaEncoding: 'ieee-p1363' });
	const part = fc.oneof(
		fc.constantFrom(Buffer.alloc(half), Buffer.alloc(half, 0xff), genuine.subarray(0, half), genuine.subarray(half)),
		fc.uint8Array({ minLength: half, maxLength: half }),
	);
	fc.assert(
		fc.property(part, part, (r, s) => {
			const signature = Buffer.concat([r, s]);
			const expected = verify(hash, input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
			expect(verify(hash, input, publicKey, derSignature(signature))).toBe(expected);
		}),
		{ numRuns: 100 },
	);
});

test.each(curves)('%s: signatures of all lengths that their numbers can have', (namedCurve, hash) => {
	const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
	// One in 256 numbers is an octet shorter, and every second one has its first bit set.
	for (let i = 0; i < 400; i++) {
		const input = Buffer.from(`${i}`);
		const signature = sign(hash, input, { key: privateKey, dsaEncoding: 'ieee-p1363' });
		expect(verify(hash, input, publicKey, derSignature(signature)), hex(signature)).toBe(true);
	}
});

test('the other way round, every signature is the same again', () => {
	fc.assert(
		fc.property(
			fc.constantFrom(1, 32, 48, 66),
			fc.infiniteStream(fc.constantFrom(0, 0, 1, 0x7f, 0x80, 0xff)),
			(half, octets) => {
				const signature = Uint8Array.from(octets.take(2 * half));
				expect(joseSignature(derSignature(signature), half)).toEqual(signature);
			},
		),
	);
});

test.each(curves)('%s: what node makes in its own form verifies in the one of JOSE', (namedCurve, hash, half) => {
	const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
	for (let i = 0; i < 300; i++) {
		const input = Buffer.from(`${i}`);
		const signature = joseSignature(sign(hash, input, privateKey), half);
		expect(signature).toHaveLength(2 * half);
		expect(verify(hash, input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature), hex(signature)).toBe(true);
	}
});

test.each([
	['nothing', ''],
	['another tag', '3106020101020102'],
	['a length that is not its own', '3007020101020102'],
	['one integer', '3003020101'],
	['something behind', '300602010102010200'],
	['something within behind', '30080201010201020500'],
	['an integer that ends too late', '3006020101020202'],
	['another type', '3006040101020102'],
	['a number of three octets', '30080203010203020102'],
])('%s is no signature of a curve of two octets', (_, der) => {
	expect(() => joseSignature(Buffer.from(der, 'hex'), 2)).toThrow('not a DER sequence');
});

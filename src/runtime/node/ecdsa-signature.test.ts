import { generateKeyPairSync, sign, verify } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { derSignature } from './ecdsa-signature.ts';

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

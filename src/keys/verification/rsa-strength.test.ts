import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { bitLength, rsaWeakness } from '#keys/verification/rsa-strength';
import { rocaModulus } from '../../../test/support/roca.ts';

const f4 = Uint8Array.of(1, 0, 1);
const good = modulusOf(2048);

function modulusOf(bits: number): Uint8Array {
	const { n } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
	return Buffer.from(n ?? '', 'base64url');
}

function octets(number: bigint): Uint8Array {
	const hex = number.toString(16);
	return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

test('passes what ordinary generators make', () => {
	expect(rsaWeakness(good, f4)).toBeUndefined();
	expect(rsaWeakness(good, Uint8Array.of(3))).toBeUndefined();
	expect(rsaWeakness(Buffer.concat([Buffer.from([0]), good]), f4)).toBeUndefined();
	expect(rsaWeakness(modulusOf(3072), f4)).toBeUndefined();
});

test('counts the bits of the number, not of its octets', () => {
	expect(bitLength(new Uint8Array(0))).toBe(0);
	expect(bitLength(Uint8Array.of(0, 0))).toBe(0);
	expect(bitLength(Uint8Array.of(0, 1, 255))).toBe(9);
	expect(rsaWeakness(octets(2n ** 2047n - 1n), f4)).toBe('a modulus of 2047 bits, 2048 is the least');
	const padded = new Uint8Array(256);
	padded.set(modulusOf(1024), 128);
	expect(rsaWeakness(padded, f4)).toBe('a modulus of 1024 bits, 2048 is the least');
	expect(rsaWeakness(octets(2n ** 16_384n + 1n), f4)).toBe('a modulus of 16385 bits, 16384 is the most');
});

test.each([
	['0', 0n],
	['1', 1n],
	['2', 2n],
	['65536', 65_536n],
	['2^33 + 1', 2n ** 33n + 1n],
	['2^1000 + 1', 2n ** 1000n + 1n],
])('refuses the exponent %s', (_, exponent) => {
	expect(rsaWeakness(good, octets(exponent))).toContain('exponent');
});

test('refuses an even modulus and one with a small factor', () => {
	const n = BigInt(`0x${Buffer.from(good).toString('hex')}`);
	expect(rsaWeakness(octets(n + 1n), f4)).toBe('an even modulus');
	expect(rsaWeakness(octets(n * 167n), f4)).toBe('a modulus with a small factor');
});

test('CVE-2017-15361: refuses a modulus of the flawed generator, and only because of its residues', () => {
	const flawed = rocaModulus();
	expect(flawed.toString(2)).toHaveLength(2048);
	expect(rsaWeakness(octets(flawed), f4)).toContain('ROCA');
	expect(rsaWeakness(octets(flawed + 4n), f4) ?? '').not.toContain('ROCA');
});

import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { isSmallOrder } from '#keys/verification/edwards25519';

const p = 2n ** 255n - 19n;
const d = (-121_665n * power(121_666n, p - 2n)) % p;

function power(base: bigint, exponent: bigint): bigint {
	let result = 1n;
	for (let b = ((base % p) + p) % p, e = exponent; e > 0n; e >>= 1n, b = (b * b) % p)
		if (e & 1n) result = (result * b) % p;
	return result;
}

/** y of the doubled point, from y alone: both coordinates of RFC 8032 §5.1.4 through x² of the curve equation. */
function doubled(y: bigint): bigint {
	const y2 = (y * y) % p;
	const x2 = ((y2 - 1n) * power(d * y2 + 1n, p - 2n)) % p;
	const denominator = 1n - d * x2 * y2;
	return ((((y2 + x2) * power(denominator, p - 2n)) % p) + p) % p;
}

function encoded(y: bigint, sign: 0n | 1n = 0n): Uint8Array {
	return Uint8Array.from({ length: 32 }, (_, i) => Number(((y + (sign << 255n)) >> BigInt(8 * i)) & 255n));
}

const eighth = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;

test('doubling three times takes the listed points to the neutral element', () => {
	for (const y of [0n, 1n, p - 1n, eighth, p - eighth]) {
		expect(doubled(doubled(doubled(y)))).toBe(1n);
		for (const sign of [0n, 1n] as const) expect(isSmallOrder(encoded(y, sign))).toBe(true);
	}
	expect(doubled(doubled(eighth))).toBe(p - 1n);
});

test('non-canonical encodings count as well', () => {
	expect(isSmallOrder(encoded(p))).toBe(true);
	expect(isSmallOrder(encoded(p + 1n))).toBe(true);
});

test('real keys pass', () => {
	for (let i = 0; i < 5; i++) {
		const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
		expect(isSmallOrder(Buffer.from(x ?? '', 'base64url'))).toBe(false);
	}
});

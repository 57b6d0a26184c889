/**
 * Points of small order on edwards25519 (RFC 8032 §5.1): as public keys they verify signatures that anybody can make.
 * Recognised by the y coordinate alone, in canonical and non-canonical encodings.
 */

const field = 2n ** 255n - 19n;

/** y of the points of order 8; the other two have its negative. */
const eighth = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;

const smallOrder: ReadonlySet<bigint> = new Set([0n, 1n, field - 1n, eighth, field - eighth]);

/** Whether 32 octets (RFC 8032 §5.1.2) encode a point whose order divides 8. Does not check that it is a point at all. */
export function isSmallOrder(encoded: Uint8Array): boolean {
	let y = 0n;
	for (let i = 31; i >= 0; i--) y = y * 256n + BigInt(encoded[i] ?? 0);
	return smallOrder.has((y & (2n ** 255n - 1n)) % field);
}

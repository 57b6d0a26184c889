/**
 * Is this RSA public key strong enough to be believed? Size, exponent, small factors, and the ROCA fingerprint
 * (CVE-2017-15361). Whether the modulus is a product of two primes cannot be seen from outside and is not checked.
 */

const minimumBits = 2048;
const maximumBits = 16_384;
const maximumExponent = 2n ** 33n;

/** Odd primes up to 167: each divides the primorial of every key size that the flawed generator used. */
const primes = [
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
	127, 131, 137, 139, 149, 151, 157, 163, 167,
] as const;

/** Residues that powers of 65537 take modulo each prime: the flawed generator only makes moduli among these. */
const generated: readonly (readonly [prime: bigint, residues: ReadonlySet<bigint>])[] = primes.map((prime) => {
	const modulus = BigInt(prime);
	const residues = new Set<bigint>();
	for (let power = 1n; !residues.has(power); power = (power * 65_537n) % modulus) residues.add(power);
	return [modulus, residues];
});

const product = primes.reduce((all, prime) => all * BigInt(prime), 1n);

/**
 * What is wrong with an RSA public key, or undefined. `modulus` and `exponent` are big-endian octets (RFC 7518 §6.3.1);
 * leading zero octets do not count towards the size. Accepts 2048 to 16384 bits and odd exponents from 3 to 2^33.
 */
export function rsaWeakness(modulus: Uint8Array, exponent: Uint8Array): string | undefined {
	const bits = bitLength(modulus);
	if (bits < minimumBits) return `a modulus of ${bits} bits, ${minimumBits} is the least`;
	if (bits > maximumBits) return `a modulus of ${bits} bits, ${maximumBits} is the most`;
	const e = exponent.length > 16 ? maximumExponent + 1n : toBigInt(exponent);
	if (e < 3n || e % 2n === 0n || e > maximumExponent) return 'a public exponent that is even, below 3 or far too large';
	const n = toBigInt(modulus);
	if (n % 2n === 0n) return 'an even modulus';
	const residue = n % product;
	if (primes.some((prime) => residue % BigInt(prime) === 0n)) return 'a modulus with a small factor';
	if (generated.every(([prime, residues]) => residues.has(residue % prime))) {
		return 'a modulus with the fingerprint of CVE-2017-15361 (ROCA)';
	}
	return undefined;
}

/** Number of bits of a big-endian number, without its leading zeros. */
export function bitLength(octets: Uint8Array): number {
	const first = octets.findIndex((octet) => octet !== 0);
	if (first < 0) return 0;
	return (octets.length - first) * 8 - (Math.clz32(octets[first] ?? 0) - 24);
}

function toBigInt(octets: Uint8Array): bigint {
	let hex = '0x0';
	for (const octet of octets) hex += octet.toString(16).padStart(2, '0');
	return BigInt(hex);
}

/**
 * An ECDSA signature as JOSE writes it (RFC 7518 §3.4: r and s, each as long as the curve's order) and as OpenSSL does
 * (RFC 3279 §2.2.3: a DER sequence of two integers). Node converts it too, when it is asked by an option; but a key that
 * comes with options costs thirty microseconds, half of a verification and more than a signature.
 */

const sequence = 0x30;
const integer = 0x02;

/** `signature` must have an even length of at most 254 octets. Whether r and s are in range is for the verification to see. */
export function derSignature(signature: Uint8Array): Uint8Array {
	const half = signature.length / 2;
	const r = firstOctet(signature, 0, half);
	const s = firstOctet(signature, half, signature.length);
	const content = integerOctets(signature, r, half) + integerOctets(signature, s, signature.length);
	// X.690 §8.1.3.5: from 128 octets on, the length has an octet of its own before it.
	const isLong = content > 127;
	const der = Buffer.alloc(content + (isLong ? 3 : 2));
	der[0] = sequence;
	if (isLong) der[1] = 0x81;
	der[isLong ? 2 : 1] = content;
	const next = writeInteger(der, isLong ? 3 : 2, signature, r, half);
	writeInteger(der, next, signature, s, signature.length);
	return der;
}

/**
 * The other way: r and s in `half` octets each. `der` must come from OpenSSL; throws an Error when it is no such sequence,
 * or holds a number that is too large.
 */
export function joseSignature(der: Uint8Array, half: number): Uint8Array {
	const start = der[1] === 0x81 ? 3 : 2;
	const signature = new Uint8Array(2 * half);
	const next = readInteger(der, start, signature, 0, half);
	const end = readInteger(der, next, signature, half, 2 * half);
	if (der[0] !== sequence || der[start - 1] !== der.length - start || end !== der.length) throw notDer();
	return signature;
}

/** Right-aligned between `from` and `to`. The index of what follows. */
function readInteger(der: Uint8Array, at: number, signature: Uint8Array, from: number, to: number): number {
	const end = at + 2 + (der[at + 1] ?? 0);
	let first = at + 2;
	while (first < end && der[first] === 0) first++;
	if (der[at] !== integer || end > der.length || end - first > to - from) throw notDer();
	signature.set(der.subarray(first, end), to - (end - first));
	return end;
}

function notDer(): Error {
	return new Error('an ECDSA signature that is not a DER sequence of two integers of the curve');
}

/** Index of the first octet that counts: an integer has no leading zeros, but zero itself has one octet. */
function firstOctet(signature: Uint8Array, from: number, to: number): number {
	let first = from;
	while (first < to - 1 && signature[first] === 0) first++;
	return first;
}

/** X.690 §8.3.3: the first bit is the sign, so a number that begins with it set has a zero octet before it. */
function hasHighBit(signature: Uint8Array, first: number): boolean {
	return ((signature[first] ?? 0) & 0x80) !== 0;
}

function integerOctets(signature: Uint8Array, first: number, to: number): number {
	return 2 + (hasHighBit(signature, first) ? 1 : 0) + to - first;
}

function writeInteger(der: Uint8Array, at: number, signature: Uint8Array, first: number, to: number): number {
	const end = at + integerOctets(signature, first, to);
	der[at] = integer;
	der[at + 1] = end - at - 2;
	der.set(signature.subarray(first, to), end - (to - first));
	return end;
}

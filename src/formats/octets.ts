/**
 * Short octet sequences, cut out of larger blocks. Memory of a typed array lies outside of V8's heap, and each piece of its
 * own costs a call to the allocator and a finaliser; a token has several.
 */

const blockOctets = 16_384;
let block = new ArrayBuffer(blockOctets);
let used = 0;

/**
 * `length` zero octets that nobody else has or will get. They keep a block of 16 KiB alive, so they are for what lives as
 * long as a decision: not for what is kept, nor for what a request knows that is allowed and may last for hours.
 */
export function briefOctets(length: number): Uint8Array {
	if (length > blockOctets / 4) return new Uint8Array(length);
	if (used + length > blockOctets) {
		block = new ArrayBuffer(blockOctets);
		used = 0;
	}
	const octets = new Uint8Array(block, used, length);
	used += length;
	return octets;
}

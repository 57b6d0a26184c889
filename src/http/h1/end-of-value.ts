/**
 * Where a field value ends. A token is a thousand octets, and there is no shorter way to know that none of them is a control
 * character than to look at all; so beyond the first few they are looked at four at a time, as one number.
 */
import { isValueOctet } from './octets.ts';

/** Octets that are looked at one by one: most values are no longer. */
const few = 16;

/** The memory that was read last, in whole numbers: plain connections all read into the same. */
let memory: ArrayBufferLike | undefined;
let words: Int32Array = new Int32Array(0);

/** Position of the first octet from `from` on that no value may hold (RFC 9110 §5.5); `to` when there is none. */
export function endOfValue(bytes: Uint8Array, from: number, to: number): number {
	const near = Math.min(to, from + few);
	let at = from;
	while (at < near && isValueOctet[bytes[at] ?? 0] === 1) at += 1;
	if (at < near || at === to) return at;
	at = plainEnd(bytes, at, to);
	while (at < to && isValueOctet[bytes[at] ?? 0] === 1) at += 1;
	return at;
}

/** A position up to which every octet may be in a value: not always the last such one, but close to it in most values. */
function plainEnd(bytes: Uint8Array, from: number, to: number): number {
	if (bytes.buffer !== memory) {
		memory = bytes.buffer;
		words = new Int32Array(memory, 0, memory.byteLength >> 2);
	}
	const offset = bytes.byteOffset;
	const end = offset + to;
	const last = end >> 2;
	// The first whole number that begins at or behind `from`; that may be behind `to` too.
	let word = (offset + from + 3) >> 2;
	const first = Math.min(word << 2, end);
	for (let at = offset + from; at < first; at++) if (isValueOctet[bytes[at - offset] ?? 0] !== 1) return at - offset;
	while (word < last) {
		const four = words[word] ?? 0;
		// An octet below 0x20, or equal to 0x7f, leaves its highest bit set (HTAB too, which the caller knows better).
		const other = four ^ 0x7f7f7f7f;
		if ((((four - 0x20202020) & ~four) | ((other - 0x01010101) & ~other)) & 0x80808080) break;
		word += 1;
	}
	return Math.min(word << 2, end) - offset;
}

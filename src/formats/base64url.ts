/**
 * base64url as JOSE uses it (RFC 4648 §5, RFC 7515 §2): one text for one value. Whatever would decode to octets that
 * encode differently is refused, so that a token cannot be respelled.
 */
import { encodeAsciiInto, encodeUtf8 } from './utf8.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const alphabetCodes = Uint8Array.from(alphabet, (character) => character.charCodeAt(0));
/** Sextet of each octet of a text; 64 for one that is no character of the alphabet. */
const sextets = new Uint8Array(256).fill(64);
for (let i = 0; i < 64; i++) sextets[alphabetCodes[i] ?? 0] = i;

const ascii = new TextDecoder();
/** The text that is being decoded. */
const codedOctets = new Uint8Array(2_048);

/**
 * The octets of `text`, or null when it is not the canonical base64url of anything: a character outside the alphabet
 * (padding and whitespace included), a length of 4n + 1, or non-zero bits after the last octet (RFC 4648 §3.5).
 */
export function decodeBase64url(text: string): Uint8Array | null {
	const length = decodedLength(text.length);
	if (length < 0) return null;
	const octets = new Uint8Array(length);
	// Whatever is not ASCII begins with an octet that is no character of the alphabet.
	const coded = encodeAsciiInto(text, codedOctets) ? codedOctets : encodeUtf8(text);
	return decodeBase64urlInto(octets, coded, 0, text.length) ? octets : null;
}

/** Octets that `length` characters stand for; -1 when no base64url without padding has that length. */
export function decodedLength(length: number): number {
	const rest = length & 3;
	return rest === 1 ? -1 : (length >> 2) * 3 + (rest === 0 ? 0 : rest - 1);
}

/**
 * The same for the characters from `from` to before `to` of a text in UTF-8, in the same sense. `octets` must have room for
 * `decodedLength` of them; what it holds afterwards is of no use when the answer is false.
 */
export function decodeBase64urlInto(octets: Uint8Array, coded: Uint8Array, from: number, to: number): boolean {
	const rest = (to - from) & 3;
	if (rest === 1) return false;
	const whole = to - rest;
	// Every bit that a good character cannot have is gathered here and looked at once, so the loop has no branch.
	let seen = 0;
	let at = 0;
	for (let i = from; i < whole; i += 4) {
		const s0 = sextets[coded[i] ?? 0] ?? 64;
		const s1 = sextets[coded[i + 1] ?? 0] ?? 64;
		const s2 = sextets[coded[i + 2] ?? 0] ?? 64;
		const s3 = sextets[coded[i + 3] ?? 0] ?? 64;
		seen |= s0 | s1 | s2 | s3;
		octets[at] = (s0 << 2) | (s1 >> 4);
		octets[at + 1] = (s1 << 4) | (s2 >> 2);
		octets[at + 2] = (s2 << 6) | s3;
		at += 3;
	}
	if (rest !== 0) {
		const s0 = sextets[coded[whole] ?? 0] ?? 64;
		const s1 = sextets[coded[whole + 1] ?? 0] ?? 64;
		const s2 = rest === 3 ? (sextets[coded[whole + 2] ?? 0] ?? 64) : 0;
		seen |= s0 | s1 | s2;
		octets[at] = (s0 << 2) | (s1 >> 4);
		if (rest === 3) octets[at + 1] = (s1 << 4) | (s2 >> 2);
		if ((rest === 2 ? s1 & 15 : s2 & 3) !== 0) return false;
	}
	return seen <= 63;
}

/** Canonical base64url of `bytes`, without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
	const length = bytes.length;
	const codes = new Uint8Array(Math.ceil((length * 4) / 3));
	let at = 0;
	for (let i = 0; i < length; i += 3) {
		const b0 = bytes[i] ?? 0;
		const b1 = bytes[i + 1] ?? 0;
		const b2 = bytes[i + 2] ?? 0;
		// Writes past the end of a typed array are dropped: the last group needs no case of its own.
		codes[at] = alphabetCodes[b0 >> 2] ?? 0;
		codes[at + 1] = alphabetCodes[((b0 & 3) << 4) | (b1 >> 4)] ?? 0;
		codes[at + 2] = alphabetCodes[((b1 & 15) << 2) | (b2 >> 6)] ?? 0;
		codes[at + 3] = alphabetCodes[b2 & 63] ?? 0;
		at += 4;
	}
	return ascii.decode(codes);
}

/**
 * base64url as JOSE uses it (RFC 4648 §5, RFC 7515 §2): one text for one value. Whatever would decode to octets that
 * encode differently is refused, so that a token cannot be respelled.
 */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const alphabetCodes = Uint8Array.from(alphabet, (character) => character.charCodeAt(0));
/** Sextet of each ASCII code; 64 for a character that is not in the alphabet. */
const sextets = new Uint8Array(128).fill(64);
for (let i = 0; i < 64; i++) sextets[alphabetCodes[i] ?? 0] = i;

const ascii = new TextDecoder();

/**
 * The octets of `text`, or null when it is not the canonical base64url of anything: a character outside the alphabet
 * (padding and whitespace included), a length of 4n + 1, or non-zero bits after the last octet (RFC 4648 §3.5).
 */
export function decodeBase64url(text: string): Uint8Array | null {
	const length = text.length;
	const rest = length & 3;
	if (rest === 1) return null;
	const whole = length - rest;
	const bytes = new Uint8Array((whole >> 2) * 3 + (rest === 0 ? 0 : rest - 1));
	// Every bit that a good character cannot have is gathered here and looked at once, so the loop has no branch.
	let seen = 0;
	let at = 0;
	for (let i = 0; i < whole; i += 4) {
		const c0 = text.charCodeAt(i);
		const c1 = text.charCodeAt(i + 1);
		const c2 = text.charCodeAt(i + 2);
		const c3 = text.charCodeAt(i + 3);
		const s0 = sextets[c0 & 127] ?? 64;
		const s1 = sextets[c1 & 127] ?? 64;
		const s2 = sextets[c2 & 127] ?? 64;
		const s3 = sextets[c3 & 127] ?? 64;
		seen |= s0 | s1 | s2 | s3 | ((c0 | c1 | c2 | c3) & 0xff80);
		bytes[at] = (s0 << 2) | (s1 >> 4);
		bytes[at + 1] = (s1 << 4) | (s2 >> 2);
		bytes[at + 2] = (s2 << 6) | s3;
		at += 3;
	}
	if (rest !== 0) {
		const c0 = text.charCodeAt(whole);
		const c1 = text.charCodeAt(whole + 1);
		const c2 = rest === 3 ? text.charCodeAt(whole + 2) : 0x41;
		const s0 = sextets[c0 & 127] ?? 64;
		const s1 = sextets[c1 & 127] ?? 64;
		const s2 = sextets[c2 & 127] ?? 64;
		seen |= s0 | s1 | s2 | ((c0 | c1 | c2) & 0xff80);
		bytes[at] = (s0 << 2) | (s1 >> 4);
		if (rest === 3) bytes[at + 1] = (s1 << 4) | (s2 >> 2);
		if ((rest === 2 ? s1 & 15 : s2 & 3) !== 0) return null;
	}
	return seen > 63 ? null : bytes;
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

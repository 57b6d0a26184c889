/** UTF-8 without forgiveness (RFC 3629): what is not UTF-8 is not text. */

// `ignoreBOM: true` means that a byte order mark is kept as a character, and then fails as JSON.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text of `bytes`, a byte order mark included; null for anything that is not UTF-8, overlong forms included. */
export function decodeUtf8(bytes: Uint8Array): string | null {
	try {
		return decoder.decode(bytes);
	} catch {
		return null;
	}
}

/** UTF-8 of `text`. A lone surrogate, which has none, becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
	return encoder.encode(text);
}

/** Whether `text` is nothing but ASCII and fits into `octets`, the beginning of which then holds it, an octet a character. */
export function encodeAsciiInto(text: string, octets: Uint8Array): boolean {
	const { length } = text;
	if (length > octets.length) return false;
	// With other characters there are more octets than characters, or no room for all of them.
	const { read, written } = encoder.encodeInto(text, octets);
	return read === length && written === length;
}

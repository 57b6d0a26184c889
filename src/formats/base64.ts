/** Base64 with padding (RFC 4648 §4): one text for one value, like base64url in its own file. */
import { decodeBase64url, encodeBase64url } from './base64url.ts';

/**
 * The octets of `text`, or null when it is not the canonical Base64 of anything: white space, a character of base64url,
 * padding that is missing or too much, or non-zero bits after the last octet.
 */
export function decodeBase64(text: string): Uint8Array | null {
	if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
	return decodeBase64url(text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'));
}

export function encodeBase64(bytes: Uint8Array): string {
	const text = encodeBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
	return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

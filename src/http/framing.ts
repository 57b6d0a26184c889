/**
 * How long a message body is (RFC 9112 §6.3), judged over the raw field lines and on the strict side: whatever two
 * parsers could read in two ways is refused here, whether or not the parser underneath would have taken it.
 */

/** Content-Length in bytes, `chunked`, or `none`. */
export type Framing = number | 'chunked' | 'none';

/** 15 digits stay exact as a number; a longer body does not exist. */
const digits = /^[0-9]{1,15}$/;

/**
 * The framing that these field lines declare; null when they are ambiguous: a repeated or odd Content-Length, a
 * Transfer-Encoding other than exactly `chunked`, or both at once.
 * `raw` is a flat list: name, value, name, value.
 */
export function framingOf(raw: readonly string[]): Framing | null {
	let length: string | undefined;
	let coding: string | undefined;
	for (let index = 0; index + 1 < raw.length; index += 2) {
		const name = raw[index] ?? '';
		if (name.length === 14 && name.toLowerCase() === 'content-length') {
			if (length !== undefined) return null;
			length = raw[index + 1] ?? '';
		} else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
			if (coding !== undefined) return null;
			coding = raw[index + 1] ?? '';
		}
	}
	if (coding !== undefined) return length === undefined && coding.toLowerCase() === 'chunked' ? 'chunked' : null;
	if (length === undefined) return 'none';
	return digits.test(length) ? Number(length) : null;
}

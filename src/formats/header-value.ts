/** Field names and values (RFC 9110 §5.1, §5.5), and the one way in which a claim becomes a field value. */
import type { JsonValue } from '#core/index';
import { encodeBase64url } from './base64url.ts';
import { encodeUtf8 } from './utf8.ts';

/**
 * A claim as a field value that holds printable ASCII only; undefined for null.
 *
 * - A string stands as it is, except that `%`, spaces at its ends and every octet of its UTF-8 outside %x20–7E are
 *   percent-encoded (RFC 3986 §2.1): percent-decoding the value always gives the string back.
 * - Numbers and booleans are JSON.
 * - A list is its elements joined with `,`, each encoded as above with its own commas encoded too: split at `,`, then
 *   decode. An element that is a list or an object is its JSON, encoded like a string; null is `null`.
 * - An object is compact JSON, non-ASCII as `\uXXXX`, and not percent-encoded.
 *
 * Types are not marked: the string `1` and the number 1 look alike, and so do the empty list and a list of one empty
 * string. A lone surrogate in a string becomes U+FFFD. Not checked: the length.
 */
export function encodeClaimValue(value: JsonValue): string | undefined {
	if (value === null) return undefined;
	if (typeof value === 'string') return encodeText(value);
	if (typeof value !== 'object') return JSON.stringify(value);
	return isList(value) ? value.map(encodeElement).join(',') : asciiJson(value);
}

/** How a value is written into a field. */
export const headerEncodings = ['plain', 'string', 'base64url_json'] as const;
export type HeaderEncoding = (typeof headerEncodings)[number];

/**
 * A value as a field value of visible ASCII, undefined for null. `plain`: `encodeClaimValue`. `string`: a String of RFC
 * 8941 §3.3.3, and where it cannot hold the text a Display String of RFC 9651 §3.3.8; what is no text is its JSON.
 * `base64url_json`: the JSON of the value in base64url without padding. Not checked: the length.
 */
export function encodeHeaderValue(value: JsonValue, encoding: HeaderEncoding): string | undefined {
	if (value === null) return undefined;
	switch (encoding) {
		case 'plain':
			return encodeClaimValue(value);
		case 'string':
			return structuredString(typeof value === 'string' ? value : JSON.stringify(value));
		case 'base64url_json':
			return encodeBase64url(encodeUtf8(JSON.stringify(value)));
	}
}

function structuredString(text: string): string {
	if (!/[^\x20-\x7e]/.test(text)) return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
	let encoded = '';
	for (const octet of encodeUtf8(text)) {
		const plain = octet > 0x1f && octet < 0x7f && octet !== 0x25 && octet !== 0x22;
		encoded += plain ? String.fromCharCode(octet) : `%${octet.toString(16).padStart(2, '0')}`;
	}
	return `%"${encoded}"`;
}

/** Whether `text` may stand as a field value: visible ASCII, obs-text up to U+00FF, blanks only inside. Empty is allowed. */
export function isFieldValue(text: string): boolean {
	return (
		!isBlank(text.charCodeAt(0)) && !isBlank(text.charCodeAt(text.length - 1)) && !/[^\t\x20-\x7e\x80-\xff]/.test(text)
	);
}

function isBlank(code: number): boolean {
	return code === 0x20 || code === 0x09;
}

/** Whether `text` is a token (RFC 9110 §5.6.2): what field names, methods and authentication schemes are. */
export function isFieldName(text: string): boolean {
	return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

function encodeElement(element: JsonValue): string {
	const text = typeof element === 'string' ? element : asciiJson(element);
	return encodeText(text).replaceAll(',', '%2C');
}

function encodeText(text: string): string {
	const first = text.charCodeAt(0);
	const last = text.charCodeAt(text.length - 1);
	if (first !== 0x20 && last !== 0x20 && !/[^\x20-\x24\x26-\x7e]/.test(text)) return text;
	return encodeOctets(encodeUtf8(text));
}

function encodeOctets(octets: Uint8Array): string {
	let start = 0;
	let end = octets.length;
	while (octets[start] === 0x20) start++;
	while (end > start && octets[end - 1] === 0x20) end--;
	let encoded = '';
	for (const [index, octet] of octets.entries()) {
		const plain = octet > 0x1f && octet < 0x7f && octet !== 0x25 && index >= start && index < end;
		encoded += plain ? String.fromCharCode(octet) : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
	}
	return encoded;
}

function asciiJson(value: JsonValue): string {
	return JSON.stringify(value).replaceAll(
		/[^\x20-\x7e]/g,
		(unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
	return Array.isArray(value);
}

/**
 * A value without the white space around it that HTTP knows (RFC 9110 §5.5), or without other characters. Linear. `trim` takes
 * more: U+00A0, which in latin1 is the last octet of many a letter in UTF-8 (`à`).
 */
export function withoutBlanks(value: string, blanks = ' \t'): string {
	let start = 0;
	let end = value.length;
	while (start < end && blanks.includes(value.charAt(start))) start += 1;
	while (end > start && blanks.includes(value.charAt(end - 1))) end -= 1;
	return value.slice(start, end);
}

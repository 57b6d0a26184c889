/**
 * JSON for texts that decide about access (RFC 8259, RFC 8725 §2.4): one meaning or none. The platform's parser does the
 * parsing; one scan before it bounds the depth and counts the members, and one walk after it counts those that are
 * left. Fewer means that a name was repeated, however it was spelled.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '#core/index';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

const maxDepth = 32;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/**
 * The value of `text`, or undefined when it is not JSON, repeats a member name at any level, nests deeper than 32, holds
 * a lone surrogate, or a number too large for a double. Linear in the length of `text`. A member named `__proto__` is an
 * own member like any other. Not checked: precision of numbers, and any bound on the length.
 */
export function parseStrictJson(text: string): JsonValue | undefined {
	// A lone surrogate would become another character in UTF-8.
	return text.isWellFormed() ? parse(text, encodeUtf8(text)) : undefined;
}

/** As `parseStrictJson`; undefined too when the value is not an object. */
export function parseStrictJsonObject(text: string): JsonObject | undefined {
	const value = parseStrictJson(text);
	return isJsonObject(value) ? value : undefined;
}

/** As `parseStrictJsonObject` of a text in UTF-8; null when it is not UTF-8. */
export function decodeStrictJsonObject(octets: Uint8Array): JsonObject | undefined | null {
	const text = decodeUtf8(octets);
	if (text === null) return null;
	const value = parse(text, octets);
	return isJsonObject(value) ? value : undefined;
}

/** `octets`: UTF-8 of `text`, which is faster to look through and has the same ASCII characters in the same order. */
function parse(text: string, octets: Uint8Array): JsonValue | undefined {
	const members = countMembers(octets);
	if (members === undefined) return undefined;
	let value: JsonValue;
	try {
		value = JSON.parse(text) as JsonValue;
	} catch {
		return undefined;
	}
	// What is UTF-8 and has no escapes has no lone surrogates.
	return countSound(value, octets.includes(backslash)) === members ? value : undefined;
}

/** Colons outside strings: in a well-formed text, one for each member. Undefined when it nests too deep. */
function countMembers(octets: Uint8Array): number | undefined {
	const { length } = octets;
	let members = 0;
	let depth = 0;
	for (let i = 0; i < length; i++) {
		const octet = octets[i] ?? 0;
		if (octet === quote) i = endOfString(octets, i);
		else if (octet === colon) members++;
		// `[` and `{` differ in one bit only, and so do `]` and `}`.
		else if ((octet | 0x20) === 0x7b) {
			if (++depth > maxDepth) return undefined;
		} else if ((octet | 0x20) === 0x7d) depth--;
	}
	return members;
}

/** Index of the quote that closes the string which opens at `start`; the end of `octets` when none does. */
function endOfString(octets: Uint8Array, start: number): number {
	const { length } = octets;
	for (let i = start + 1; i < length; i++) {
		const octet = octets[i] ?? 0;
		if (octet === quote) return i;
		if (octet === backslash) i++;
	}
	return length;
}

/** Members in `value` at all levels; NaN when something in it is not sound, which no count equals. */
function countSound(value: JsonValue, hasEscapes: boolean): number {
	if (typeof value === 'string') return hasEscapes && !value.isWellFormed() ? Number.NaN : 0;
	if (typeof value === 'number') return Number.isFinite(value) ? 0 : Number.NaN;
	if (typeof value !== 'object' || value === null) return 0;
	let members = 0;
	if (isList(value)) {
		for (const element of value) members += countSound(element, hasEscapes);
		return members;
	}
	if (hasEscapes && !Object.keys(value).every((name) => name.isWellFormed())) return Number.NaN;
	for (const element of Object.values(value)) members += 1 + countSound(element, hasEscapes);
	return members;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
	return Array.isArray(value);
}

/**
 * JSON for texts that decide about access (RFC 8259, RFC 8725 §2.4): one meaning or none. The platform's parser does the
 * parsing; one scan before it bounds the depth and counts the members, and one walk after it counts those that are
 * left. Fewer means that a name was repeated, however it was spelled.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '#core/index';

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
	const members = countMembers(text);
	if (members === undefined) return undefined;
	let value: JsonValue;
	try {
		value = JSON.parse(text) as JsonValue;
	} catch {
		return undefined;
	}
	return countSound(value) === members ? value : undefined;
}

/** As `parseStrictJson`; undefined too when the value is not an object. */
export function parseStrictJsonObject(text: string): JsonObject | undefined {
	const value = parseStrictJson(text);
	return isJsonObject(value) ? value : undefined;
}

/** Colons outside strings: in a well-formed text, one for each member. Undefined when it nests too deep. */
function countMembers(text: string): number | undefined {
	let members = 0;
	let depth = 0;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code === quote) i = endOfString(text, i);
		else if (code === colon) members++;
		// `[` and `{` differ in one bit only, and so do `]` and `}`.
		else if ((code | 0x20) === 0x7b) {
			if (++depth > maxDepth) return undefined;
		} else if ((code | 0x20) === 0x7d) depth--;
	}
	return members;
}

/** Index of the quote that closes the string which opens at `start`; the end of `text` when none does. */
function endOfString(text: string, start: number): number {
	for (let i = start + 1; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code === quote) return i;
		if (code === backslash) i++;
	}
	return text.length;
}

/** Members in `value` at all levels; NaN when something in it is not sound, which no count equals. */
function countSound(value: JsonValue): number {
	if (typeof value === 'string') return value.isWellFormed() ? 0 : Number.NaN;
	if (typeof value === 'number') return Number.isFinite(value) ? 0 : Number.NaN;
	if (typeof value !== 'object' || value === null) return 0;
	let members = 0;
	if (Array.isArray(value)) {
		for (const element of value as readonly JsonValue[]) members += countSound(element);
		return members;
	}
	for (const [name, element] of Object.entries(value)) {
		members += name.isWellFormed() ? 1 + countSound(element) : Number.NaN;
	}
	return members;
}

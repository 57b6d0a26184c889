/** JSON Pointers (RFC 6901): compiled once with the configuration, resolved against claims on every request. */
import { type JsonValue, member } from '#core/index';

/** The reference tokens of a pointer, unescaped (§4); undefined when `text` is not a pointer. The empty text is the root. */
export function compilePointer(text: string): readonly string[] | undefined {
	if (text === '') return [];
	if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined;
	return text
		.slice(1)
		.split('/')
		.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * The value that the tokens lead to, or undefined. Own members only. An array takes a decimal index without leading zeros
 * and within its length; `-`, which names the element after the last one, is never there.
 */
export function resolvePointer(root: JsonValue, tokens: readonly string[]): JsonValue | undefined {
	let value: JsonValue | undefined = root;
	for (const token of tokens) {
		if (typeof value !== 'object' || value === null) return undefined;
		value = isList(value) ? elementAt(value, token) : member(value, token);
		if (value === undefined) return undefined;
	}
	return value;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
	return Array.isArray(value);
}

function elementAt(list: readonly JsonValue[], token: string): JsonValue | undefined {
	return /^(?:0|[1-9][0-9]{0,9})$/.test(token) ? list[Number(token)] : undefined;
}

/** `required-claims`: what a genuine token must say. */
import { type JsonObject, type JsonValue, member } from '#core/index';

export interface ClaimTest {
	readonly name: string;
	readonly match: 'all' | 'any';
	readonly separator: string | undefined;
	/** Empty: present is enough. */
	readonly values: readonly string[];
}

export type ClaimFault =
	| { readonly kind: 'missing'; readonly names: readonly string[] }
	| { readonly kind: 'not_allowed'; readonly name: string; readonly value: string };

/** Names and values are compared exactly. All that are missing are named; of those that differ, the first. */
export function findClaimFault(claims: JsonObject, tests: readonly ClaimTest[]): ClaimFault | undefined {
	const missing = tests.filter(({ name }) => isAbsent(member(claims, name) ?? null)).map(({ name }) => name);
	if (missing.length > 0) return { kind: 'missing', names: missing };
	for (const { name, match, separator, values } of tests) {
		if (values.length === 0) continue;
		const found = new Set(claimTexts(member(claims, name) ?? null, separator));
		const isMet =
			match === 'all' ? values.every((value) => found.has(value)) : values.some((value) => found.has(value));
		if (!isMet) return { kind: 'not_allowed', name, value: [...found].join(', ') };
	}
	return undefined;
}

/** As there, where a list is a claim for each of its elements: a list of nothing is no claim. */
function isAbsent(value: JsonValue): boolean {
	return value === null || (isList(value) && value.every((item) => item === null));
}

/**
 * A claim as texts: a list gives those of its elements; numbers, booleans and objects are their JSON. A whole number that
 * a double cannot tell from its neighbours has no text. `separator` splits each text of a string.
 */
function claimTexts(value: JsonValue, separator: string | undefined): readonly string[] {
	if (isList(value))
		return value.flatMap((item) => (isList(item) ? [JSON.stringify(item)] : claimTexts(item, separator)));
	if (typeof value === 'string') return separator === undefined ? [value] : value.split(separator);
	if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) return [];
	return [JSON.stringify(value)];
}

function isList(value: JsonValue): value is readonly JsonValue[] {
	return Array.isArray(value);
}

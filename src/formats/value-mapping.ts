/**
 * Where a value for the upstream comes from: the small language that `claims_to_headers` and minted tokens share. What
 * is not mapped does not travel; a value that could be read in two ways is left out, never repaired.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '#core/index';
import { compileClaimPath } from './claim-path.ts';
import { compileTemplate, templateNames } from './template.ts';

export type ValueMapping =
	| {
			/** A literal claim name, or a JSON Pointer when it starts with `/`. */
			readonly claim: string;
			/** What a list becomes: its first element, or its elements as one text with this between them. Default: a list. */
			readonly first?: boolean;
			readonly join?: string;
			/** In place of a claim that is not there, or null; texts may hold `{name}` parameters. */
			readonly default?: JsonValue;
	  }
	/** A constant; texts in it may hold `{name}` parameters of the route. */
	| { readonly value: JsonValue }
	/** Nothing, whatever else would stand there. */
	| { readonly drop: true };

/** Undefined: there is no value. `parameters`: the values of the names that it was compiled with. */
export type MappedValue = (claims: JsonObject, parameters: readonly string[]) => JsonValue | undefined;

/** Throws an Error for a malformed pointer and for a parameter that is not among `names`. */
export function compileMapping(mapping: ValueMapping, names: readonly string[]): MappedValue {
	if ('drop' in mapping) return () => undefined;
	if ('value' in mapping) return compileConstant(mapping.value, names);
	const read = compileClaimPath(mapping.claim);
	const { first = false, join, default: fallback } = mapping;
	const otherwise: MappedValue = fallback === undefined ? () => undefined : compileConstant(fallback, names);
	return (claims, parameters) => {
		const found = read(claims);
		const value = first && isList(found) ? found[0] : found;
		if (value === undefined || value === null) return otherwise(claims, parameters);
		return join !== undefined && isList(value) ? joined(value, join) : value;
	};
}

/** Whether the value depends on more than the claims. */
export function usesParameters(mapping: ValueMapping): boolean {
	return mappingParameters(mapping).length > 0;
}

/** Names of the parameters in a mapping, repeats included. */
export function mappingParameters(mapping: ValueMapping): readonly string[] {
	if ('value' in mapping) return namesIn(mapping.value);
	return 'claim' in mapping && mapping.default !== undefined ? namesIn(mapping.default) : [];
}

/** A text that splits into other elements than these, because one holds the separator or a part of it, is none at all. */
function joined(list: readonly JsonValue[], separator: string): string | undefined {
	const texts = list.map((element) => (typeof element === 'string' ? element : JSON.stringify(element)));
	const text = texts.join(separator);
	const parts = text.split(separator);
	const isFaithful =
		texts.length === 0 || (parts.length === texts.length && parts.every((part, i) => part === texts[i]));
	return isFaithful ? text : undefined;
}

function compileConstant(value: JsonValue, names: readonly string[]): MappedValue {
	if (namesIn(value).length === 0) return () => value;
	if (typeof value === 'string') {
		const fill = compileTemplate(value, names);
		return (_, parameters) => fill(parameters);
	}
	if (isList(value)) {
		const parts = value.map((part) => compileConstant(part, names));
		return (claims, parameters) => parts.map((part) => part(claims, parameters) ?? null);
	}
	const members = isJsonObject(value) ? Object.entries(value) : [];
	const parts = members.map(([name, part]) => [name, compileConstant(part, names)] as const);
	return (claims, parameters) =>
		Object.fromEntries(parts.map(([name, part]) => [name, part(claims, parameters) ?? null]));
}

function namesIn(value: JsonValue): readonly string[] {
	if (typeof value === 'string') return templateNames(value);
	if (typeof value !== 'object' || value === null) return [];
	return Object.values(value).flatMap((part: JsonValue) => namesIn(part));
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
	return Array.isArray(value);
}

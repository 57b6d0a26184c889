/**
 * Claims that a token must have, and the values they must have. A name is literal, dots and URLs included; a JSON
 * Pointer (RFC 6901) starts with `/` and reaches into nested claims. The two never stand in for each other.
 */
import type { Check, Evidence, JsonValue, Principal } from '#core/index';
import { type ClaimReader, compileClaimPath } from '#formats/claim-path';
import { compileTemplate } from '#formats/template';
import { principalCheck } from './principal-check.ts';

export interface ClaimRule {
	readonly claim: string;
	readonly test:
		| { readonly kind: 'equals'; readonly value: JsonValue }
		| { readonly kind: 'any_of' | 'all_of'; readonly values: readonly JsonValue[] };
}

type Fill = (parameters: readonly string[]) => JsonValue;

interface CompiledRule {
	readonly claim: string;
	readonly kind: 'equals' | 'any_of' | 'all_of';
	readonly values: readonly Fill[];
	readonly read: ClaimReader;
}

/** A claim must be there (`claim_missing`) and match (`claim_mismatch`). Strings in a rule may hold the route's parameters. */
export function createClaimsCheck(
	rules: readonly ClaimRule[],
	required: readonly string[],
	parameters: readonly string[],
): Check {
	const readers = required.map((claim) => ({ claim, read: compileClaimPath(claim) }));
	const compiled = rules.map((rule) => compileRule(rule, parameters));

	return principalCheck({
		name: 'claims',
		judge({ claims }, evidence) {
			for (const { read } of readers) if (read(claims) === undefined) return 'claim_missing';
			for (const rule of compiled) {
				const value = rule.read(claims);
				if (value === undefined) return 'claim_missing';
				if (!matches(rule, value, evidence.parameters)) return 'claim_mismatch';
			}
			return null;
		},
		expected: (evidence) =>
			[...required.map((claim) => `${claim} present`), ...compiled.map((rule) => describe(rule, evidence))].join('; '),
		found: (principal, evidence) => describeFound(principal, evidence, readers, compiled),
	});
}

function compileRule({ claim, test }: ClaimRule, parameters: readonly string[]): CompiledRule {
	const fill = (value: JsonValue): Fill =>
		typeof value === 'string' ? compileTemplate(value, parameters) : () => value;
	const values = test.kind === 'equals' ? [test.value] : test.values;
	return { claim, kind: test.kind, values: values.map(fill), read: compileClaimPath(claim) };
}

function matches(rule: CompiledRule, value: JsonValue, parameters: readonly string[]): boolean {
	const wanted = rule.kind === 'all_of' ? 'every' : 'some';
	return rule.values[wanted]((fill) => holds(value, fill(parameters)));
}

/** A single value equals; a list contains. Types are never converted: `1` is not `"1"`. */
function holds(value: JsonValue, wanted: JsonValue): boolean {
	if (!Array.isArray(value)) return equal(value, wanted);
	return value.some((item) => equal(item, wanted)) || equal(value, wanted);
}

function equal(a: JsonValue, b: JsonValue): boolean {
	if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
	if (isList(a) || isList(b)) {
		return isList(a) && isList(b) && a.length === b.length && a.every((item, i) => equal(item, b[i] ?? null));
	}
	const names = Object.keys(a);
	return (
		names.length === Object.keys(b).length &&
		names.every((name) => Object.hasOwn(b, name) && equal(a[name] ?? null, b[name] ?? null))
	);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
	return Array.isArray(value);
}

function describe(rule: CompiledRule, { parameters }: Evidence): string {
	const values = rule.values.map((fill) => JSON.stringify(fill(parameters))).join(', ');
	return rule.kind === 'equals' ? `${rule.claim}: ${values}` : `${rule.claim}: ${rule.kind} ${values}`;
}

function describeFound(
	{ claims }: Principal,
	{ parameters }: Evidence,
	readers: readonly { readonly claim: string; readonly read: ClaimReader }[],
	rules: readonly CompiledRule[],
): string {
	const missing = readers.filter(({ read }) => read(claims) === undefined).map(({ claim }) => `${claim}: absent`);
	const others = rules.flatMap((rule) => {
		const value = rule.read(claims);
		if (value === undefined) return [`${rule.claim}: absent`];
		return matches(rule, value, parameters) ? [] : [`${rule.claim}: ${JSON.stringify(value)}`];
	});
	const all = [...missing, ...others];
	return all.length === 0 ? 'all as expected' : all.join('; ');
}

/**
 * `required-claims` as native rules. A policy compares texts, and native rules compare JSON values: a text that is the JSON
 * of a number or boolean stands for that too. What is left of the difference makes the rules stricter, or keeps the policy.
 */
import type { RouteFile } from '#config/schema';
import type { RequiredClaim } from '../statements/validate-jwt.ts';
import type { Notes, Spot } from './notes.ts';
import { hasMark, type References } from './references.ts';

export interface TranslatedClaims {
	/** As a route has them; empty: none. */
	readonly claims: NonNullable<RouteFile['claims']>;
	readonly scopes: RouteFile['scopes'];
	/** The claim that holds those scopes. */
	readonly scopeClaim: string | undefined;
	/** Of the provider. */
	readonly required: readonly string[];
}

/** Claims that are malformed unless they are a text or a number: where one is there, it says something. */
const typed: ReadonlySet<string> = new Set([
	'iss',
	'sub',
	'jti',
	'client_id',
	'azp',
	'appid',
	'tid',
	'acr',
	'exp',
	'nbf',
	'iat',
	'auth_time',
]);

/** `spot`: of the statement, for what has no place of its own. `marked`: the same claims with marks for named values. */
export function translateClaims(
	claims: readonly RequiredClaim[],
	marked: readonly RequiredClaim[],
	{ file, references, notes }: { readonly file: string; readonly references: References; readonly notes: Notes },
): TranslatedClaims {
	const rules: Record<string, { any_of: (string | number | boolean)[] } | { all_of: string[] }> = {};
	const required: string[] = [];
	let scopes: RouteFile['scopes'];
	let scopeClaim: string | undefined;
	const names = new Set<string>();
	for (const [index, claim] of claims.entries()) {
		const { name, match, separator, position } = claim;
		const spot: Spot = { file, position };
		if (names.has(name) || name === '__proto__') {
			notes.keep(spot, names.has(name) ? `the claim ${name} is required twice` : `no rule can name the claim ${name}`);
			continue;
		}
		names.add(name);
		if (hasMark(marked[index]?.name ?? '\uE000') || hasMark(marked[index]?.separator ?? '')) {
			notes.keep(spot, 'a named value stands where a rule has a name');
			continue;
		}
		const values = readValues(claim, { file, references, notes });
		if (values === undefined) continue;
		if (values.length === 0) {
			if (typed.has(name)) required.push(name);
			else notes.keep(spot, `the claim ${name} must only be there: natively an empty list or null is there too`);
		} else if (separator !== undefined) {
			if (name.startsWith('/')) notes.keep(spot, `the claim ${name} is split, and would be a JSON Pointer natively`);
			else if (scopeClaim !== undefined || separator !== ' ') {
				const cause = separator === ' ' ? 'a second claim that is split at blanks' : 'a separator that is no blank';
				notes.keep(spot, `the claim ${name} has ${cause}`);
			} else if (!values.every(({ text }) => /^[!#-[\]-z|~]+$/.test(text.replaceAll(/\$\{env:[A-Z0-9_]+\}/g, '')))) {
				notes.keep(spot, `a value of ${name} cannot be a scope`);
			} else {
				scopeClaim = name;
				const all = values.map(({ text }) => text);
				scopes = match === 'all' ? { all_of: all } : { any_of: all };
				notes.add('stricter', spot, `${name} is read as scopes: elements of a list that hold blanks are not split`);
			}
		} else {
			rules[pathOf(name)] = ruleOf(claim, values, spot, notes);
		}
	}
	return { claims: rules, scopes, scopeClaim, required };
}

interface ClaimText {
	/** As written. */
	readonly text: string;
	/** Other JSON values that a policy takes for this text. */
	readonly others: readonly (number | boolean)[];
}

/** Undefined after saying why not. */
function readValues(
	{ name, values }: RequiredClaim,
	{ file, references, notes }: { readonly file: string; readonly references: References; readonly notes: Notes },
): readonly ClaimText[] | undefined {
	const read = values.flatMap((value): readonly ClaimText[] => {
		const spot = { file, position: value.position };
		if (value.kind === 'expression') {
			notes.keep(spot, `a value of the claim ${name} depends on the request`);
			return [];
		}
		const text = references.written({ ...value, file });
		if (text === undefined) {
			notes.keep(spot, `a value of the claim ${name} cannot be read without its named value`);
			return [];
		}
		const isReference = text !== value.text;
		if (/[{}[\]]|^null$/.test(value.text)) {
			notes.keep(
				spot,
				`a value of the claim ${name} is JSON, or has braces, which are parameters of the path natively`,
			);
			return [];
		}
		const others = otherValues(value.text);
		if (isReference && others.length > 0) {
			notes.keep(spot, `a named value for the claim ${name} is a number or boolean, which a reference cannot be`);
			return [];
		}
		return [{ text, others }];
	});
	return read.length === values.length ? read : undefined;
}

/** A whole number that a double cannot tell from its neighbours has no text there. */
function otherValues(text: string): readonly (number | boolean)[] {
	if (text === 'true' || text === 'false') return [text === 'true'];
	const number = /^-?[0-9]/.test(text) ? Number(text) : Number.NaN;
	return JSON.stringify(number) === text && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? [number] : [];
}

function ruleOf(
	{ name, match }: RequiredClaim,
	values: readonly ClaimText[],
	spot: Spot,
	notes: Notes,
): { any_of: (string | number | boolean)[] } | { all_of: string[] } {
	const texts = values.map(({ text }) => text);
	if (match === 'any' || values.length === 1) {
		return { any_of: values.flatMap(({ text, others }) => [text, ...others]) };
	}
	if (values.some(({ others }) => others.length > 0)) {
		notes.add(
			'stricter',
			spot,
			`${name}: values that are all required must be texts in the token, not numbers or booleans`,
		);
	}
	return { all_of: texts };
}

/** A name that begins with a slash would be a JSON Pointer; the pointer to that name is not (RFC 6901 §3). */
function pathOf(name: string): string {
	return name.startsWith('/') ? `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` : name;
}

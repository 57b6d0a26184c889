/**
 * Where a login may lead back to: a path of this origin that the configuration allows, in the one reading that requests
 * have too. Everything else, such as `//evil.example`, `/\evil.example` or `https:evil.example`, leads to the usual page.
 */
import { parseRequestTarget } from '#formats/request-target';
import { type PathPattern, readPathPattern } from '#formats/route-pattern';

export interface ReturnRules {
	/** Path patterns, any of. */
	readonly allowed: readonly string[];
	/** Where a login leads that names nothing, or nothing allowed. */
	readonly usual: string;
	/** The pages of the login itself, which lead nowhere. */
	readonly never: ReadonlySet<string>;
}

/** Characters of path and query: it travels in a cookie, and with others of its kind it must leave room for the request. */
const longest = 1_000;

/** From what a login was asked with to path and query that may stand behind the origin. Throws for a pattern that is none. */
export function createReturnTo({ allowed, usual, never }: ReturnRules): (asked: string | undefined) => string {
	const patterns = allowed.map((text) => {
		const pattern = readPathPattern(text, { encodedSlash: false });
		if (typeof pattern === 'string') throw new Error(`return_to ${text}: ${pattern}`);
		return pattern;
	});
	return (asked) => {
		if (asked === undefined || asked.length > longest || !asked.startsWith('/')) return usual;
		const target = parseRequestTarget(asked, { encodedSlash: false });
		if (typeof target === 'string' || never.has(target.path)) return usual;
		const segments = target.path.slice(1).split('/');
		return patterns.some((pattern) => matches(pattern, segments)) ? target.path + target.query : usual;
	};
}

function matches({ segments: wanted, rest }: PathPattern, segments: readonly string[]): boolean {
	if (rest ? segments.length < wanted.length : segments.length !== wanted.length) return false;
	return wanted.every((literal, index) => literal === null || literal === segments[index]);
}

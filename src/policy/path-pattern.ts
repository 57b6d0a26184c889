/** Path patterns of routes: literal segments, `{name}` for one segment, `**` at the end for the rest, and for nothing. */

export type PatternSegment =
	| { readonly kind: 'literal'; readonly text: string }
	| { readonly kind: 'parameter'; readonly name: string };

export interface PathPattern {
	readonly segments: readonly PatternSegment[];
	/** Whether it ends with `**`. */
	readonly rest: boolean;
}

/** What a parameter may hold: RFC 3986 §2.3 unreserved characters, so that it can be filled into any template. */
export const parameterSegment: RegExp = /^[A-Za-z0-9._~-]+$/;

/** Throws an Error that says what is wrong with the pattern. */
export function parsePathPattern(pattern: string): PathPattern {
	if (!pattern.startsWith('/')) throw new Error(`the path ${pattern} does not start with /`);
	const texts = pattern.slice(1).split('/');
	const rest = texts.at(-1) === '**';
	if (rest) texts.pop();
	const names = new Set<string>();
	const segments = texts.map((text): PatternSegment => {
		const name = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text)?.[1];
		if (name === undefined) {
			if (/[*{}]/.test(text))
				throw new Error(`in the path ${pattern}, ${text} is neither a literal, {name} nor a final **`);
			return { kind: 'literal', text };
		}
		if (names.has(name)) throw new Error(`the path ${pattern} names {${name}} twice`);
		names.add(name);
		return { kind: 'parameter', name };
	});
	return { segments, rest };
}

/** Names of the parameters, in order. */
export function pathParameters({ segments }: PathPattern): readonly string[] {
	return segments.flatMap((segment) => (segment.kind === 'parameter' ? [segment.name] : []));
}

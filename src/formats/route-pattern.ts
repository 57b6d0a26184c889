/**
 * Path and host patterns of routes. A path is literal segments, `{name}` for one segment, and `**` at its end for the
 * rest, and for nothing; literals are written in their normalised spelling (RFC 3986 §6.2.2). A host is a name, or one
 * whose first label is `*` or `{name}` and matches one label.
 */
import { parseHost } from './host.ts';

export interface PathPattern {
	/** A literal, or null for a parameter. */
	readonly segments: readonly (string | null)[];
	/** Whether it ends with `**`. */
	readonly rest: boolean;
	/** Names of the parameters, in order. */
	readonly names: readonly string[];
}

/** What a parameter may hold: RFC 3986 §2.3 unreserved characters, so that it can be filled into any template. */
export const parameterSegment: RegExp = /^[A-Za-z0-9._~-]+$/;

const parameter = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
const literal = /^(?:[A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-Fa-f]{2})*$/;

/** The pattern, or what is wrong with it. `encodedSlash`: whether `%2F` may be written in a literal. */
export function readPathPattern(text: string, options: { readonly encodedSlash: boolean }): PathPattern | string {
	if (!text.startsWith('/')) return 'a path begins with /';
	const parts = text.slice(1).split('/');
	const rest = parts.at(-1) === '**';
	if (rest) parts.pop();
	const segments: (string | null)[] = [];
	const names: string[] = [];
	for (const [index, part] of parts.entries()) {
		const name = parameter.exec(part)?.[1];
		if (name !== undefined) {
			if (names.includes(name)) return `the parameter {${name}} is there twice`;
			names.push(name);
			segments.push(null);
			continue;
		}
		if (part === '' && (rest || index < parts.length - 1))
			return '// is never let through, so this path can match nothing';
		const problem = checkLiteral(part, options.encodedSlash);
		if (problem !== undefined) return problem;
		segments.push(part);
	}
	return { segments, rest, names };
}

function checkLiteral(part: string, encodedSlash: boolean): string | undefined {
	if (part === '**') return '** may only be the last segment';
	if (part.includes('*')) return '* stands for nothing within a segment: write {name} for one segment, ** for the rest';
	if (/[{}]/.test(part))
		return 'a parameter {name} is a whole segment: letters, digits and _, not beginning with a digit';
	if (/[?#]/.test(part)) return 'a path has no query and no fragment';
	if (!literal.test(part)) return 'a character that has to be percent-encoded in a path';
	for (const [escape] of part.matchAll(/%[0-9A-Fa-f]{2}/g)) {
		const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
		if (escape !== escape.toUpperCase()) return `write ${escape} with capital letters: ${escape.toUpperCase()}`;
		if (/[A-Za-z0-9._~-]/.test(char)) return `write ${escape} plainly: ${char}`;
		if (char === '\\' || char === '\0' || (char === '/' && !encodedSlash))
			return `${escape} is never let through, so this path can match nothing`;
	}
	return /^\.\.?(;|$)/.test(part)
		? 'a segment . or .. is never let through, so this path can match nothing'
		: undefined;
}

export interface HostPattern {
	/** Lower-case, the parameter's name as written. */
	readonly text: string;
	/** Equal for patterns that match the same hosts. */
	readonly shape: string;
	readonly name: string | undefined;
}

/** The pattern, or what is wrong with it. */
export function readHostPattern(text: string): HostPattern | string {
	const [, first, name, suffix] = /^(\*|\{([A-Za-z_][A-Za-z0-9_]*)\})\.(.+)$/s.exec(text) ?? [];
	const plain = first === undefined ? text : (suffix ?? '');
	if (/[*{}]/.test(plain)) return 'only the whole first label may be * or {name}';
	const host = parseHost(plain);
	if (host === undefined) return 'expected a host name, without scheme and path';
	if (host.port !== undefined) return 'expected a host name without a port: routes do not look at the port';
	if (first === undefined) return { text: host.name, shape: host.name, name: undefined };
	return { text: `${first}.${host.name}`, shape: `*.${host.name}`, name };
}

/** Host patterns of routes: an exact name, or one whose first label is `*` or `{name}`, which match one label. */

export interface HostPattern {
	readonly exact: boolean;
	/** Equal for patterns that match the same hosts, whatever their parameter is called. */
	readonly shape: string;
	/** Name of what a pattern captures: `*` where it has no name; undefined for an exact host. */
	readonly parameter: string | undefined;
	/** The first label for a pattern, `''` for an exact host, undefined when the host does not match. */
	match(host: string): string | undefined;
}

const label = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** `pattern` in lower case, except for a parameter's name. Throws an Error that says what is wrong with it. */
export function compileHostPattern(pattern: string): HostPattern {
	const parsed = /^(\*|\{[A-Za-z_][A-Za-z0-9_]*\})\.(.+)$/.exec(pattern);
	if (parsed === null) {
		if (/[*{}/\s]/.test(pattern))
			throw new Error(`the host ${pattern} may have a pattern only as its whole first label`);
		const host = pattern.toLowerCase();
		return { exact: true, shape: host, parameter: undefined, match: (name) => (name === host ? '' : undefined) };
	}
	const suffix = `.${(parsed[2] ?? '').toLowerCase()}`;
	if (/[*{}/\s]/.test(suffix)) throw new Error(`the host ${pattern} may have a pattern only as its whole first label`);
	return {
		exact: false,
		shape: `*${suffix}`,
		parameter: parsed[1] === '*' ? '*' : (parsed[1] ?? '').slice(1, -1),
		match(name) {
			if (!name.endsWith(suffix)) return undefined;
			const first = name.slice(0, -suffix.length);
			return label.test(first) ? first : undefined;
		},
	};
}

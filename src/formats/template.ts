/**
 * Texts with `{name}` parameters in them, as audiences, scopes and claim values of a route may be. Parameters hold only
 * unreserved characters (the router saw to that), so filling one in can never add a delimiter of its own.
 */

const placeholder = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Names of the parameters in `text`, in order of appearance, repeats included. */
export function templateNames(text: string): string[] {
	return Array.from(text.matchAll(placeholder), (match) => match[1] ?? '');
}

/**
 * Compiles `text` to a function of the route's parameter values. `names` gives the position of each parameter. A text
 * without parameters costs nothing. Throws an Error for a name that is not among `names` (a configuration error).
 */
export function compileTemplate(text: string, names: readonly string[]): (values: readonly string[]) => string {
	const pieces: string[] = [];
	const positions: number[] = [];
	let end = 0;
	for (const match of text.matchAll(placeholder)) {
		const name = match[1] ?? '';
		const position = names.indexOf(name);
		if (position < 0) throw new Error(`the route has no parameter {${name}}`);
		pieces.push(text.slice(end, match.index));
		positions.push(position);
		end = match.index + match[0].length;
	}
	if (positions.length === 0) return () => text;
	const last = text.slice(end);
	return (values) => {
		let filled = '';
		for (let i = 0; i < positions.length; i++) filled += `${pieces[i]}${values[positions[i] ?? -1] ?? ''}`;
		return filled + last;
	};
}

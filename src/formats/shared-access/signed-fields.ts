/**
 * `name=value&name=value`, as the long layouts write it: every name known, none twice, none missing that is needed. The
 * values stay as they were sent, because one of them is part of what was signed.
 */

/**
 * The values by name, or what is wrong. A value may hold `=`; an empty one, an empty field (`&&`) and a name in another
 * case are refused.
 */
export function signedFields<N extends string>(
	text: string,
	names: { readonly needed: readonly N[]; readonly allowed: readonly N[] },
): ReadonlyMap<N, string> | string {
	const known: readonly string[] = [...names.needed, ...names.allowed];
	const fields = new Map<N, string>();
	for (const field of text.split('&')) {
		const equals = field.indexOf('=');
		const name = equals < 0 ? field : field.slice(0, equals);
		if (!isOneOf(name, known)) return 'it has a field that this layout does not know';
		if (fields.has(name)) return `the field ${name} is there twice`;
		if (equals < 0 || equals === field.length - 1) return `the field ${name} is empty`;
		fields.set(name, field.slice(equals + 1));
	}
	const missing = names.needed.find((name) => !fields.has(name));
	return missing === undefined ? fields : `the field ${missing} is missing`;

	function isOneOf(name: string, list: readonly string[]): name is N {
		return list.includes(name);
	}
}

/** Parameters of a query: percent-decoded, `+` a space, in the order they came; a name without `=` has an empty value. */

export function urlQuery(queryString: string): ReadonlyMap<string, readonly string[]> {
	const query = new Map<string, string[]>();
	for (const part of queryString.replace(/^\?/, '').split('&')) {
		if (part === '') continue;
		const equals = part.indexOf('=');
		const name = decode(equals < 0 ? part : part.slice(0, equals));
		const value = equals < 0 ? '' : decode(part.slice(equals + 1));
		const known = [...query.keys()].find((key) => key.toLowerCase() === name.toLowerCase());
		const values = query.get(known ?? name) ?? [];
		query.set(known ?? name, values);
		values.push(value);
	}
	return query;
}

function decode(text: string): string {
	const spaced = text.replaceAll('+', ' ');
	try {
		return decodeURIComponent(spaced);
	} catch {
		return spaced;
	}
}

/**
 * Parameters of a query as forms write them (application/x-www-form-urlencoded: RFC 6750 §2.3), read from the raw text so
 * that what is not touched stays as it was sent. `&` alone separates.
 */

/**
 * Every value that goes by `name`, in order. `query` is empty or begins with `?`. Names are compared and values returned
 * after `+` became a space and percent-encodings were decoded; what cannot be decoded stands as sent. A parameter
 * without `=` has the empty value.
 */
export function queryValues(query: string, name: string): readonly string[] {
	const values: string[] = [];
	for (const parameter of parametersOf(query)) {
		const equals = parameter.indexOf('=');
		if (decode(equals < 0 ? parameter : parameter.slice(0, equals)) !== name) continue;
		values.push(equals < 0 ? '' : decode(parameter.slice(equals + 1)));
	}
	return values;
}

/** The query without the parameters of these names, however spelled; the others byte for byte; empty when none remain. */
export function withoutParameters(query: string, names: readonly string[]): string {
	const parameters = parametersOf(query);
	const kept = parameters.filter((parameter) => {
		const equals = parameter.indexOf('=');
		return !names.includes(decode(equals < 0 ? parameter : parameter.slice(0, equals)));
	});
	if (kept.length === parameters.length) return query;
	const rest = kept.join('&');
	return rest === '' ? '' : `?${rest}`;
}

function parametersOf(query: string): readonly string[] {
	const text = query.startsWith('?') ? query.slice(1) : query;
	return text === '' ? [] : text.split('&');
}

function decode(text: string): string {
	const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
	if (!spaced.includes('%')) return spaced;
	try {
		return decodeURIComponent(spaced);
	} catch {
		return text;
	}
}

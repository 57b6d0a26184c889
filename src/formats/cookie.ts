/** The Cookie field, as a server reads it (RFC 6265bis §4.2.1, §5.7): pairs apart at `;`, names exact. */

/**
 * Every value that goes by `name`, in order, as sent; a pair of double quotes around it is taken off. A client or an
 * attacker on a sibling domain may send a name more than once: the caller decides what that means. Not decoded.
 */
export function cookieValues(header: string, name: string): readonly string[] {
	// Most requests carry cookies that are none of ours.
	if (!header.includes(name)) return [];
	const values: string[] = [];
	for (const pair of header.split(';')) {
		const equals = pair.indexOf('=');
		if (equals < 0 || trimBlanks(pair.slice(0, equals)) !== name) continue;
		const value = trimBlanks(pair.slice(equals + 1));
		const quoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
		values.push(quoted ? value.slice(1, -1) : value);
	}
	return values;
}

/** The field value without the cookies of these names, the others in their order and as sent; empty when none remain. */
export function withoutCookies(header: string, names: readonly string[]): string {
	const kept: string[] = [];
	for (const piece of header.split(';')) {
		const pair = trimBlanks(piece);
		const equals = pair.indexOf('=');
		// A piece without `=` is a cookie without a name for some servers and a name without a value for others.
		const name = trimBlanks(equals < 0 ? pair : pair.slice(0, equals));
		if (pair !== '' && !names.includes(name)) kept.push(pair);
	}
	return kept.join('; ');
}

/** Without the spaces and tabs around it, and no other white space: `\s` would eat octets that belong to a name. */
function trimBlanks(text: string): string {
	let start = 0;
	let end = text.length;
	while (start < end && isBlank(text.charCodeAt(start))) start++;
	while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
	return text.slice(start, end);
}

function isBlank(code: number): boolean {
	return code === 0x20 || code === 0x09;
}

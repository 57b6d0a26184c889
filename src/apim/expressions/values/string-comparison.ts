/** How texts are compared: by UTF-16 unit, or by what they are in upper case. Cultures are the invariant one. */
import type { EnumValue } from './plain.ts';

/** `CurrentCultureIgnoreCase`, `InvariantCultureIgnoreCase`, `OrdinalIgnoreCase`. */
export function ignoresCase(how: EnumValue): boolean {
	return how.value % 2 === 1;
}

/** Upper case unit by unit, as .NET does: what would become several characters stays as it is. */
export function folded(text: string): string {
	return mapped(text, (part) => part.toUpperCase());
}

/** Lower case in the same way. */
export function lowered(text: string): string {
	return mapped(text, (part) => part.toLowerCase());
}

function mapped(text: string, map: (part: string) => string): string {
	const whole = map(text);
	// Where nothing has grown and the end of a word does not matter, all at once is the same.
	if (whole.length === text.length && !text.includes('\u03a3')) return whole;
	let result = '';
	for (const char of text) {
		const one = map(char);
		result += one.length === char.length ? one : char;
	}
	return result;
}

/** Negative, zero or positive; null comes first. */
export function compareText(a: string | null, b: string | null, ignoreCase: boolean): number {
	if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
	const first = ignoreCase ? folded(a) : a;
	const second = ignoreCase ? folded(b) : b;
	return first === second ? 0 : first < second ? -1 : 1;
}

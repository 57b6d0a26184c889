/** How texts are compared: by UTF-16 unit, or by what they are in upper case. Cultures are the invariant one. */
import type { EnumValue } from './plain.ts';

/** `CurrentCultureIgnoreCase`, `InvariantCultureIgnoreCase`, `OrdinalIgnoreCase`. */
export function ignoresCase(how: EnumValue): boolean {
	return how.value % 2 === 1;
}

/** Unit by unit, as .NET folds case: what would become several characters stays as it is. */
export function folded(text: string): string {
	const upper = text.toUpperCase();
	if (upper.length === text.length) return upper;
	let result = '';
	for (const char of text) {
		const one = char.toUpperCase();
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

/** Sets of UTF-16 units: `\d`, `\w`, `\s`, `[a-z]`, `\p{L}`. */
import { RegexProblem } from './node.ts';

export type UnitTest = (unit: number) => boolean;

function unicode(pattern: RegExp): UnitTest {
	return (unit) => pattern.test(String.fromCharCode(unit));
}

const digit = unicode(/^\p{Nd}$/u);
const word = unicode(/^[\p{L}\p{Mn}\p{Nd}\p{Pc}]$/u);
const space = unicode(/^[\s\u0085]$/u);

export const isDigit: UnitTest = (unit) => (unit < 128 ? unit >= 48 && unit <= 57 : digit(unit));
export const isWord: UnitTest = (unit) =>
	unit < 128
		? (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || unit === 95 || (unit >= 97 && unit <= 122)
		: word(unit);
export const isSpace: UnitTest = (unit) =>
	unit < 128 ? unit === 32 || (unit >= 9 && unit <= 13) : unit !== 0xfeff && space(unit);

const categories: ReadonlyMap<string, RegExp> = new Map(
	[
		'L',
		'Lu',
		'Ll',
		'Lt',
		'Lm',
		'Lo',
		'M',
		'Mn',
		'Mc',
		'N',
		'Nd',
		'Nl',
		'No',
		'P',
		'Pc',
		'Pd',
		'Ps',
		'Pe',
		'Po',
		'S',
		'Sm',
		'Sc',
		'Z',
		'Zs',
		'C',
		'Cc',
	].map((name) => [name, new RegExp(`^\\p{${name}}$`, 'u')]),
);

/** `\p{name}`. Throws a RegexProblem for a category that is not known. */
export function category(name: string): UnitTest {
	const pattern = categories.get(name);
	if (pattern === undefined) throw new RegexProblem(`the category '${name.slice(0, 20)}' is not supported`);
	return unicode(pattern);
}

export function not(test: UnitTest): UnitTest {
	return (unit) => !test(unit);
}

export function oneOf(tests: readonly UnitTest[]): UnitTest {
	return (unit) => tests.some((test) => test(unit));
}

export function range(from: number, to: number): UnitTest {
	return (unit) => unit >= from && unit <= to;
}

/** The test for the unit and for it in its other cases. */
export function ignoringCase(test: UnitTest): UnitTest {
	return (unit) => {
		if (test(unit)) return true;
		const char = String.fromCharCode(unit);
		const lower = char.toLowerCase();
		const upper = char.toUpperCase();
		return (lower.length === 1 && test(lower.charCodeAt(0))) || (upper.length === 1 && test(upper.charCodeAt(0)));
	};
}

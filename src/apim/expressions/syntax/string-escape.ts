/** Escape sequences of strings and characters (ECMA-334 §6.4.5.5). */
import { SyntaxProblem } from './problem.ts';

const simple: ReadonlyMap<string, string> = new Map([
	["'", "'"],
	['"', '"'],
	['\\', '\\'],
	['0', '\0'],
	['a', '\u0007'],
	['b', '\b'],
	['f', '\f'],
	['n', '\n'],
	['r', '\r'],
	['t', '\t'],
	['v', '\v'],
]);

/** The characters that the escape at `at` stands for, and where the text goes on. Throws a SyntaxProblem. */
export function readEscape(text: string, at: number): { readonly value: string; readonly end: number } {
	const letter = text.charAt(at + 1);
	const value = simple.get(letter);
	if (value !== undefined) return { value, end: at + 2 };
	const pattern = { x: /^[0-9A-Fa-f]{1,4}/, u: /^[0-9A-Fa-f]{4}/, U: /^[0-9A-Fa-f]{8}/ }[letter];
	const digits = pattern?.exec(text.slice(at + 2, at + 10))?.[0];
	const code = digits === undefined ? Number.NaN : Number.parseInt(digits, 16);
	if (digits === undefined || code > 0x10ffff) throw new SyntaxProblem('unknown escape sequence', at);
	return {
		value: letter === 'U' ? String.fromCodePoint(code) : String.fromCharCode(code),
		end: at + 2 + digits.length,
	};
}

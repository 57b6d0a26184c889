/** Integer and real literals (ECMA-334 §6.4.5.3, §6.4.5.4), with the type that their size and suffix give them. */
import { SyntaxProblem } from './problem.ts';
import type { LiteralValue } from './token.ts';

const integer = /(?:0[xX]_*[0-9A-Fa-f][0-9A-Fa-f_]*|0[bB]_*[01][01_]*|[0-9][0-9_]*)([uU][lL]?|[lL][uU]?)?/y;
const real = /(?:[0-9][0-9_]*)?(?:\.[0-9][0-9_]*)?(?:[eE][+-]?[0-9]+)?([fFdDmM])?/y;
const maxDigits = 64;

/** The literal that begins at `at`. Throws a SyntaxProblem: too large for its type, too long, or run into a name. */
export function readNumber(text: string, at: number): { readonly literal: LiteralValue; readonly end: number } {
	integer.lastIndex = at;
	real.lastIndex = at;
	const whole = integer.exec(text);
	const broken = real.exec(text);
	const isReal = (broken?.[0].length ?? 0) > (whole?.[0].length ?? 0);
	const match = isReal ? broken : whole;
	if (match === null) throw new SyntaxProblem('not a number', at);
	const end = at + match[0].length;
	if (match[0].length > maxDigits || /[0-9A-Za-z_]/.test(text.charAt(end))) {
		throw new SyntaxProblem('not a number', at);
	}
	const suffix = match[1] ?? '';
	const digits = match[0].slice(0, match[0].length - suffix.length).replaceAll('_', '');
	return { literal: isReal ? realLiteral(digits, suffix) : integerLiteral(digits, suffix.toLowerCase(), at), end };
}

function realLiteral(digits: string, suffix: string): LiteralValue {
	if (suffix === 'm' || suffix === 'M') return { type: 'decimal', text: digits };
	const value = Number(digits);
	return suffix === 'f' || suffix === 'F' ? { type: 'float', value: Math.fround(value) } : { type: 'double', value };
}

function integerLiteral(digits: string, suffix: string, at: number): LiteralValue {
	const value = BigInt(digits);
	const types = (
		[
			['int', 31n],
			['uint', 32n],
			['long', 63n],
			['ulong', 64n],
		] as const
	).filter(
		([type]) => (!suffix.includes('u') || type.startsWith('u')) && (!suffix.includes('l') || type.endsWith('long')),
	);
	const fitting = types.find(([, bits]) => value < 1n << bits);
	if (fitting === undefined) throw new SyntaxProblem('the number is too large', at);
	return { type: fitting[0], value };
}

/** `int.Parse` and the others: digits, a sign, white space around them, in the invariant culture. */
import type { NumericName } from '../types/type.ts';
import { parseDecimal } from './decimal.ts';
import { type AnyNumber, integerRange, NumberValue, UlongValue } from './number.ts';
import { castNumber } from './to-number.ts';

const maxLength = 400;

/** Undefined for what is no number; `overflow` for one that does not fit. */
export function readNumberText(text: string, to: NumericName): AnyNumber | 'overflow' | undefined {
	const trimmed = text.length > maxLength ? '' : text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '').replace(/\0+$/, '');
	const range = integerRange[to];
	if (range !== undefined) {
		if (!/^[+-]?[0-9]+$/.test(trimmed)) return undefined;
		const value = BigInt(trimmed.replace('+', ''));
		if (value < range[0] || value > range[1]) return 'overflow';
		return to === 'ulong' ? new UlongValue(value) : castNumber(value, to);
	}
	const plain = trimmed.replace(/^([+-]?[0-9]+(?:,[0-9]+)*)/, (digits) => digits.replaceAll(',', ''));
	if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$/.test(plain)) return undefined;
	if (to === 'decimal') return /[eE]/.test(plain) ? undefined : (parseDecimal(plain) ?? 'overflow');
	return new NumberValue(to as 'double', to === 'float' ? Math.fround(Number(plain)) : Number(plain));
}

/** Undefined for what is no number of this type. */
export function parseNumber(text: string, to: NumericName): AnyNumber | undefined {
	const value = readNumberText(text, to);
	return value === 'overflow' ? undefined : value;
}

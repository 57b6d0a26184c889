/** The order of values: numbers, texts by culture as far as the invariant one goes, times. */
import { compareNumbers } from './arithmetic.ts';
import { invalidOperation } from './exception.ts';
import { type AnyNumber, DecimalValue, NumberValue, UlongValue } from './number.ts';
import { compareText } from './string-comparison.ts';
import type { Value } from './value.ts';

/** Null comes first. Throws an InvalidOperationException for what has no order. */
export function compareValues(a: Value, b: Value): number {
	if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
	if (typeof a === 'string' && typeof b === 'string') return compareText(a, b, false);
	if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
	if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
	if (typeof a === 'object' && typeof b === 'object') {
		if ('ticks' in a && 'ticks' in b) return a.ticks < b.ticks ? -1 : a.ticks > b.ticks ? 1 : 0;
		if (a.kind === 'char' && b.kind === 'char') return a.code - b.code;
		if (a.kind === 'Guid' && b.kind === 'Guid') return compareText(a.text, b.text, false);
		if (a.kind === 'JValue' && b.kind === 'JValue') return compareValues(a.value, b.value);
	}
	throw invalidOperation('Failed to compare two elements in the array.');
}

function isNumber(value: Value): value is AnyNumber {
	if (typeof value === 'number' || typeof value === 'bigint') return true;
	return value instanceof NumberValue || value instanceof DecimalValue || value instanceof UlongValue;
}

/** Numeric promotion of two operands (ECMA-334 §12.4.7). */
import { isNumeric, type Type, type, types, underlying } from '../types/type.ts';
import type { Bound } from './bound.ts';

/** The one number type that both operands become; undefined when there is none. Null is left aside. */
export function promotedType(left: Bound, right: Bound): Type | undefined {
	const names = [numericName(left.type), numericName(right.type)];
	if (names.includes(undefined)) return undefined;
	const has = (name: string): boolean => names.includes(name);
	if (has('decimal')) return has('double') || has('float') ? undefined : types.decimal;
	if (has('double')) return types.double;
	if (has('float')) return type('float');
	const isSigned = ['sbyte', 'short', 'int', 'long'].some(has);
	// A constant that is not negative goes with unsigned types.
	const isPositive = [left, right].some(({ constant }) => typeof constant?.value === 'number' && constant.value >= 0);
	if (has('ulong')) return isSigned && !isPositive ? undefined : type('ulong');
	if (has('long')) return types.long;
	if (has('uint')) return isSigned && !isPositive ? types.long : type('uint');
	return types.int;
}

function numericName(of: Type): string | undefined {
	const inner = underlying(of);
	if (inner === types.char) return 'ushort';
	return isNumeric(inner) ? inner.name : undefined;
}

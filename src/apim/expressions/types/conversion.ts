/** Implicit conversions (ECMA-334 §10.2): which there are, how far they are from the type itself, and what they do. */
import { DateTimeValue } from '../values/date-time.ts';
import { JsonScalar } from '../values/json.ts';
import { type AnyNumber, integerRange, toInteger } from '../values/number.ts';
import { CharValue } from '../values/plain.ts';
import { castNumber } from '../values/to-number.ts';
import type { Scalar, Value } from '../values/value.ts';
import { isReferenceOf } from './instance.ts';
import { holdsNull, isNumeric, type NumericName, type Type, types, underlying } from './type.ts';

export interface Conversion {
	/** 0 for the type itself; of two ways to call something the smaller sum is taken. */
	readonly distance: number;
	/** Undefined when the value stays as it is. */
	readonly apply: ((value: Value) => Value) | undefined;
}

const same: Conversion = { distance: 0, apply: undefined };

/** ECMA-334 §10.2.3. */
const widening: Readonly<Record<string, readonly string[]>> = {
	sbyte: ['short', 'int', 'long', 'float', 'double', 'decimal'],
	byte: ['short', 'ushort', 'int', 'uint', 'long', 'ulong', 'float', 'double', 'decimal'],
	short: ['int', 'long', 'float', 'double', 'decimal'],
	ushort: ['int', 'uint', 'long', 'ulong', 'float', 'double', 'decimal'],
	int: ['long', 'float', 'double', 'decimal'],
	uint: ['long', 'ulong', 'float', 'double', 'decimal'],
	long: ['float', 'double', 'decimal'],
	ulong: ['float', 'double', 'decimal'],
	char: ['ushort', 'int', 'uint', 'long', 'ulong', 'float', 'double', 'decimal'],
	float: ['double'],
};

/** Types that Newtonsoft turns into a JValue by itself. */
const jsonScalars: ReadonlySet<string> = new Set(
	'string bool sbyte byte short ushort int uint long ulong float double decimal DateTime DateTimeOffset Guid TimeSpan'.split(
		' ',
	),
);

/** How `from` becomes `to` without a cast; undefined when it does not. `value` is that of a constant. */
export function implicitConversion(from: Type, to: Type, value?: { readonly value: Value }): Conversion | undefined {
	if (from === to || from === types.never) return same;
	if (from === types.void || to === types.void) return undefined;
	if (from === types.null) return holdsNull(to) ? same : undefined;
	if (to === types.object) return { distance: 20, apply: undefined };
	if (to.name === 'Nullable') return nullableConversion(from, to, value);
	const steps = widening[from.name]?.indexOf(to.name) ?? -1;
	if (steps >= 0) return { distance: 1 + steps, apply: (wide) => widen(wide, to.name as NumericName) };
	if (value !== undefined && from === types.int && isNumeric(to)) return constantConversion(value.value, to);
	if (to.name === 'JToken' && jsonScalars.has(underlying(from).name)) {
		return { distance: 8, apply: (scalar) => new JsonScalar(scalar as Scalar) };
	}
	if (from.name === 'DateTime' && to.name === 'DateTimeOffset') {
		return { distance: 3, apply: (time) => new DateTimeValue((time as DateTimeValue).ticks, 'Utc', 'DateTimeOffset') };
	}
	return isReferenceOf(from, to) ? { distance: 2, apply: undefined } : undefined;
}

function widen(value: Value, to: NumericName): Value {
	return castNumber(value instanceof CharValue ? value.code : (value as AnyNumber), to);
}

function nullableConversion(from: Type, to: Type, value?: { readonly value: Value }): Conversion | undefined {
	const inner = implicitConversion(underlying(from), underlying(to), value);
	if (inner === undefined) return undefined;
	const { apply } = inner;
	const lifted = apply === undefined ? undefined : (it: Value) => (it === null ? null : apply(it));
	return { distance: inner.distance + 1, apply: lifted };
}

/** ECMA-334 §10.2.11: a constant int becomes a smaller type that can hold it. */
function constantConversion(value: Value, to: Type): Conversion | undefined {
	const range = integerRange[to.name as NumericName];
	const whole = typeof value === 'number' ? toInteger(value) : undefined;
	if (range === undefined || whole === undefined || whole < range[0] || whole > range[1]) return undefined;
	return { distance: 4, apply: (number) => castNumber(number as AnyNumber, to.name as NumericName) };
}

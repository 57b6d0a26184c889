/** A number as another type (ECMA-334 §10.3.2): integers wrap as in an unchecked context, checked ones throw. */
import type { NumericName } from '../types/type.ts';
import { decimal, parseDecimal } from './decimal.ts';
import { overflow } from './exception.ts';
import { type AnyNumber, DecimalValue, integerRange, NumberValue, toInteger, toNumber, UlongValue } from './number.ts';

/** Bits of the integer types; signed ones are negative. */
const bits: Readonly<Partial<Record<NumericName, number>>> = {
	sbyte: -8,
	byte: 8,
	short: -16,
	ushort: 16,
	int: -32,
	uint: 32,
	long: -64,
	ulong: 64,
};

/** `(T)value` where integers that do not fit lose their upper bits. A decimal that does not fit throws, as in .NET. */
export function castNumber(value: AnyNumber, to: NumericName): AnyNumber {
	const width = bits[to];
	if (width === undefined) return castReal(value, to);
	if (to === 'int' && typeof value === 'number') return value;
	if (value instanceof DecimalValue) return checkedNumber(value, to);
	const real = value instanceof NumberValue && (value.kind === 'double' || value.kind === 'float');
	// What a real number out of range becomes is not specified; this is what x64 does.
	if (real && !(Math.abs(value.value) < 2 ** 63)) return makeInteger(to === 'ulong' ? 2n ** 63n : 0n, to, width);
	return makeInteger(toInteger(value), to, width);
}

/** As `castNumber`; throws an OverflowException for what does not fit. A real number is cut towards zero. */
export function checkedNumber(value: AnyNumber, to: NumericName): AnyNumber {
	const range = integerRange[to];
	const width = bits[to];
	if (range === undefined || width === undefined) return castReal(value, to);
	if (!(value instanceof DecimalValue) && !Number.isFinite(toNumber(value))) throw overflow();
	const whole = toInteger(value);
	if (whole < range[0] || whole > range[1]) throw overflow();
	return makeInteger(whole, to, width);
}

function makeInteger(value: bigint, to: NumericName, width: number): AnyNumber {
	const wrapped = width < 0 ? BigInt.asIntN(-width, value) : BigInt.asUintN(width, value);
	if (to === 'int') return Number(wrapped);
	if (to === 'long') return wrapped;
	if (to === 'ulong') return new UlongValue(wrapped);
	return new NumberValue(to as NumberValue['kind'], Number(wrapped));
}

function castReal(value: AnyNumber, to: NumericName): AnyNumber {
	if (to === 'double') return new NumberValue('double', toNumber(value));
	if (to === 'float') return new NumberValue('float', Math.fround(toNumber(value)));
	if (value instanceof DecimalValue) return value;
	if (!(value instanceof NumberValue) || (value.kind !== 'double' && value.kind !== 'float')) {
		return new DecimalValue(toInteger(value), 0);
	}
	// System.Decimal takes fifteen significant digits of a double, seven of a float.
	const digits = Number.isFinite(value.value) ? value.value.toPrecision(value.kind === 'float' ? 7 : 15) : '';
	const made = parseDecimal(digits);
	if (made === undefined) throw overflow();
	return trimmed(made);
}

function trimmed(value: DecimalValue): DecimalValue {
	let { digits, scale } = value;
	while (scale > 0 && digits % 10n === 0n) {
		digits /= 10n;
		scale--;
	}
	return decimal(digits, scale);
}

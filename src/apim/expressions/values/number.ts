/**
 * Numbers. An `int` is a JavaScript number and a `long` a bigint, so that the common ones cost nothing; the others are
 * objects that know their type, as a boxed value must.
 */
import type { NumericName } from '../types/type.ts';

export class NumberValue {
	readonly kind: 'sbyte' | 'byte' | 'short' | 'ushort' | 'uint' | 'float' | 'double';
	readonly value: number;

	constructor(kind: NumberValue['kind'], value: number) {
		this.kind = kind;
		this.value = value;
	}
}

export class UlongValue {
	readonly kind = 'ulong';
	readonly value: bigint;

	constructor(value: bigint) {
		this.value = value;
	}
}

/** `digits / 10^scale`; `digits` within 96 bits, `scale` 0 to 28, as System.Decimal. */
export class DecimalValue {
	readonly kind = 'decimal';
	readonly digits: bigint;
	readonly scale: number;

	constructor(digits: bigint, scale: number) {
		this.digits = digits;
		this.scale = scale;
	}
}

export type AnyNumber = number | bigint | NumberValue | UlongValue | DecimalValue;

/** Smallest and largest value of the integer types. */
export const integerRange: Readonly<Partial<Record<NumericName, readonly [bigint, bigint]>>> = {
	sbyte: [-128n, 127n],
	byte: [0n, 255n],
	short: [-32768n, 32767n],
	ushort: [0n, 65535n],
	int: [-(2n ** 31n), 2n ** 31n - 1n],
	uint: [0n, 2n ** 32n - 1n],
	long: [-(2n ** 63n), 2n ** 63n - 1n],
	ulong: [0n, 2n ** 64n - 1n],
};

export function double(value: number): NumberValue {
	return new NumberValue('double', value);
}

export function kindOfNumber(value: AnyNumber): NumericName {
	if (typeof value === 'number') return 'int';
	return typeof value === 'bigint' ? 'long' : value.kind;
}

/** The value as a double; a decimal or a large integer loses what a double cannot hold. */
export function toNumber(value: AnyNumber): number {
	if (typeof value === 'number') return value;
	if (typeof value === 'bigint') return Number(value);
	if (value instanceof DecimalValue) return Number(`${value.digits}e-${value.scale}`);
	return Number(value.value);
}

/** The value of an integer type; a real one is cut towards zero. Throws a RangeError for what is not finite. */
export function toInteger(value: AnyNumber): bigint {
	if (typeof value === 'bigint') return value;
	if (value instanceof DecimalValue) return value.digits / 10n ** BigInt(value.scale);
	return BigInt(Math.trunc(toNumber(value)));
}

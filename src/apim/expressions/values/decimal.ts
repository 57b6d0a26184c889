/** Arithmetic of System.Decimal: 96 bits and a power of ten, rounding half to even where digits do not fit. */
import { overflow } from './exception.ts';
import { DecimalValue } from './number.ts';

const maxDigits = 2n ** 96n - 1n;
const maxScale = 28;

/** `digits / 10^scale`, rounded until it fits. Throws an OverflowException for what is too large. */
export function decimal(digits: bigint, scale: number): DecimalValue {
	let kept = digits;
	let keptScale = scale;
	const excess = Math.max(keptScale - maxScale, 0);
	let dropped = excess;
	while (magnitude(divideEven(kept, 10n ** BigInt(dropped))) > maxDigits) dropped++;
	if (dropped > 0) {
		kept = divideEven(kept, 10n ** BigInt(dropped));
		keptScale -= dropped;
	}
	if (keptScale < 0) throw overflow();
	return new DecimalValue(kept, keptScale);
}

/** A text of digits with a point and an exponent, undefined when it is not one or too long to be one. */
export function parseDecimal(text: string): DecimalValue | undefined {
	const match = text.length > 64 ? null : /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,2}))?$/.exec(text);
	const whole = match?.[2] ?? '';
	const fraction = match?.[3] ?? '';
	if (match === null || whole + fraction === '') return undefined;
	const exponent = Number(match[4] ?? 0);
	const digits = BigInt(whole + fraction) * (match[1] === '-' ? -1n : 1n);
	const scale = fraction.length - exponent;
	return scale < 0 ? decimal(digits * 10n ** BigInt(-scale), 0) : decimal(digits, scale);
}

export function addDecimal(a: DecimalValue, b: DecimalValue): DecimalValue {
	const scale = Math.max(a.scale, b.scale);
	return decimal(scaled(a, scale) + scaled(b, scale), scale);
}

export function multiplyDecimal(a: DecimalValue, b: DecimalValue): DecimalValue {
	return decimal(a.digits * b.digits, a.scale + b.scale);
}

/** `b` is not zero. Trailing zeros that the operands did not have are dropped. */
export function divideDecimal(a: DecimalValue, b: DecimalValue): DecimalValue {
	const extra = 60;
	const raw = (a.digits * 10n ** BigInt(extra + b.scale)) / b.digits;
	let result = decimal(raw, extra + a.scale);
	while (result.scale > Math.max(a.scale - b.scale, 0) && result.digits % 10n === 0n) {
		result = new DecimalValue(result.digits / 10n, result.scale - 1);
	}
	return result;
}

/** `b` is not zero. */
export function remainderDecimal(a: DecimalValue, b: DecimalValue): DecimalValue {
	const scale = Math.max(a.scale, b.scale);
	return decimal(scaled(a, scale) % scaled(b, scale), scale);
}

export function compareDecimal(a: DecimalValue, b: DecimalValue): number {
	const scale = Math.max(a.scale, b.scale);
	const difference = scaled(a, scale) - scaled(b, scale);
	return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function decimalText(value: DecimalValue): string {
	const sign = value.digits < 0n ? '-' : '';
	const digits = magnitude(value.digits)
		.toString()
		.padStart(value.scale + 1, '0');
	const whole = digits.slice(0, digits.length - value.scale);
	return value.scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(digits.length - value.scale)}`;
}

/** Rounded to `places`, half to even. */
export function roundDecimal(value: DecimalValue, places: number): DecimalValue {
	if (value.scale <= places) return value;
	return new DecimalValue(divideEven(value.digits, 10n ** BigInt(value.scale - places)), places);
}

function scaled(value: DecimalValue, scale: number): bigint {
	return value.digits * 10n ** BigInt(scale - value.scale);
}

function magnitude(value: bigint): bigint {
	return value < 0n ? -value : value;
}

function divideEven(value: bigint, by: bigint): bigint {
	const whole = value / by;
	const twice = magnitude(value % by) * 2n;
	const isUp = twice > by || (twice === by && whole % 2n !== 0n);
	if (!isUp) return whole;
	return value < 0n ? whole - 1n : whole + 1n;
}

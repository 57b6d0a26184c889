/** `{0:format}` and `ToString("format")` in the invariant culture, for numbers, times and GUIDs. */
import { badFormat } from './exception.ts';
import { formatDateTime } from './format-time.ts';
import { type AnyNumber, DecimalValue, kindOfNumber, NumberValue, toInteger, toNumber, UlongValue } from './number.ts';
import { numberText } from './number-text.ts';
import { textOf } from './text.ts';
import { castNumber } from './to-number.ts';
import type { Value } from './value.ts';

/** Throws a FormatException for a format that is none. A value without formats of its own is its text. */
export function formatValue(value: Value, format: string): string {
	if (value === null) return '';
	if (typeof value === 'number' || typeof value === 'bigint') return formatNumber(value, format);
	if (typeof value !== 'object') return textOf(value);
	if (value instanceof NumberValue || value instanceof DecimalValue || value instanceof UlongValue) {
		return formatNumber(value, format);
	}
	if (value.kind === 'DateTime' || value.kind === 'DateTimeOffset') return formatDateTime(value, format);
	if (value.kind === 'Guid') return formatGuid(value.text, format);
	if (value.kind === 'TimeSpan' && !['', 'c', 't', 'T'].includes(format)) throw badFormat();
	if (value.kind === 'JValue') return formatValue(value.value, format);
	return textOf(value);
}

function formatGuid(text: string, format: string): string {
	switch (format.toUpperCase()) {
		case '':
		case 'D':
			return text;
		case 'N':
			return text.replaceAll('-', '');
		case 'B':
			return `{${text}}`;
		case 'P':
			return `(${text})`;
		default:
			throw badFormat();
	}
}

function formatNumber(value: AnyNumber, format: string): string {
	const match = /^([A-Za-z])([0-9]{0,2})$/.exec(format);
	if (format === '') return numberText(value);
	if (match === null) return formatCustom(value, format);
	const letter = match[1] ?? '';
	const digits = match[2] === '' ? undefined : Number(match[2]);
	switch (letter.toUpperCase()) {
		case 'D':
			return integerDigits(value, digits ?? 0);
		case 'X': {
			const hexadecimal = hexDigits(value).padStart(digits ?? 0, '0');
			return letter === 'X' ? hexadecimal.toUpperCase() : hexadecimal;
		}
		case 'F':
			return fixed(value, digits ?? 2);
		case 'N':
			return grouped(fixed(value, digits ?? 2));
		case 'P':
			return `${grouped(fixed(percent(value), digits ?? 2))} %`;
		case 'G':
		case 'R':
			if (digits !== undefined && digits > 0) throw badFormat();
			return numberText(value);
		default:
			throw badFormat();
	}
}

function percent(value: AnyNumber): AnyNumber {
	const decimal = castNumber(value, 'decimal') as DecimalValue;
	return new DecimalValue(decimal.digits * 100n, decimal.scale);
}

function integerDigits(value: AnyNumber, width: number): string {
	if (value instanceof DecimalValue || isReal(value)) throw badFormat();
	const whole = toInteger(value);
	const text = (whole < 0n ? -whole : whole).toString().padStart(width, '0');
	return whole < 0n ? `-${text}` : text;
}

function hexDigits(value: AnyNumber): string {
	if (value instanceof DecimalValue || isReal(value)) throw badFormat();
	const width = { sbyte: 8, short: 16, int: 32, long: 64 }[kindOfNumber(value) as string] ?? 64;
	return BigInt.asUintN(width, toInteger(value)).toString(16);
}

function isReal(value: AnyNumber): boolean {
	return value instanceof NumberValue && (value.kind === 'double' || value.kind === 'float');
}

/** With so many digits behind the point, half away from zero. */
function fixed(value: AnyNumber, digits: number): string {
	if (isReal(value)) {
		const real = toNumber(value);
		if (!Number.isFinite(real) || Math.abs(real) >= 1e21) return numberText(value);
		return withoutNegativeZero(real.toFixed(digits));
	}
	const decimal = value instanceof DecimalValue ? value : new DecimalValue(toInteger(value), 0);
	const kept = halfUp(decimal, digits);
	return withoutNegativeZero(numberText(new DecimalValue(kept.digits * 10n ** BigInt(digits - kept.scale), digits)));
}

function halfUp(value: DecimalValue, digits: number): DecimalValue {
	if (value.scale <= digits) return value;
	const by = 10n ** BigInt(value.scale - digits);
	const half = value.digits < 0n ? -(by / 2n) : by / 2n;
	return new DecimalValue((value.digits + half) / by, digits);
}

function withoutNegativeZero(text: string): string {
	return /^-[0.]+$/.test(text) ? text.slice(1) : text;
}

function grouped(text: string): string {
	const [whole = '', fraction] = text.split('.');
	const sign = whole.startsWith('-') ? '-' : '';
	const digits = whole.slice(sign.length);
	let result = '';
	for (let end = digits.length; end > 0; end -= 3) {
		result = digits.slice(Math.max(end - 3, 0), end) + (result === '' ? '' : `,${result}`);
	}
	return `${sign}${result}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** `000`, `0.00`, `#,##0.##`: digits, one point and groups. Other custom formats are refused. */
function formatCustom(value: AnyNumber, format: string): string {
	const match = /^([#,]*)([0,]*)(?:\.(0*)(#*))?$/.exec(format);
	if (match === null) throw badFormat();
	const [, optional = '', needed = '', places = '', more = ''] = match;
	const least = needed.replaceAll(',', '').length;
	const text = fixed(value, places.length + more.length);
	const [whole = '', fraction = ''] = text.replace('-', '').split('.');
	const kept = fraction.slice(0, places.length) + fraction.slice(places.length).replace(/0+$/, '');
	const digits = whole === '0' && least === 0 ? '' : whole.padStart(least, '0');
	const body = (optional + needed).includes(',') ? grouped(digits) : digits;
	return `${text.startsWith('-') ? '-' : ''}${body}${kept === '' ? '' : `.${kept}`}`;
}

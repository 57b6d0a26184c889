/** Statics of numbers, of bool and of char; Convert and Math. */

import { decodeBase64 } from '#formats/base64';
import type { Run } from '../run/run.ts';
import { type NumericName, numericNames } from '../types/type.ts';
import { compareNumbers } from '../values/arithmetic.ts';
import type { ListValue } from '../values/collection.ts';
import { DateTimeValue } from '../values/date-time.ts';
import { roundDecimal } from '../values/decimal.ts';
import { badFormat, exception, overflow } from '../values/exception.ts';
import {
	type AnyNumber,
	DecimalValue,
	integerRange,
	NumberValue,
	toInteger,
	toNumber,
	UlongValue,
} from '../values/number.ts';
import { base64Text, octetsOf, octetsValue } from '../values/octets.ts';
import { readNumberText } from '../values/parse-number.ts';
import { parseDateTime } from '../values/parse-time.ts';
import { CharValue } from '../values/plain.ts';
import { textOf } from '../values/text.ts';
import { castNumber, checkedNumber } from '../values/to-number.ts';
import type { Value } from '../values/value.ts';
import type { Out } from './signature.ts';
import type { MemberTable } from './table.ts';

export function addNumberMembers(table: MemberTable): void {
	for (const name of numericNames) addNumber(table, name);
	table.add('int', { 'int CompareTo(int value)': (_: Run, a: number, b: number) => Math.sign(a - b) });
	table.add('double', { 'static bool IsNaN(double d)': (_: Run, value: NumberValue) => Number.isNaN(value.value) });
	table.add('bool', {
		'static bool Parse(string value)': (_: Run, text: string) => {
			const value = parseBoolean(text);
			if (value === undefined) throw badFormat(`String '${text}' was not recognized as a valid Boolean.`);
			return value;
		},
		'static bool TryParse(string? value, out bool result)': (_: Run, text: string | null, out: Out) => {
			const value = text === null ? undefined : parseBoolean(text);
			out.value = value ?? false;
			return value !== undefined;
		},
	});
	addChars(table);
	addConvert(table);
	addMath(table);
	table.add('BitConverter', {
		'static int ToInt32(byte[] value, int startIndex)': (run: Run, bytes: ListValue, start: number) => {
			const octets = octetsOf(run, bytes);
			if (start < 0 || start + 4 > octets.length)
				throw exception('ArgumentException', 'Destination array is not long enough.');
			return new DataView(octets.buffer).getInt32(start, true);
		},
		'static byte[] GetBytes(int value)': (_: Run, value: number) => {
			const octets = new Uint8Array(4);
			new DataView(octets.buffer).setInt32(0, value, true);
			return octetsValue(octets);
		},
		'static string ToString(byte[] value)': (run: Run, bytes: ListValue) => {
			const octets = octetsOf(run, bytes);
			run.make(octets.length * 3);
			return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join('-');
		},
	});
}

function parseBoolean(text: string): boolean | undefined {
	const word = text.trim().toLowerCase();
	return word === 'true' ? true : word === 'false' ? false : undefined;
}

function parse(text: string, to: NumericName): AnyNumber {
	const value = readNumberText(text, to);
	if (value === 'overflow') throw exception('OverflowException', `Value was either too large or too small for ${to}.`);
	if (value === undefined) throw badFormat();
	return value;
}

function addNumber(table: MemberTable, name: NumericName): void {
	const tryParse = (_: Run, text: string | null, out: Out): boolean => {
		const value = text === null ? undefined : readNumberText(text, name);
		const isNumber = value !== undefined && value !== 'overflow';
		out.value = isNumber ? value : castNumber(0, name);
		return isNumber;
	};
	table.add(name, {
		[`static ${name} Parse(string s)`]: (_: Run, text: string) => parse(text, name),
		[`static ${name} Parse(string s, CultureInfo? provider)`]: (_: Run, text: string) => parse(text, name),
		[`static bool TryParse(string? s, out ${name} result)`]: tryParse,
	});
	const range = integerRange[name];
	if (range === undefined) return;
	const [least, most] = [checkedNumberOf(range[0], name), checkedNumberOf(range[1], name)];
	table.add(name, { [`static ${name} MinValue`]: () => least, [`static ${name} MaxValue`]: () => most });
}

function checkedNumberOf(value: bigint, name: NumericName): AnyNumber {
	return name === 'ulong' ? new UlongValue(value) : castNumber(value, name);
}

function addChars(table: MemberTable): void {
	const tests: Readonly<Record<string, RegExp>> = {
		IsDigit: /^\p{Nd}$/u,
		IsLetter: /^\p{L}$/u,
		IsLetterOrDigit: /^[\p{L}\p{Nd}]$/u,
		IsUpper: /^\p{Lu}$/u,
		IsLower: /^\p{Ll}$/u,
		IsWhiteSpace: /^[\s\u0085]$/u,
	};
	for (const [name, pattern] of Object.entries(tests)) {
		table.add('char', { [`static bool ${name}(char c)`]: (_: Run, char: CharValue) => pattern.test(textOf(char)) });
	}
	const mapped = (char: CharValue, map: (text: string) => string): CharValue => {
		const text = map(textOf(char));
		return text.length === 1 ? new CharValue(text.charCodeAt(0)) : char;
	};
	for (const suffix of ['', 'Invariant']) {
		table.add('char', {
			[`static char ToLower${suffix}(char c)`]: (_: Run, char: CharValue) => mapped(char, (text) => text.toLowerCase()),
			[`static char ToUpper${suffix}(char c)`]: (_: Run, char: CharValue) => mapped(char, (text) => text.toUpperCase()),
		});
	}
}

/** Names of the methods of Convert by the type that they make. */
const convertNames: Readonly<Record<string, NumericName>> = {
	ToSByte: 'sbyte',
	ToByte: 'byte',
	ToInt16: 'short',
	ToUInt16: 'ushort',
	ToInt32: 'int',
	ToUInt32: 'uint',
	ToInt64: 'long',
	ToUInt64: 'ulong',
	ToSingle: 'float',
	ToDouble: 'double',
	ToDecimal: 'decimal',
};

function addConvert(table: MemberTable): void {
	for (const [method, name] of Object.entries(convertNames)) {
		table.add('Convert', {
			[`static ${name} ${method}(object? value)`]: (_: Run, value: Value) => convertNumber(value, name),
		});
	}
	table.add('Convert', {
		'static string ToString(object? value)': (run: Run, value: Value) => {
			const text = textOf(value);
			run.make(text.length);
			return text;
		},
		'static bool ToBoolean(object? value)': (_: Run, value: Value) => toBoolean(value),
		'static DateTime ToDateTime(object? value)': (_: Run, value: Value) => {
			if (value instanceof DateTimeValue && value.kind === 'DateTime') return value;
			const time = typeof value === 'string' ? parseDateTime(value) : undefined;
			if (time === undefined) throw badFormat('String was not recognized as a valid DateTime.');
			return time;
		},
		'static string ToBase64String(byte[] inArray)': (run: Run, bytes: ListValue) =>
			base64Text(run, octetsOf(run, bytes)),
		'static byte[] FromBase64String(string s)': (run: Run, text: string) => {
			run.make(text.length);
			const octets = decodeBase64(text.replace(/[ \t\r\n]/g, ''));
			if (octets === null) throw badFormat('The input is not a valid Base-64 string.');
			return octetsValue(octets);
		},
		'static string ToHexString(byte[] inArray)': (run: Run, bytes: ListValue) => {
			const octets = octetsOf(run, bytes);
			run.make(octets.length * 2);
			return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join('');
		},
		'static int ToInt32(string value, int fromBase)': (_: Run, text: string, base: number) =>
			Number(BigInt.asIntN(32, inBase(text, base, 32))),
		'static long ToInt64(string value, int fromBase)': (_: Run, text: string, base: number) =>
			BigInt.asIntN(64, inBase(text, base, 64)),
		'static byte ToByte(string value, int fromBase)': (_: Run, text: string, base: number) =>
			castNumber(inBase(text, base, 8), 'byte'),
	});
}

function inBase(text: string, base: number, bits: number): bigint {
	const prefix = { 2: '0b', 8: '0o', 16: '0x' }[base];
	if (base === 10) return toInteger(parse(text, bits === 64 ? 'long' : 'int'));
	if (prefix === undefined) throw exception('ArgumentException', 'Invalid Base.');
	const digits = base === 16 ? text.replace(/^0[xX]/, '') : text;
	const isDigits = { 2: /^[01]{1,64}$/, 8: /^[0-7]{1,22}$/, 16: /^[0-9A-Fa-f]{1,16}$/ }[base as 2 | 8 | 16].test(
		digits,
	);
	if (!isDigits) throw badFormat('Could not find any recognizable digits.');
	const value = BigInt(prefix + digits);
	if (value >= 1n << BigInt(bits)) throw overflow();
	return value;
}

/** Real numbers are rounded half to even, unlike in a cast; null is zero. */
function convertNumber(value: Value, to: NumericName): AnyNumber {
	if (value === null) return castNumber(0, to);
	if (typeof value === 'boolean') return castNumber(value ? 1 : 0, to);
	if (typeof value === 'string') return parse(value, to);
	if (value instanceof CharValue) return checkedNumber(value.code, to);
	if (typeof value === 'object' && value.kind === 'JValue') return convertNumber(value.value, to);
	if (!isNumber(value)) throw invalidCast(value, to);
	if (integerRange[to] === undefined) return castNumber(value, to);
	return checkedNumber(rounded(value), to);
}

function rounded(value: AnyNumber): AnyNumber {
	if (value instanceof DecimalValue) return roundDecimal(value, 0);
	if (!(value instanceof NumberValue) || (value.kind !== 'double' && value.kind !== 'float')) return value;
	return new NumberValue('double', halfEven(value.value));
}

function halfEven(value: number): number {
	const floor = Math.floor(value);
	const rest = value - floor;
	if (rest !== 0.5) return Math.round(value);
	return floor % 2 === 0 ? floor : floor + 1;
}

function isNumber(value: Value): value is AnyNumber {
	if (typeof value === 'number' || typeof value === 'bigint') return true;
	return value instanceof NumberValue || value instanceof DecimalValue || value instanceof UlongValue;
}

function invalidCast(value: Value, to: string): Error {
	return exception('InvalidCastException', `Unable to cast object of type '${typeof value}' to type '${to}'.`);
}

function toBoolean(value: Value): boolean {
	if (value === null) return false;
	if (typeof value === 'boolean') return value;
	if (typeof value === 'object' && value.kind === 'JValue') return toBoolean(value.value);
	if (isNumber(value)) return toNumber(value) !== 0;
	const parsed = typeof value === 'string' ? parseBoolean(value) : undefined;
	if (parsed === undefined) throw badFormat(`String '${textOf(value)}' was not recognized as a valid Boolean.`);
	return parsed;
}

function addMath(table: MemberTable): void {
	for (const name of ['int', 'long', 'double', 'decimal'] as const) {
		table.add('Math', {
			[`static ${name} Max(${name} val1, ${name} val2)`]: (_: Run, a: AnyNumber, b: AnyNumber) =>
				compareNumbers(a, b) >= 0 ? a : b,
			[`static ${name} Min(${name} val1, ${name} val2)`]: (_: Run, a: AnyNumber, b: AnyNumber) =>
				compareNumbers(a, b) <= 0 ? a : b,
			[`static ${name} Abs(${name} value)`]: (_: Run, value: AnyNumber) => absolute(value, name),
		});
	}
	const real = (of: (value: number) => number) => (_: Run, value: NumberValue) =>
		new NumberValue('double', of(value.value));
	table.add('Math', {
		'static double Floor(double d)': real(Math.floor),
		'static double Ceiling(double a)': real(Math.ceil),
		'static double Round(double a)': real(halfEven),
		'static decimal Round(decimal d)': (_: Run, value: DecimalValue) => roundDecimal(value, 0),
		'static decimal Round(decimal d, int decimals)': (_: Run, value: DecimalValue, places: number) =>
			roundDecimal(value, Math.max(places, 0)),
		'static double Truncate(double d)': real(Math.trunc),
		'static double Sqrt(double d)': real(Math.sqrt),
		'static double Pow(double x, double y)': (_: Run, x: NumberValue, y: NumberValue) =>
			new NumberValue('double', x.value ** y.value),
	});
}

function absolute(value: AnyNumber, name: NumericName): AnyNumber {
	if (value instanceof DecimalValue) return value.digits < 0n ? new DecimalValue(-value.digits, value.scale) : value;
	if (value instanceof NumberValue) return new NumberValue('double', Math.abs(value.value));
	const whole = toInteger(value);
	return checkedNumber(whole < 0n ? -whole : whole, name);
}

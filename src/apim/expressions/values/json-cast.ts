/** `(T)token` of Newtonsoft.Json.Linq: what a token becomes as a text, a number or another simple value. */
import { holdsNull, isNumeric, type NumericName, type Type, types, underlying } from '../types/type.ts';
import { argumentNull, badFormat, exception } from './exception.ts';
import type { JsonToken } from './json.ts';
import { type AnyNumber, DecimalValue, NumberValue, UlongValue } from './number.ts';
import { parseNumber } from './parse-number.ts';
import { parseDateTime } from './parse-time.ts';
import { textOf } from './text.ts';
import { checkedNumber } from './to-number.ts';
import type { Scalar, Value } from './value.ts';

/** A null token is null for what can be null. Throws an ArgumentException for an object or an array. */
export function castToken(token: JsonToken | null, to: Type): Value {
	if (token === null) {
		if (holdsNull(to)) return null;
		throw argumentNull('value');
	}
	const held = token.kind === 'JProperty' ? token.value : token;
	const value = held.kind === 'JValue' ? held.value : undefined;
	const of = underlying(to);
	if (value === null && holdsNull(to)) return null;
	const result = value === undefined || value === null ? undefined : convert(value, of);
	if (result === undefined)
		throw exception('ArgumentException', `Can not convert ${tokenTypeName(held)} to ${of.text}.`);
	return result;
}

function convert(value: Exclude<Scalar, null>, to: Type): Value | undefined {
	if (to === types.string) return typeof value === 'boolean' ? (value ? 'True' : 'False') : textOf(value);
	if (to === types.bool) return toBoolean(value);
	if (isNumeric(to)) {
		if (typeof value === 'boolean') return checkedNumber(value ? 1 : 0, to.name as NumericName);
		if (isNumber(value)) return checkedNumber(value, to.name as NumericName);
		const parsed = typeof value === 'string' ? parseNumber(value, to.name as NumericName) : undefined;
		if (parsed === undefined) throw badFormat();
		return parsed;
	}
	if (to.name === 'DateTime') {
		const parsed = typeof value === 'string' ? parseDateTime(value) : value;
		if (parsed === undefined) throw badFormat(`String '${textOf(value)}' was not recognized as a valid DateTime.`);
		return typeof parsed === 'object' && parsed.kind === 'DateTime' ? parsed : undefined;
	}
	return typeof value === 'object' && value.kind === to.name ? value : undefined;
}

function toBoolean(value: Exclude<Scalar, null>): boolean | undefined {
	if (typeof value === 'boolean') return value;
	if (isNumber(value)) return !(value === 0 || value === 0n || (value instanceof NumberValue && value.value === 0));
	if (typeof value !== 'string') return undefined;
	const word = value.trim().toLowerCase();
	if (word !== 'true' && word !== 'false') throw badFormat(`String '${value}' was not recognized as a valid Boolean.`);
	return word === 'true';
}

function isNumber(value: Scalar): value is AnyNumber {
	if (typeof value === 'number' || typeof value === 'bigint') return true;
	return value instanceof NumberValue || value instanceof DecimalValue || value instanceof UlongValue;
}

/** The member of JTokenType. */
export function tokenTypeName(token: JsonToken): string {
	switch (token.kind) {
		case 'JObject':
			return 'Object';
		case 'JArray':
			return 'Array';
		case 'JProperty':
			return 'Property';
		case 'JValue':
			return scalarTypeName(token.value);
	}
}

function scalarTypeName(value: Scalar): string {
	if (value === null) return 'Null';
	if (typeof value === 'string') return 'String';
	if (typeof value === 'boolean') return 'Boolean';
	if (typeof value === 'number' || typeof value === 'bigint') return 'Integer';
	if (value instanceof NumberValue) return value.kind === 'double' || value.kind === 'float' ? 'Float' : 'Integer';
	if (value instanceof DecimalValue) return 'Float';
	if (value instanceof UlongValue) return 'Integer';
	if (value.kind === 'Guid') return 'Guid';
	return value.kind === 'TimeSpan' ? 'TimeSpan' : 'Date';
}

/** What `ToString()` of a value answers, in the invariant culture. */
import { formatDateTime, timeSpanText } from './format-time.ts';
import { jsonText } from './json-text.ts';
import { DecimalValue, NumberValue } from './number.ts';
import { numberText } from './number-text.ts';
import { urlText } from './url-text.ts';
import { typeOf, type Value } from './value.ts';

/** Empty for null, as in a concatenation. */
export function textOf(value: Value): string {
	if (value === null) return '';
	switch (typeof value) {
		case 'string':
			return value;
		case 'boolean':
			return value ? 'True' : 'False';
		case 'number':
		case 'bigint':
			return value.toString();
		default:
			return objectText(value);
	}
}

function objectText(value: Exclude<Value, null | string | boolean | number | bigint>): string {
	switch (value.kind) {
		case 'char':
			return String.fromCharCode(value.code);
		case 'enum':
			return value.member;
		case 'DateTime':
		case 'DateTimeOffset':
			return formatDateTime(value, '');
		case 'TimeSpan':
			return timeSpanText(value.ticks);
		case 'Guid':
		case 'Jwt':
		case 'StringBuilder':
			return value.text;
		case 'Uri':
			return value.absolute?.href ?? value.original;
		case 'IUrl':
			return urlText(value);
		case 'JObject':
		case 'JArray':
		case 'JProperty':
			return jsonText(value, true);
		case 'JValue':
			return textOf(value.value);
		case 'KeyValuePair':
			return `[${textOf(value.key)}, ${textOf(value.value)}]`;
		case 'anonymous':
			return `{ ${[...value.fields].map(([name, field]) => `${name} = ${textOf(field)}`).join(', ')} }`;
		case 'exception':
			return `System.${value.name}: ${value.message}`;
		case 'Match':
		case 'Group':
			return value.value;
		case 'Regex':
			return value.pattern;
		default:
			return isNumber(value) ? numberText(value) : typeOf(value).text;
	}
}

function isNumber(value: Value): value is NumberValue | DecimalValue | Extract<Value, { kind: 'ulong' }> {
	return value instanceof NumberValue || value instanceof DecimalValue || (value as { kind?: string }).kind === 'ulong';
}

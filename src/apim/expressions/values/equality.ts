/** `Equals` of two values as .NET compares them: by content for what has one, by identity for the rest. */

import { compareNumbers } from './arithmetic.ts';
import { DecimalValue, kindOfNumber, NumberValue, UlongValue } from './number.ts';
import type { Value } from './value.ts';

/** Values of different types are never equal: `1` is not `1L`. */
export function equalValues(a: Value, b: Value): boolean {
	if (a === b) return true;
	if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
	if (isNumberObject(a) && isNumberObject(b)) {
		if (kindOfNumber(a) !== kindOfNumber(b)) return false;
		const difference = compareNumbers(a, b);
		return difference === 0 || (Number.isNaN(difference) && equalNaN(a, b));
	}
	return equalObjects(a, b);
}

function isNumberObject(value: Value): value is NumberValue | DecimalValue | UlongValue {
	return value instanceof NumberValue || value instanceof DecimalValue || value instanceof UlongValue;
}

function equalNaN(a: Value, b: Value): boolean {
	return a instanceof NumberValue && b instanceof NumberValue && Number.isNaN(a.value) && Number.isNaN(b.value);
}

function equalObjects(a: Extract<Value, object>, b: Extract<Value, object>): boolean {
	switch (a.kind) {
		case 'char':
			return b.kind === 'char' && a.code === b.code;
		case 'enum':
			return b.kind === 'enum' && a.name === b.name && a.value === b.value;
		case 'DateTime':
			return b.kind === 'DateTime' && a.ticks === b.ticks;
		case 'DateTimeOffset':
			return b.kind === 'DateTimeOffset' && a.ticks - a.offset === b.ticks - b.offset;
		case 'TimeSpan':
			return b.kind === 'TimeSpan' && a.ticks === b.ticks;
		case 'Guid':
			return b.kind === 'Guid' && a.text === b.text;
		case 'JValue':
			return b.kind === 'JValue' && equalValues(a.value, b.value);
		case 'KeyValuePair':
			return b.kind === 'KeyValuePair' && equalValues(a.key, b.key) && equalValues(a.value, b.value);
		case 'anonymous':
			return (
				b.kind === 'anonymous' &&
				a.type === b.type &&
				[...a.fields].every(([name, value]) => equalValues(value, b.fields.get(name) ?? null))
			);
		case 'Uri':
			return b.kind === 'Uri' && (a.absolute?.href ?? a.original) === (b.absolute?.href ?? b.original);
		default:
			return false;
	}
}

/**
 * Every value there is: a closed set. Each says its own type, as a boxed value does in .NET, so that a cast can be
 * decided; none is an object of JavaScript that an expression could look into.
 */
import { arrayOf, type Type, type, types } from '../types/type.ts';
import type { AnonymousValue, DictionaryValue, GroupValue, ListValue, PairValue, SequenceValue } from './collection.ts';
import type { ContextObject } from './context.ts';
import type { DateTimeValue, GuidValue, TimeSpanValue } from './date-time.ts';
import type { ExceptionValue } from './exception.ts';
import type { JsonToken } from './json.ts';
import type { DecimalValue, NumberValue, UlongValue } from './number.ts';
import type { PlainObject } from './plain.ts';

/** What JSON and text have one form of. */
export type Scalar =
	| null
	| string
	| boolean
	/** `int` */
	| number
	/** `long` */
	| bigint
	| NumberValue
	| UlongValue
	| DecimalValue
	| DateTimeValue
	| TimeSpanValue
	| GuidValue;

export type Value =
	| Scalar
	| ListValue
	| SequenceValue
	| GroupValue
	| PairValue
	| DictionaryValue
	| AnonymousValue
	| JsonToken
	| ExceptionValue
	| PlainObject
	| ContextObject;

/** The type of a value itself. Null has none. */
export function typeOf(value: Exclude<Value, null>): Type {
	switch (typeof value) {
		case 'string':
			return types.string;
		case 'boolean':
			return types.bool;
		case 'number':
			return types.int;
		case 'bigint':
			return types.long;
		default:
			return typeOfObject(value);
	}
}

function typeOfObject(value: Exclude<Value, null | string | boolean | number | bigint>): Type {
	switch (value.kind) {
		case 'array':
			return arrayOf(value.element);
		case 'List':
		case 'HashSet':
		case 'Queue':
		case 'Stack':
			return type(value.kind, value.element);
		case 'sequence':
			return type('IEnumerable', value.element);
		case 'IGrouping':
			return type('IGrouping', value.keyType, value.element);
		case 'KeyValuePair':
			return type('KeyValuePair', value.keyType, value.valueType);
		case 'Dictionary':
			return type('Dictionary', value.keyType, value.valueType);
		case 'anonymous':
			return value.type;
		case 'exception':
			return type(value.name);
		case 'enum':
			return type(value.name);
		default:
			return type(value.kind);
	}
}

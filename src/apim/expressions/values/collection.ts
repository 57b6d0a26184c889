/** Arrays, lists, lazily read sequences and dictionaries. Sequences are read anew each time, as in .NET. */
import type { Type } from '../types/type.ts';
import type { Value } from './value.ts';

/** `array`, `List` and the other types that hold their elements. */
export class ListValue {
	readonly kind: 'array' | 'List' | 'HashSet' | 'Queue' | 'Stack';
	readonly element: Type;
	readonly items: Value[];

	constructor(kind: ListValue['kind'], element: Type, items: Value[]) {
		this.kind = kind;
		this.element = element;
		this.items = items;
	}
}

/** What a query answers: nothing is read before somebody asks. */
export class SequenceValue {
	readonly kind = 'sequence';
	readonly element: Type;
	readonly read: () => Iterable<Value>;

	constructor(element: Type, read: () => Iterable<Value>) {
		this.element = element;
		this.read = read;
	}
}

export class GroupValue {
	readonly kind = 'IGrouping';
	readonly keyType: Type;
	readonly element: Type;
	readonly key: Value;
	readonly items: Value[];

	constructor(keyType: Type, element: Type, key: Value, items: Value[]) {
		this.keyType = keyType;
		this.element = element;
		this.key = key;
		this.items = items;
	}
}

export class PairValue {
	readonly kind = 'KeyValuePair';
	readonly keyType: Type;
	readonly valueType: Type;
	readonly key: Value;
	readonly value: Value;

	constructor(keyType: Type, valueType: Type, key: Value, value: Value) {
		this.keyType = keyType;
		this.valueType = valueType;
		this.key = key;
		this.value = value;
	}
}

/** Keys by the text or number they are equal by, so that no key can reach anything but an entry. */
export class DictionaryValue {
	readonly kind = 'Dictionary';
	readonly keyType: Type;
	readonly valueType: Type;
	readonly ignoresCase: boolean;
	readonly entries = new Map<string | number | bigint | boolean, { readonly key: Value; value: Value }>();

	constructor(keyType: Type, valueType: Type, ignoresCase = false) {
		this.keyType = keyType;
		this.valueType = valueType;
		this.ignoresCase = ignoresCase;
	}
}

/** An object made by `new { … }`. */
export class AnonymousValue {
	readonly kind = 'anonymous';
	readonly type: Type;
	readonly fields: ReadonlyMap<string, Value>;

	constructor(type: Type, fields: ReadonlyMap<string, Value>) {
		this.type = type;
		this.fields = fields;
	}
}

/** Small values: characters, members of enumerations, functions, and objects that only answer questions. */
import type { Value } from './value.ts';

export class CharValue {
	readonly kind = 'char';
	/** UTF-16 unit. */
	readonly code: number;

	constructor(code: number) {
		this.code = code;
	}
}

/** `StringComparison.Ordinal`. */
export class EnumValue {
	readonly kind = 'enum';
	readonly name: string;
	readonly member: string;
	readonly value: number;

	constructor(name: string, member: string, value: number) {
		this.name = name;
		this.member = member;
		this.value = value;
	}
}

/** A lambda or a local function, with what it has captured. */
export class FunctionValue {
	readonly kind = 'function';
	readonly call: (...args: readonly Value[]) => Value;

	constructor(call: (...args: readonly Value[]) => Value) {
		this.call = call;
	}
}

/** `StringComparer.OrdinalIgnoreCase` and the others. */
export class ComparerValue {
	readonly kind = 'StringComparer';
	readonly ignoresCase: boolean;

	constructor(ignoresCase: boolean) {
		this.ignoresCase = ignoresCase;
	}
}

/** An object of one of the types in `kind` that has nothing but its type: `new Random()`, `Encoding.UTF8`. */
export class MarkerValue {
	readonly kind: 'Random' | 'Encoding' | 'CultureInfo';
	readonly variant: string;

	constructor(kind: MarkerValue['kind'], variant: string) {
		this.kind = kind;
		this.variant = variant;
	}
}

/** `new StringBuilder()`. */
export class StringBuilderValue {
	readonly kind = 'StringBuilder';
	text: string;

	constructor(text: string) {
		this.text = text;
	}
}

export type PlainObject = CharValue | EnumValue | FunctionValue | ComparerValue | MarkerValue | StringBuilderValue;

/** An expression that is understood: its static type, and a function that evaluates it. */
import type { Evaluate } from '../run/frame.ts';
import type { Type } from '../types/type.ts';
import type { Value } from '../values/value.ts';

export interface Bound {
	readonly at: number;
	readonly type: Type;
	readonly run: Evaluate;
	/** The value when it is the same in every evaluation and nothing but a value: a literal, or made of literals. */
	readonly constant: { readonly value: Value } | undefined;
}

export function bound(at: number, type: Type, run: Evaluate): Bound {
	return { at, type, run, constant: undefined };
}

export function constant(at: number, type: Type, value: Value): Bound {
	return { at, type, run: () => value, constant: { value } };
}

/** A policy file taken apart: elements, attributes and texts with their places. Nothing is understood yet. */
import type { Position } from './policy-fault.ts';

/** The value of an attribute or the text of an element. */
export type PolicyValue = ConstantValue | ExpressionValue;

export interface ConstantValue {
	readonly kind: 'constant';
	/** References replaced; white space as it stands. */
	readonly text: string;
	readonly position: Position;
}

export interface ExpressionValue {
	readonly kind: 'expression';
	/** C# between the brackets of `@(…)` or `@{…}`. */
	readonly code: string;
	readonly form: '(' | '{';
	readonly position: Position;
	/** Place of an offset of `code`; that of the whole expression where references stand before it. */
	readonly at: (offset: number) => Position;
}

export interface PolicyElement {
	readonly name: string;
	readonly position: Position;
	readonly attributes: ReadonlyMap<string, PolicyAttribute>;
	/** In the order of the file, without comments. */
	readonly children: readonly PolicyElement[];
	/** Text of the element; undefined where there is nothing but white space. */
	readonly text: PolicyValue | undefined;
}

export interface PolicyAttribute {
	readonly value: PolicyValue;
	readonly position: Position;
}

export interface PolicyDocument {
	/** One `policies` or `fragment` as a rule; the statements of a snippet otherwise. */
	readonly roots: readonly PolicyElement[];
}

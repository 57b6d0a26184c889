/** Literals and interpolated strings. */

import type { Expression } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { type Type, type, types } from '../types/type.ts';
import { parseDecimal } from '../values/decimal.ts';
import { formatValue } from '../values/format.ts';
import { NumberValue, UlongValue } from '../values/number.ts';
import { CharValue } from '../values/plain.ts';
import { textOf } from '../values/text.ts';
import type { Value } from '../values/value.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound, constant } from './bound.ts';

type Node<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>;

export function bindLiteral({ at, literal }: Node<'literal'>): Bound {
	const of: Type = type(literal.type);
	switch (literal.type) {
		case 'int':
			return constant(at, of, Number(literal.value));
		case 'long':
			return constant(at, of, literal.value);
		case 'uint':
			return constant(at, of, new NumberValue('uint', Number(literal.value)));
		case 'ulong':
			return constant(at, of, new UlongValue(literal.value));
		case 'double':
		case 'float':
			return constant(at, of, new NumberValue(literal.type, literal.value));
		case 'decimal': {
			const value = parseDecimal(literal.text);
			if (value === undefined) throw new SyntaxProblem('the number is too large', at);
			return constant(at, of, value);
		}
		case 'string':
			return constant(at, of, literal.value);
		case 'char':
			return constant(at, of, new CharValue(literal.value));
	}
}

type Part = (frame: import('../run/frame.ts').Frame) => string;

export function bindInterpolated(binder: Binder, node: Node<'interpolated'>): Bound {
	const parts = node.parts.map((part): Part => {
		if (typeof part === 'string') return () => part;
		const { run, type: of } = binder.bind(part.value);
		if (of === types.void) throw new SyntaxProblem('this has no value', part.value.at);
		const width = part.alignment === undefined ? 0 : constantWidth(binder, part.alignment);
		const { format } = part;
		if (of === types.string && width === 0) return (frame) => (run(frame) as string | null) ?? '';
		return (frame) =>
			aligned(frame.run, format === undefined ? textOf(run(frame)) : formatValue(run(frame), format), width);
	});
	return bound(node.at, types.string, (frame) => {
		let text = '';
		for (const part of parts) text += part(frame);
		frame.run.make(text.length);
		return text;
	});
}

function constantWidth(binder: Binder, node: Expression): number {
	const width: Value | undefined = binder.bindAs(node, types.int).constant?.value;
	if (typeof width !== 'number' || Math.abs(width) > 10_000)
		throw new SyntaxProblem('the width is not a small constant', node.at);
	return width;
}

/** Padded to `width` on the left, or on the right when it is negative. */
export function aligned(run: import('../run/run.ts').Run, text: string, width: number): string {
	run.make(Math.abs(width));
	return width < 0 ? text.padEnd(-width) : text.padStart(width);
}

/** `(T)x`, `x as T` and `x is …`. */
import type { Expression } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { implicitConversion } from '../types/conversion.ts';
import { isInstance } from '../types/instance.ts';
import { holdsNull, type NumericName, type Type, types, underlying } from '../types/type.ts';
import { unbox } from '../types/unbox.ts';
import { invalidOperation } from '../values/exception.ts';
import type { JsonToken } from '../values/json.ts';
import { castToken } from '../values/json-cast.ts';
import { type AnyNumber, toInteger } from '../values/number.ts';
import { CharValue } from '../values/plain.ts';
import { castNumber } from '../values/to-number.ts';
import type { Value } from '../values/value.ts';
import { bindPattern } from './bind-pattern.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound, constant } from './bound.ts';
import { canCast, isFromToken, isNumberCast } from './can-cast.ts';

type Node<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>;

export function bindCast(binder: Binder, node: Node<'cast'>): Bound {
	const to = binder.resolve(node.type);
	return castTo(binder, binder.bindOrLambda(node.operand, to), to, node.at);
}

/** Throws a SyntaxProblem when no cast can be written. */
export function castTo(binder: Binder, from: Bound, to: Type, at: number): Bound {
	if (implicitConversion(from.type, to, from.constant) !== undefined) return { ...binder.convert(from, to), at };
	if (!canCast(from.type, to)) throw new SyntaxProblem(`cannot cast '${from.type.text}' to '${to.text}'`, at);
	const cast = castFunction(from.type, to);
	if (from.constant !== undefined && isNumberCast(from.type, to)) return constant(at, to, cast(from.constant.value));
	const { run } = from;
	return bound(at, to, (frame) => cast(run(frame)));
}

function castFunction(from: Type, to: Type): (value: Value) => Value {
	if (isNumberCast(from, to)) return (value) => (value === null ? nullOf(to) : castToNumber(value, underlying(to)));
	if (isFromToken(from, to)) return (value) => castToken(value as JsonToken | null, to);
	if (from.name === 'Nullable') return (value) => value ?? nullOf(to);
	return (value) => unbox(value, to);
}

function nullOf(to: Type): null {
	if (holdsNull(to)) return null;
	throw invalidOperation('Nullable object must have a value.');
}

function castToNumber(value: Value, to: Type): Value {
	const number = value instanceof CharValue ? value.code : (value as AnyNumber);
	if (to === types.char) return new CharValue(Number(BigInt.asUintN(16, toInteger(number))));
	return castNumber(number, to.name as NumericName);
}

export function bindAs(binder: Binder, node: Node<'as'>): Bound {
	const to = binder.resolve(node.type);
	const from = binder.bind(node.operand);
	if (!holdsNull(to)) throw new SyntaxProblem(`'${to.text}' has no null for 'as' to answer`, node.at);
	if (!canCast(from.type, to) || isFromToken(from.type, to)) {
		throw new SyntaxProblem(`'${from.type.text}' is never a '${to.text}'`, node.at);
	}
	const { run } = from;
	return bound(node.at, to, (frame) => {
		const value = run(frame);
		return isInstance(value, to) ? value : null;
	});
}

export function bindIs(binder: Binder, node: Node<'is'>): Bound {
	const operand = binder.bind(node.operand);
	const test = bindPattern(binder, node.pattern, operand.type);
	const { run } = operand;
	return bound(node.at, types.bool, (frame) => test(frame, run(frame)));
}

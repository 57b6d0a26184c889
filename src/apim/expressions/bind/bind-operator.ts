/** Unary and binary operators (ECMA-334 §12.4.8): which types they take, lifted over null where one is `T?`. */
import { enumValue } from '../members/enums.ts';
import type { BinaryOperator, Expression } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { isNumeric, type NumericName, type Type, type, types, underlying } from '../types/type.ts';
import { arithmetic, compareNumbers } from '../values/arithmetic.ts';
import { Thrown } from '../values/exception.ts';
import { type AnyNumber, DecimalValue, NumberValue, toInteger } from '../values/number.ts';
import { EnumValue } from '../values/plain.ts';
import { textOf } from '../values/text.ts';
import { castNumber } from '../values/to-number.ts';
import type { Value } from '../values/value.ts';
import { bindEquality } from './bind-equality.ts';
import { bindTimeOperator } from './bind-time-operator.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound, constant } from './bound.ts';
import { lift2 } from './lift.ts';
import { promotedType } from './promote.ts';

type Node<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>;

export function bindUnary(binder: Binder, node: Node<'unary'>): Bound {
	const { operator, at } = node;
	if (operator === '!') {
		const value = binder.bindAs(node.operand, types.bool);
		if (value.constant !== undefined) return constant(at, types.bool, value.constant.value !== true);
		const { run } = value;
		return bound(at, types.bool, (frame) => run(frame) !== true);
	}
	const smallest = smallestInteger(node);
	if (smallest !== undefined) return smallest;
	const operand = binder.bind(node.operand);
	const of = promoted(operand, operand, operator, at);
	if (operator === '~' && !isInteger(of)) throw cannotApply(operator, operand.type, undefined, at);
	// `-` of a uint is a long; of a ulong it is nothing.
	if (operator === '-' && of === type('ulong')) throw cannotApply(operator, operand.type, undefined, at);
	const result = operator === '-' && of === type('uint') ? types.long : of;
	const value = binder.convert(operand, operand.type.name === 'Nullable' ? type('Nullable', result) : result);
	const apply = (it: Value): Value =>
		it === null ? null : unaryValue(operator, it as AnyNumber, result.name as NumericName);
	if (value.constant !== undefined) return constant(at, value.type, apply(value.constant.value));
	return bound(at, value.type, (frame) => apply(value.run(frame)));
}

/** `-2147483648` and its long counterpart: the literal alone would be of a larger type (ECMA-334 §6.4.5.3). */
function smallestInteger({ operator, operand, at }: Node<'unary'>): Bound | undefined {
	if (operator !== '-' || operand.kind !== 'literal') return undefined;
	const { literal } = operand;
	if (literal.type === 'uint' && literal.value === 2n ** 31n) return constant(at, types.int, -(2 ** 31));
	return literal.type === 'ulong' && literal.value === 2n ** 63n ? constant(at, types.long, -(2n ** 63n)) : undefined;
}

function unaryValue(operator: '-' | '+' | '~', value: AnyNumber, of: NumericName): AnyNumber {
	if (operator === '+') return value;
	if (operator === '~') return castNumber(~toInteger(value), of);
	if (value instanceof NumberValue && (of === 'double' || of === 'float')) return new NumberValue(of, -value.value);
	if (value instanceof DecimalValue) return new DecimalValue(-value.digits, value.scale);
	return castNumber(-toInteger(value), of);
}

export function bindBinary(binder: Binder, node: Node<'binary'>): Bound {
	return bindBinaryOf(binder, node.operator, binder.bind(node.left), binder.bind(node.right), node.at);
}

export function bindBinaryOf(binder: Binder, operator: BinaryOperator, left: Bound, right: Bound, at: number): Bound {
	if (left.type === types.void || right.type === types.void) throw new SyntaxProblem('this has no value', at);
	if (operator === '==' || operator === '!=') return bindEquality(binder, operator, left, right, at);
	if (operator === '+' && (left.type === types.string || right.type === types.string))
		return concatenation(left, right, at);
	const time = bindTimeOperator(operator, left, right, at);
	if (time !== undefined) return time;
	if (operator === '<<' || operator === '>>') return bindShift(binder, operator, left, right, at);
	const isBoolean = underlying(left.type) === types.bool && underlying(right.type) === types.bool;
	if (isBoolean && (operator === '&' || operator === '|' || operator === '^'))
		return bindBooleans(operator, left, right, at);
	if (
		operator === '|' &&
		left.type === right.type &&
		left.constant?.value instanceof EnumValue &&
		right.constant?.value instanceof EnumValue
	) {
		return constant(at, left.type, enumValue(left.type.name, left.constant.value.value | right.constant.value.value));
	}
	const of = promoted(left, right, operator, at);
	const isLifted = left.type.name === 'Nullable' || right.type.name === 'Nullable';
	const operand = isLifted ? type('Nullable', of) : of;
	const a = binder.convert(left, operand);
	const b = binder.convert(right, operand);
	if (operator === '<' || operator === '>' || operator === '<=' || operator === '>=')
		return compare(operator, a, b, at, isLifted);
	const operation =
		operator === '&' || operator === '|' || operator === '^'
			? bits(operator, of, at)
			: arithmetic(operator, of.name as NumericName);
	const folded = fold(operator, operation, a, b, of, at);
	if (folded !== undefined) return folded;
	const { run: first } = a;
	const { run: second } = b;
	if (!isLifted) return bound(at, of, (frame) => operation(first(frame) as AnyNumber, second(frame) as AnyNumber));
	return bound(at, operand, lift2(first, second, operation));
}

/** Constants are worked out at once; what overflows or divides by zero there is refused, as C# does. */
function fold(
	operator: BinaryOperator,
	operation: (a: AnyNumber, b: AnyNumber) => AnyNumber,
	a: Bound,
	b: Bound,
	of: Type,
	at: number,
): Bound | undefined {
	const first = a.constant?.value ?? null;
	const second = b.constant?.value ?? null;
	if (first === null || second === null) return undefined;
	try {
		const value = operation(first as AnyNumber, second as AnyNumber);
		if (isInteger(of) && ['+', '-', '*'].includes(operator)) {
			const exact = exactly(operator as '+' | '-' | '*', toInteger(first as AnyNumber), toInteger(second as AnyNumber));
			if (exact !== toInteger(value)) throw new SyntaxProblem('the constant overflows', at);
		}
		return constant(at, of, value);
	} catch (error) {
		if (error instanceof Thrown) throw new SyntaxProblem(error.exception.message, at);
		throw error;
	}
}

function exactly(operator: '+' | '-' | '*', a: bigint, b: bigint): bigint {
	if (operator === '*') return a * b;
	return operator === '+' ? a + b : a - b;
}

function concatenation(left: Bound, right: Bound, at: number): Bound {
	if (left.constant !== undefined && right.constant !== undefined) {
		return constant(at, types.string, textOf(left.constant.value) + textOf(right.constant.value));
	}
	const { run: first } = left;
	const { run: second } = right;
	return bound(at, types.string, (frame) => {
		const a = first(frame);
		const b = second(frame);
		const text = (typeof a === 'string' ? a : textOf(a)) + (typeof b === 'string' ? b : textOf(b));
		frame.run.make(text.length);
		return text;
	});
}

const comparisons = {
	'<': (difference: number) => difference < 0,
	'>': (difference: number) => difference > 0,
	'<=': (difference: number) => difference <= 0,
	'>=': (difference: number) => difference >= 0,
};

function compare(operator: keyof typeof comparisons, a: Bound, b: Bound, at: number, isLifted: boolean): Bound {
	const decide = comparisons[operator];
	const { run: first } = a;
	const { run: second } = b;
	if (!isLifted) {
		return bound(at, types.bool, (frame) =>
			decide(compareNumbers(first(frame) as AnyNumber, second(frame) as AnyNumber)),
		);
	}
	return bound(at, types.bool, (frame) => {
		const x = first(frame);
		const y = second(frame);
		return x !== null && y !== null && decide(compareNumbers(x as AnyNumber, y as AnyNumber));
	});
}

function bits(operator: '&' | '|' | '^', of: Type, at: number): (a: AnyNumber, b: AnyNumber) => AnyNumber {
	if (!isInteger(of)) throw cannotApply(operator, of, of, at);
	const whole = {
		'&': (a: bigint, b: bigint) => a & b,
		'|': (a: bigint, b: bigint) => a | b,
		'^': (a: bigint, b: bigint) => a ^ b,
	}[operator];
	return (a, b) => castNumber(whole(toInteger(a), toInteger(b)), of.name as NumericName);
}

function bindShift(binder: Binder, operator: '<<' | '>>', left: Bound, right: Bound, at: number): Bound {
	const of = promoted(left, left, operator, at);
	if (!isInteger(of) || left.type.name === 'Nullable') throw cannotApply(operator, left.type, right.type, at);
	const value = binder.convert(left, of);
	const count = binder.convert(right, types.int);
	const width = of === types.int || of === type('uint') ? 31n : 63n;
	return bound(at, of, (frame) => {
		const shifted = toInteger(value.run(frame) as AnyNumber);
		const by = BigInt(count.run(frame) as number) & width;
		return castNumber(operator === '<<' ? shifted << by : shifted >> by, of.name as NumericName);
	});
}

function bindBooleans(operator: '&' | '|' | '^', left: Bound, right: Bound, at: number): Bound {
	if (left.type !== types.bool || right.type !== types.bool) throw cannotApply(operator, left.type, right.type, at);
	const { run: first } = left;
	const { run: second } = right;
	return bound(at, types.bool, (frame) => {
		const a = first(frame) === true;
		const b = second(frame) === true;
		if (operator === '^') return a !== b;
		return operator === '&' ? a && b : a || b;
	});
}

function promoted(left: Bound, right: Bound, operator: string, at: number): Type {
	const of = promotedType(left, right);
	if (of === undefined) throw cannotApply(operator, left.type, right.type, at);
	return of;
}

function isInteger(of: Type): boolean {
	return isNumeric(of) && !['float', 'double', 'decimal'].includes(of.name);
}

function cannotApply(operator: string, left: Type, right: Type | undefined, at: number): SyntaxProblem {
	const operands = right === undefined ? `'${left.text}'` : `'${left.text}' and '${right.text}'`;
	return new SyntaxProblem(`the operator '${operator}' cannot be applied to ${operands}`, at);
}

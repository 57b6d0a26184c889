/** `==` and `!=` (ECMA-334 §12.12): by value for what has one, by identity for other objects. */
import { SyntaxProblem } from '../syntax/problem.ts';
import { implicitConversion } from '../types/conversion.ts';
import { isReferenceOf } from '../types/instance.ts';
import { holdsNull, isNumeric, nullable, type Type, types, underlying } from '../types/type.ts';
import { equalValues } from '../values/equality.ts';
import { NumberValue } from '../values/number.ts';
import type { Value } from '../values/value.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound, constant } from './bound.ts';
import { promotedType } from './promote.ts';

export function bindEquality(binder: Binder, operator: '==' | '!=', left: Bound, right: Bound, at: number): Bound {
	const wanted = operator === '==';
	const test = equality(binder, left, right, at, operator);
	const a = test.left.constant;
	const b = test.right.constant;
	if (a !== undefined && b !== undefined) return constant(at, types.bool, test.equal(a.value, b.value) === wanted);
	const { equal } = test;
	const { run: first } = test.left;
	const { run: second } = test.right;
	if (b?.value === null) return bound(at, types.bool, (frame) => (first(frame) === null) === wanted);
	return bound(at, types.bool, (frame) => equal(first(frame), second(frame)) === wanted);
}

interface Test {
	readonly left: Bound;
	readonly right: Bound;
	readonly equal: (a: Value, b: Value) => boolean;
}

function equality(binder: Binder, left: Bound, right: Bound, at: number, operator: string): Test {
	const cannot = (): SyntaxProblem =>
		new SyntaxProblem(
			`the operator '${operator}' cannot be applied to '${left.type.text}' and '${right.type.text}'`,
			at,
		);
	if (right.type === types.null || left.type === types.null) {
		const other = left.type === types.null ? right : left;
		if (!holdsNull(other.type) && other.type !== types.null) throw cannot();
		return { left: other, right: left.type === types.null ? left : right, equal: identical };
	}
	if (left.type === types.string && right.type === types.string) return { left, right, equal: identical };
	const a = underlying(left.type);
	const b = underlying(right.type);
	if (isNumber(a) && isNumber(b)) {
		const of = promotedType(left, right);
		if (of === undefined) throw cannot();
		const isLifted = left.type.name === 'Nullable' || right.type.name === 'Nullable';
		const operand = isLifted ? nullable(of) : of;
		return { left: binder.convert(left, operand), right: binder.convert(right, operand), equal: equalNumbers };
	}
	if (!holdsNull(a) || !holdsNull(b)) {
		if (a !== b && implicitConversion(a, b) === undefined && implicitConversion(b, a) === undefined) throw cannot();
		if (a === types.object || b === types.object) throw cannot();
		return { left, right, equal: equalValues };
	}
	if (!isReferenceOf(left.type, right.type) && !isReferenceOf(right.type, left.type)) throw cannot();
	if (comparesText(left.type) || comparesText(right.type)) {
		binder.facts.comparesReferences.push(at);
		return { left, right, equal: identical };
	}
	return { left, right, equal: left.type === right.type && left.type.name === 'Uri' ? equalValues : identical };
}

/** .NET would compare references, which for texts depends on who made them; texts are compared by what they say. */
function comparesText(of: Type): boolean {
	return of === types.object || of === types.string;
}

function isNumber(of: Type): boolean {
	return isNumeric(of) || of === types.char;
}

function identical(a: Value, b: Value): boolean {
	return a === b;
}

/** NaN equals nothing here, unlike in `Equals`. */
function equalNumbers(a: Value, b: Value): boolean {
	if (a instanceof NumberValue && b instanceof NumberValue) return a.value === b.value;
	return equalValues(a, b);
}

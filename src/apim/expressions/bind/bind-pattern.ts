/** Patterns as tests; what they name is assigned when they match. */
import type { Frame } from '../run/frame.ts';
import type { Expression, Pattern } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { implicitConversion } from '../types/conversion.ts';
import { isInstance, isReferenceOf } from '../types/instance.ts';
import { knownTypeName, resolveType } from '../types/known.ts';
import { isNumeric, type Type, types, underlying } from '../types/type.ts';
import { compareNumbers } from '../values/arithmetic.ts';
import { equalValues } from '../values/equality.ts';
import type { AnyNumber } from '../values/number.ts';
import type { Value } from '../values/value.ts';
import type { Binder } from './binder.ts';
import { canCast } from './can-cast.ts';
import { writeVariable } from './variable.ts';

export type Test = (frame: Frame, value: Value) => boolean;

export function bindPattern(binder: Binder, pattern: Pattern, subject: Type): Test {
	switch (pattern.kind) {
		case 'type':
			return bindTypePattern(binder, pattern, subject);
		case 'var':
			return pattern.variable === undefined
				? () => true
				: assigning(binder, pattern.at, pattern.variable, subject, () => true);
		case 'constant':
			return bindConstant(binder, pattern.value, subject);
		case 'relation': {
			const limit = bindValue(binder, pattern.value, subject);
			if (!isNumeric(underlying(subject))) throw new SyntaxProblem('only numbers have an order here', pattern.at);
			const { operator } = pattern;
			return (_, value) => {
				if (value === null) return false;
				const difference = compareNumbers(value as AnyNumber, limit as AnyNumber);
				if (operator === '<' || operator === '<=') return difference < 0 || (operator === '<=' && difference === 0);
				return difference > 0 || (operator === '>=' && difference === 0);
			};
		}
		case 'not': {
			const test = bindPattern(binder, pattern.pattern, subject);
			return (frame, value) => !test(frame, value);
		}
		case 'and':
		case 'or': {
			const left = bindPattern(binder, pattern.left, subject);
			const right = bindPattern(binder, pattern.right, subject);
			return pattern.kind === 'and'
				? (frame, value) => left(frame, value) && right(frame, value)
				: (frame, value) => left(frame, value) || right(frame, value);
		}
	}
}

function bindTypePattern(binder: Binder, pattern: Extract<Pattern, { kind: 'type' }>, subject: Type): Test {
	const { type: written, variable } = pattern;
	if (variable === undefined && knownTypeName(written.name) === undefined && written.args.length === 0) {
		// A name that is no type is a constant: `case limit:`.
		return bindConstant(binder, { kind: 'name', at: pattern.at, name: written.name, typeArgs: [] }, subject);
	}
	const of = resolveType(written);
	if (!canCast(subject, of)) throw new SyntaxProblem(`'${subject.text}' is never a '${of.text}'`, pattern.at);
	const test: Test =
		isReferenceOf(underlying(subject), of) && subject !== types.object
			? (_, value) => value !== null
			: (_, value) => isInstance(value, of);
	return variable === undefined ? test : assigning(binder, pattern.at, variable, of, test);
}

function assigning(binder: Binder, at: number, name: string, of: Type, test: Test): Test {
	const write = writeVariable(binder.scope, binder.scope.declare(at, name, of));
	return (frame, value) => {
		if (!test(frame, value)) return false;
		write(frame, value);
		return true;
	};
}

function bindConstant(binder: Binder, node: Expression, subject: Type): Test {
	if (node.kind === 'null') return (_, value) => value === null;
	const wanted = bindValue(binder, node, subject);
	return (_, value) => equalValues(value, wanted);
}

/** The value of a constant as the type of the subject. */
function bindValue(binder: Binder, node: Expression, subject: Type): Value {
	const value = binder.bind(node);
	const of = underlying(subject);
	const converted =
		of === types.object || implicitConversion(value.type, of, value.constant) === undefined
			? value
			: binder.convert(value, of);
	if (value.constant === undefined) {
		throw new SyntaxProblem('a pattern is a type or a constant', node.at);
	}
	if (of !== types.object && converted.type !== of) {
		throw new SyntaxProblem(`cannot convert '${value.type.text}' to '${of.text}'`, node.at);
	}
	return converted.constant?.value ?? null;
}

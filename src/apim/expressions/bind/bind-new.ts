/** `new`: constructors stand in the tables as the static member `new`. */

import type { Evaluate, Frame } from '../run/frame.ts';
import type { Expression, Initializer } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { defaultValue } from '../types/default-value.ts';
import { anonymousType, arrayOf, type Type, types } from '../types/type.ts';
import { AnonymousValue, ListValue } from '../values/collection.ts';
import { exception } from '../values/exception.ts';
import type { Value } from '../values/value.ts';
import { bindArguments } from './bind-access.ts';
import { commonType } from './bind-choice.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound } from './bound.ts';
import { checkPattern } from './check-pattern.ts';
import { invoke } from './invoke.ts';
import { type BoundArgument, resolveCall } from './resolve-call.ts';
import { readVariable } from './variable.ts';

type Node<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>;

export function bindNew(binder: Binder, node: Node<'new'>): Bound {
	const of = binder.resolve(node.type);
	const constructors = binder.table.findStatic(of, 'new');
	if (constructors.length === 0) throw new SyntaxProblem(`'new ${of.text}' is not supported`, node.at);
	const call = resolveCall(binder, node.at, `'new ${of.text}'`, constructors, of, [], bindArguments(binder, node.args));
	checkPattern(call);
	const made = { ...invoke(node.at, undefined, call), type: of };
	return node.initializers === undefined ? made : initialized(binder, made, node.initializers);
}

/** The object is kept in a variable without a name, while each initializer adds to it. */
function initialized(binder: Binder, made: Bound, initializers: readonly Initializer[]): Bound {
	const { level, slot } = binder.scope.hidden();
	const variable = { name: '', type: made.type, level, slot, isReadOnly: true, signature: undefined };
	const target = readVariable(binder.scope, variable, made.at);
	const steps = initializers.map((each) => bindInitializer(binder, target, each));
	const { run } = made;
	return bound(made.at, made.type, (frame) => {
		const value = run(frame);
		// Creation inside an initializer may use the same slot of another round.
		frame.slots[slot] = value;
		for (const step of steps) {
			step(frame);
			frame.slots[slot] = value;
		}
		return value;
	});
}

function bindInitializer(
	binder: Binder,
	target: Bound,
	{ at, name, index, values }: Initializer,
): (frame: Frame) => void {
	if (name !== undefined) throw new SyntaxProblem(`the member '${name}' cannot be set`, at);
	const method = index === undefined ? 'Add' : 'set';
	const members = binder.table.find(target.type, method).filter(({ isStatic }) => !isStatic);
	const all = index === undefined ? values : [index, ...values];
	const args = all.map((value): BoundArgument => ({ kind: 'value', name: undefined, value: binder.bind(value) }));
	if (members.length === 0) throw new SyntaxProblem(`'${target.type.text}' takes no elements`, at);
	return invoke(at, target, resolveCall(binder, at, 'the initializer', members, target.type, [], args)).run;
}

export function bindNewArray(binder: Binder, node: Node<'new-array'>): Bound {
	const values = node.values?.map((value) => (node.element === undefined ? binder.bind(value) : undefined)) ?? [];
	const inferred = commonType(values.filter((value) => value !== undefined));
	const element = node.element === undefined ? inferred : binder.resolve(node.element);
	if (element === undefined || element === types.null || element === types.void) {
		throw new SyntaxProblem('the elements are not of one type', node.at);
	}
	const runs = node.values?.map((value, index) => {
		const already = values[index];
		return (already === undefined ? binder.bindAs(value, element) : binder.convert(already, element)).run;
	});
	if (runs === undefined) return bindEmptyArray(binder, node, element);
	const size = node.size === undefined ? undefined : binder.bindAs(node.size, types.int).constant?.value;
	if (node.size !== undefined && size !== runs.length)
		throw new SyntaxProblem('the size is not the number of elements', node.at);
	return bound(node.at, arrayOf(element), (frame) => new ListValue('array', element, evaluateAll(runs, frame)));
}

function bindEmptyArray(binder: Binder, node: Node<'new-array'>, element: Type): Bound {
	const size = node.size === undefined ? undefined : binder.bindAs(node.size, types.int);
	if (size === undefined) throw new SyntaxProblem('an array needs a size or elements', node.at);
	const { run } = size;
	return bound(node.at, arrayOf(element), (frame) => {
		const length = run(frame) as number;
		if (length < 0) throw exception('OverflowException', 'Arithmetic operation resulted in an overflow.');
		frame.run.make(length);
		const empty = defaultValue(element);
		return new ListValue(
			'array',
			element,
			Array.from({ length }, () => empty),
		);
	});
}

function evaluateAll(runs: readonly Evaluate[], frame: Frame): Value[] {
	const values: Value[] = [];
	for (const run of runs) values.push(run(frame));
	return values;
}

export function bindNewObject(binder: Binder, node: Node<'new-object'>): Bound {
	const members = node.members.map(({ name, value }) => ({ name, value: binder.bind(value) }));
	const fields = new Map(members.map(({ name, value }) => [name, value.type]));
	if (fields.size !== members.length) throw new SyntaxProblem('a member stands twice', node.at);
	const wrong = members.find(({ value }) => value.type === types.null || value.type === types.void);
	if (wrong !== undefined) throw new SyntaxProblem(`the member '${wrong.name}' has no type`, wrong.value.at);
	const of = anonymousType(fields);
	return bound(
		node.at,
		of,
		(frame) => new AnonymousValue(of, new Map(members.map(({ name, value }) => [name, value.run(frame)]))),
	);
}

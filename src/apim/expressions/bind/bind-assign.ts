/** `=`, `+=` and the like, `++` and `--`: to variables, and to elements through the member `set` of their type. */

import type { Frame } from '../run/frame.ts';
import type { Expression } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { types } from '../types/type.ts';
import type { Value } from '../values/value.ts';
import { castTo } from './bind-cast.ts';
import { bindBinaryOf } from './bind-operator.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound, constant } from './bound.ts';
import { invoke } from './invoke.ts';
import { type BoundArgument, resolveCall } from './resolve-call.ts';
import { readVariable, writeVariable } from './variable.ts';

type Node<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>;

export function bindAssign(binder: Binder, node: Node<'assign'>): Bound {
	const { target, operator } = node;
	if (target.kind === 'index') return bindElement(binder, node, target);
	if (target.kind !== 'name') throw new SyntaxProblem('only a variable or an element can be assigned', target.at);
	if (target.name === '_' && binder.scope.find('_') === undefined && operator === undefined)
		return binder.bind(node.value);
	const variable = assignable(binder, target);
	const write = writeVariable(binder.scope, variable);
	const old = readVariable(binder.scope, variable, target.at);
	if (operator === '??') {
		const { run: value } = binder.bindAs(node.value, variable.type);
		const { run } = old;
		return bound(node.at, variable.type, (frame) => run(frame) ?? assign(write, frame, value(frame)));
	}
	const { run } =
		operator === undefined
			? binder.bindAs(node.value, variable.type)
			: castTo(binder, bindBinaryOf(binder, operator, old, binder.bind(node.value), node.at), variable.type, node.at);
	return bound(node.at, variable.type, (frame) => assign(write, frame, run(frame)));
}

function assign(write: (frame: Frame, value: Value) => void, frame: Frame, value: Value): Value {
	write(frame, value);
	return value;
}

function assignable(binder: Binder, target: Node<'name'>): import('./scope.ts').Variable {
	const variable = binder.scope.find(target.name);
	if (variable === undefined) throw new SyntaxProblem(`the name '${target.name}' does not exist`, target.at);
	if (variable.isReadOnly || variable.signature !== undefined) {
		throw new SyntaxProblem(`'${target.name}' cannot be assigned`, target.at);
	}
	return variable;
}

function bindElement(binder: Binder, node: Node<'assign'>, target: Node<'index'>): Bound {
	if (node.operator !== undefined)
		throw new SyntaxProblem(`an element cannot be assigned with '${node.operator}='`, node.at);
	const object = binder.bind(target.target);
	const members = binder.table.find(object.type, 'set').filter(({ isStatic }) => !isStatic);
	if (members.length === 0) throw new SyntaxProblem(`elements of '${object.type.text}' cannot be assigned`, node.at);
	const all = [...target.args.map(({ value }) => value), node.value];
	const args = all.map((value): BoundArgument => ({ kind: 'value', name: undefined, value: binder.bind(value) }));
	return invoke(node.at, object, resolveCall(binder, node.at, 'the assignment', members, object.type, [], args));
}

export function bindStep(binder: Binder, node: Node<'step'>): Bound {
	const { target } = node;
	if (target.kind !== 'name') throw new SyntaxProblem('only a variable can be counted up or down', target.at);
	const variable = assignable(binder, target);
	const write = writeVariable(binder.scope, variable);
	const old = readVariable(binder.scope, variable, target.at);
	const sum = bindBinaryOf(binder, node.by === 1 ? '+' : '-', old, constant(node.at, types.int, 1), node.at);
	const next = castTo(binder, sum, variable.type, node.at).run;
	const { run: before } = old;
	const { isPrefix } = node;
	return bound(node.at, variable.type, (frame) => {
		const value = before(frame);
		const changed = next(frame);
		write(frame, changed);
		return isPrefix ? changed : value;
	});
}

/** Names, members, calls and elements: everything that reaches for something by name goes through the tables here. */

import { isEnum } from '../members/enums.ts';
import type { Member } from '../members/table.ts';
import type { Frame } from '../run/frame.ts';
import type { Argument, Expression } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { isNamespacePart, knownTypeName, resolveType } from '../types/known.ts';
import { isNumeric, type Type, type, types } from '../types/type.ts';
import { AnonymousValue } from '../values/collection.ts';
import { nullReference } from '../values/exception.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound, constant } from './bound.ts';
import { checkPattern } from './check-pattern.ts';
import { callFunction, invoke } from './invoke.ts';
import { noteCall, noteMember } from './note.ts';
import { type BoundArgument, resolveCall } from './resolve-call.ts';
import { readVariable } from './variable.ts';

type Node<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>;

export const contextType = type('IProxyContext');

export function bindName(binder: Binder, node: Node<'name'>): Bound {
	const variable = binder.scope.find(node.name);
	if (variable !== undefined) {
		if (variable.signature !== undefined) throw new SyntaxProblem(`'${node.name}' can only be called`, node.at);
		return readVariable(binder.scope, variable, node.at);
	}
	if (node.name === 'context') return bound(node.at, contextType, (frame) => frame.run.context);
	if (knownTypeName(node.name) !== undefined)
		throw new SyntaxProblem(`the type '${node.name}' is not a value`, node.at);
	throw new SyntaxProblem(`the name '${node.name}' does not exist`, node.at);
}

/** The type that `node` names, when it names one: `string`, `Regex`, `System.Text.Encoding`. */
export function namedType(binder: Binder, node: Expression): Type | undefined {
	if (node.kind === 'type') return resolveType(node.type);
	const name = dottedName(node);
	if (name === undefined || binder.scope.find(name.split('.', 1)[0] ?? '') !== undefined) return undefined;
	const typeArgs = node.kind === 'name' || node.kind === 'member' ? node.typeArgs : [];
	return knownTypeName(name) === undefined ? undefined : resolveType({ at: node.at, name, args: typeArgs });
}

function dottedName(node: Expression): string | undefined {
	if (node.kind === 'name') return node.name;
	if (node.kind !== 'member') return undefined;
	const before = dottedName(node.target);
	return before !== undefined && isNamespacePart(before) ? `${before}.${node.name}` : undefined;
}

export function bindMember(binder: Binder, node: Node<'member'>): Bound {
	const owner = namedType(binder, node.target);
	if (owner !== undefined) {
		const member = binder.table.findStatic(owner, node.name).find(({ isProperty }) => isProperty);
		if (member === undefined) throw unknownMember(owner, node, binder.table.findStatic(owner, node.name));
		noteCall(binder.facts, member, node.at, []);
		const read = invoke(node.at, undefined, resolveCall(binder, node.at, node.name, [member], undefined, [], []));
		return isConstantMember(owner, node.name) ? constant(node.at, read.type, read.run(noFrame)) : read;
	}
	const target = bindTarget(binder, node.target, `.${node.name}`);
	const field = target.type.fields?.get(node.name);
	if (field !== undefined) return readField(target, node, field);
	const found = instanceMembers(binder, target.type, node.name);
	const properties = found.filter(({ isProperty }) => isProperty);
	if (properties.length === 0) throw unknownMember(target.type, node, found);
	return invoke(node.at, target, resolveCall(binder, node.at, node.name, properties, target.type, [], []));
}

/** Nothing that such a member could look at. */
const noFrame = {} as Frame;

/** Members of enumerations, and those that the language knows as constants: their values take part in constant expressions. */
function isConstantMember(owner: Type, name: string): boolean {
	return isEnum(owner.name) || (isNumeric(owner) && (name === 'MinValue' || name === 'MaxValue'));
}

function readField(target: Bound, node: Node<'member'>, field: Type): Bound {
	const { name } = node;
	const { run } = target;
	return bound(node.at, field, (frame) => {
		const value = run(frame);
		if (!(value instanceof AnonymousValue)) throw nullReference();
		return value.fields.get(name) ?? null;
	});
}

/** The object that a member is read from; what it reads of `context` is noted with the member's name. */
function bindTarget(binder: Binder, node: Expression, suffix: string): Bound {
	const isPart = node.kind === 'member' && isContext(binder, node.target);
	if (!isPart) {
		const target = binder.bind(node);
		if (isContext(binder, node)) noteMember(binder.facts, suffix.slice(1));
		return target;
	}
	// The whole of the part is only noted when nothing narrower is.
	const had = binder.facts.reads.has(node.name);
	const target = binder.bind(node);
	if (!had) binder.facts.reads.delete(node.name);
	noteMember(binder.facts, node.name + suffix);
	return target;
}

function isContext(binder: Binder, node: Expression): boolean {
	return node.kind === 'name' && node.name === 'context' && binder.scope.find('context') === undefined;
}

function instanceMembers(binder: Binder, of: Type, name: string): readonly Member[] {
	return binder.table.find(of, name).filter(({ isStatic }) => !isStatic);
}

function unknownMember(of: Type, node: Node<'member'>, found: readonly Member[]): SyntaxProblem {
	if (found.length > 0) return new SyntaxProblem(`'${of.text}.${node.name}' is a method, and must be called`, node.at);
	const hint = of === types.object ? ': cast it to its type first' : '';
	return new SyntaxProblem(`'${of.text}' has no member '${node.name}' that is supported${hint}`, node.at);
}

export function bindCall(binder: Binder, node: Node<'call'>): Bound {
	const callee = node.target;
	if (callee.kind === 'name') return bindFunctionCall(binder, node, callee);
	if (callee.kind !== 'member') throw new SyntaxProblem('only a method can be called', node.at);
	const owner = namedType(binder, callee.target);
	const target = owner === undefined ? bindTarget(binder, callee.target, `.${callee.name}`) : undefined;
	const members =
		owner === undefined
			? instanceMembers(binder, target?.type ?? types.object, callee.name)
			: binder.table.findStatic(owner, callee.name);
	const of = owner ?? target?.type ?? types.object;
	const methods = members.filter(({ isProperty }) => !isProperty);
	if (methods.length === 0) {
		if (target !== undefined && members.length > 0) return invokeDelegate(binder, node, binder.bind(callee));
		throw unknownMember(of, callee, []);
	}
	const args = bindArguments(binder, node.args);
	const typeArgs = callee.typeArgs.map((arg) => binder.resolve(arg));
	const call = resolveCall(binder, callee.at, `'${of.text}.${callee.name}'`, methods, target?.type, typeArgs, args);
	noteCall(binder.facts, call.member, callee.at, args);
	checkPattern(call);
	return invoke(callee.at, target, call, binder);
}

/** `f(x)` of a local function or of a lambda in a variable. */
function bindFunctionCall(binder: Binder, node: Node<'call'>, callee: Node<'name'>): Bound {
	const variable = binder.scope.find(callee.name);
	if (variable?.signature === undefined) return invokeDelegate(binder, node, binder.bind(callee));
	const { parameters, returns } = variable.signature;
	const read = readVariable(binder.scope, { ...variable, signature: undefined }, callee.at);
	return callFunction(node.at, read, returns, convertArguments(binder, node, parameters));
}

function invokeDelegate(binder: Binder, node: Node<'call'>, callee: Bound): Bound {
	if (callee.type.name !== 'Func') throw new SyntaxProblem('only a method can be called', node.at);
	const returns = callee.type.args.at(-1) ?? types.object;
	return callFunction(node.at, callee, returns, convertArguments(binder, node, callee.type.args.slice(0, -1)));
}

function convertArguments(binder: Binder, node: Node<'call'>, parameters: readonly Type[]): readonly Bound[] {
	if (
		node.args.length !== parameters.length ||
		node.args.some(({ name, out }) => name !== undefined || out !== undefined)
	) {
		throw new SyntaxProblem(`the function takes ${parameters.length} arguments`, node.at);
	}
	return node.args.map((arg, index) => binder.bindAs(arg.value, parameters[index] ?? types.object));
}

export function bindArguments(binder: Binder, args: readonly Argument[]): readonly BoundArgument[] {
	return args.map((arg): BoundArgument => {
		const { name, out, value } = arg;
		if (value.kind === 'lambda') return { kind: 'lambda', name, node: value };
		if (out === undefined) return { kind: 'value', name, value: binder.bind(value) };
		const isNew = out.declared !== undefined && out.declared.name !== 'var';
		const known = out.declared === undefined && out.variable !== '_' ? binder.scope.find(out.variable) : undefined;
		if (out.declared === undefined && out.variable !== '_' && known === undefined) {
			throw new SyntaxProblem(`the name '${out.variable}' does not exist`, value.at);
		}
		const type = isNew && out.declared !== undefined ? binder.resolve(out.declared) : known?.type;
		return { kind: 'out', name, argument: arg, type };
	});
}

/** `target[index]`: of an array at once, of the others through their member `this`. */
export function bindIndex(binder: Binder, node: Node<'index'>): Bound {
	const target = bindTarget(binder, node.target, '[]');
	const members = instanceMembers(binder, target.type, 'this');
	if (members.length === 0) throw new SyntaxProblem(`'${target.type.text}' has no elements that can be read`, node.at);
	const args = bindArguments(binder, node.args);
	const call = resolveCall(binder, node.at, `an element of '${target.type.text}'`, members, target.type, [], args);
	noteCall(binder.facts, call.member, node.at, args);
	return invoke(node.at, target, call);
}

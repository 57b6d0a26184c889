/** What evaluates only one of its parts: `?.`, `&&`, `||`, `??`, `? :` and switch expressions. */
import type { Expression } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { implicitConversion } from '../types/conversion.ts';
import { holdsNull, nullable, type Type, types, underlying } from '../types/type.ts';
import { exception } from '../values/exception.ts';
import { bindPattern } from './bind-pattern.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound } from './bound.ts';
import { readVariable } from './variable.ts';

type Node<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>;

export function bindConditional(binder: Binder, node: Node<'conditional'>): Bound {
	const target = binder.bind(node.target);
	if (!holdsNull(target.type))
		throw new SyntaxProblem(`'${target.type.text}' is never null: '?' cannot stand behind it`, node.at);
	// The target is evaluated once, and kept where the rest finds it.
	const { level, slot } = binder.scope.hidden();
	const receiver = readVariable(
		binder.scope,
		{ name: '', type: underlying(target.type), level, slot, isReadOnly: true, signature: undefined },
		node.at,
	);
	binder.receivers.push(receiver);
	const rest = binder.bind(node.rest);
	binder.receivers.pop();
	const of = holdsNull(rest.type) || rest.type === types.void ? rest.type : nullable(rest.type);
	const { run } = target;
	const { run: go } = rest;
	return bound(node.at, of, (frame) => {
		const value = run(frame);
		if (value === null) return null;
		frame.slots[slot] = value;
		return go(frame);
	});
}

export function bindLogical(binder: Binder, node: Node<'logical'>): Bound {
	if (node.operator === '??') return bindCoalesce(binder, node);
	const first = binder.bindCondition(node.left);
	const second = binder.bindCondition(node.right);
	return node.operator === '&&'
		? bound(node.at, types.bool, (frame) => first(frame) && second(frame))
		: bound(node.at, types.bool, (frame) => first(frame) || second(frame));
}

/** ECMA-334 §12.15. */
function bindCoalesce(binder: Binder, node: Node<'logical'>): Bound {
	const left = binder.bind(node.left);
	if (!holdsNull(left.type))
		throw new SyntaxProblem(`'${left.type.text}' is never null: '??' cannot stand behind it`, node.at);
	const right = binder.bind(node.right);
	const inner = underlying(left.type);
	const candidates = left.type === types.null ? [right.type] : [inner, left.type, right.type];
	const of = candidates.find(
		(candidate) =>
			implicitConversion(right.type, candidate, right.constant) !== undefined &&
			(candidate === inner || implicitConversion(left.type, candidate) !== undefined),
	);
	if (of === undefined) {
		throw new SyntaxProblem(
			`the operator '??' cannot be applied to '${left.type.text}' and '${right.type.text}'`,
			node.at,
		);
	}
	const { run: first } = of === inner ? left : binder.convert(left, of);
	const { run: second } = binder.convert(right, of);
	return bound(node.at, of, (frame) => first(frame) ?? second(frame));
}

export function bindTernary(binder: Binder, node: Node<'ternary'>): Bound {
	const test = binder.bindCondition(node.test);
	const left = binder.bind(node.yes);
	const right = binder.bind(node.no);
	const of = commonType([left, right]);
	if (of === undefined) {
		throw new SyntaxProblem(`'${left.type.text}' and '${right.type.text}' are no two choices of one type`, node.at);
	}
	const { run: yes } = binder.convert(left, of);
	const { run: no } = binder.convert(right, of);
	return bound(node.at, of, (frame) => (test(frame) ? yes(frame) : no(frame)));
}

/** The type among those of `values` that all of them become; undefined when there is none (ECMA-334 §12.6.3.15). */
export function commonType(values: readonly Bound[]): Type | undefined {
	const all = values.map((value) => value.type);
	const candidates = all.filter((each) => each !== types.null && each !== types.never);
	// `cond ? 1 : null` of C# 9, which asks the type that is wanted, is an int or nothing.
	const lifted = all.includes(types.null) ? candidates.filter((each) => !holdsNull(each)).map(nullable) : [];
	const found = [...candidates, ...lifted].find((candidate) =>
		values.every((value) => implicitConversion(value.type, candidate, value.constant) !== undefined),
	);
	return found ?? (candidates.length === 0 ? all[0] : undefined);
}

export function bindSwitch(binder: Binder, node: Node<'switch'>): Bound {
	const subject = binder.bind(node.subject);
	const arms = node.arms.map((arm) =>
		binder.inScope(binder.scope.block(), () => ({
			test: bindPattern(binder, arm.pattern, subject.type),
			guard: arm.guard === undefined ? undefined : binder.bindCondition(arm.guard),
			value: binder.bind(arm.value),
		})),
	);
	const of = commonType(arms.map(({ value }) => value));
	if (of === undefined) throw new SyntaxProblem('the arms are not of one type', node.at);
	const converted = arms.map(({ test, guard, value }) => ({ test, guard, run: binder.convert(value, of).run }));
	const { run } = subject;
	return bound(node.at, of, (frame) => {
		const value = run(frame);
		for (const arm of converted) {
			if (arm.test(frame, value) && (arm.guard === undefined || arm.guard(frame))) return arm.run(frame);
		}
		throw exception('InvalidOperationException', 'Non-exhaustive switch expression failed to match its input.');
	});
}

/** Loops. Every round costs a step, so that a loop without end ends in a failure. */
import { Frame } from '../run/frame.ts';
import type { Statement } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { asNamed } from '../types/supertypes.ts';
import { types } from '../types/type.ts';
import { elementsOf } from '../values/elements.ts';
import { nullReference } from '../values/exception.ts';
import type { Value } from '../values/value.ts';
import { castTo } from './bind-cast.ts';
import type { Binder } from './binder.ts';
import { type Bound, bound } from './bound.ts';
import { type BoundStatement, Ended, type Execute } from './statement.ts';
import { writeVariable } from './variable.ts';

type Node<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;
type Bind = (binder: Binder, node: Statement) => BoundStatement;

/** A round in a frame of its own, so that a lambda keeps the variables of the round that made it. */
function round(binder: Binder, body: Statement, bind: Bind): BoundStatement {
	const scope = binder.scope.frame();
	const bound = binder.inScope(scope, () =>
		binder.withJumps({ break: true, continue: true }, () => bind(binder, body)),
	);
	return { ...bound, execute: ownFrame(bound.execute) };
}

function ownFrame(execute: Execute): Execute {
	return (frame) => {
		const inner = new Frame(frame.run, frame);
		const ended = execute(inner);
		if (ended === Ended.returned) frame.result = inner.result;
		return ended;
	};
}

export function bindWhile(binder: Binder, node: Node<'while'>, bind: Bind): BoundStatement {
	const test = binder.bindAs(node.test, types.bool);
	const body = round(binder, node.body, bind);
	const condition = test.run;
	const { execute } = body;
	const isEndless = test.constant?.value === true;
	const { isDo } = node;
	return {
		execute: (frame) => {
			if (!isDo && condition(frame) !== true) return Ended.normally;
			do {
				frame.run.step();
				const ended = execute(frame);
				if (ended === Ended.returned) return ended;
				if (ended === Ended.broke) break;
			} while (condition(frame) === true);
			return Ended.normally;
		},
		canEnd: !isEndless || body.canBreak,
		canBreak: false,
	};
}

export function bindFor(binder: Binder, node: Node<'for'>, bind: Bind): BoundStatement {
	return binder.inScope(binder.scope.block(), () => {
		const first = node.first.map((each) => bind(binder, each).execute);
		const test: Bound =
			node.test === undefined ? bound(node.at, types.bool, () => true) : binder.bindAs(node.test, types.bool);
		const each = node.each.map((step) => binder.bind(step).run);
		const body = round(binder, node.body, bind);
		const condition = test.run;
		const { execute } = body;
		const isEndless = node.test === undefined || test.constant?.value === true;
		return {
			execute: (frame) => {
				for (const step of first) step(frame);
				while (condition(frame) === true) {
					frame.run.step();
					const ended = execute(frame);
					if (ended === Ended.returned) return ended;
					if (ended === Ended.broke) break;
					for (const step of each) step(frame);
				}
				return Ended.normally;
			},
			canEnd: !isEndless || body.canBreak,
			canBreak: false,
		};
	});
}

export function bindForeach(binder: Binder, node: Node<'foreach'>, bind: Bind): BoundStatement {
	const source = binder.bind(node.source);
	const element = asNamed(source.type, 'IEnumerable')?.args[0];
	if (element === undefined)
		throw new SyntaxProblem(`'${source.type.text}' has no elements to go through`, node.source.at);
	const scope = binder.scope.frame();
	return binder.inScope(scope, () => {
		const declared = node.type === undefined ? element : binder.resolve(node.type);
		let current: Value = null;
		// The element is cast when the variable says another type, as in C#.
		const cast = castTo(
			binder,
			bound(node.at, element, () => current),
			declared,
			node.at,
		);
		const variable = scope.declare(node.at, node.name, declared, { isReadOnly: true });
		const write = writeVariable(scope, variable);
		const body = binder.withJumps({ break: true, continue: true }, () => bind(binder, node.body));
		const { run } = source;
		const { execute } = body;
		const isCast = declared !== element;
		return {
			execute: (frame) => {
				const list = run(frame);
				if (list === null) throw nullReference();
				for (const item of elementsOf(list)) {
					frame.run.step();
					const inner = new Frame(frame.run, frame);
					current = item;
					write(inner, isCast ? cast.run(inner) : item);
					const ended = execute(inner);
					if (ended === Ended.returned) {
						frame.result = inner.result;
						return ended;
					}
					if (ended === Ended.broke) break;
				}
				return Ended.normally;
			},
			canEnd: true,
			canBreak: false,
		};
	});
}

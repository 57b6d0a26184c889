/** Exceptions: thrown, caught by their type, and the block that runs whatever happened. A used-up budget is none of them. */
import type { Frame } from '../run/frame.ts';
import type { Block, CatchClause, Statement } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { isReferenceOf } from '../types/instance.ts';
import { type Type, type } from '../types/type.ts';
import { type ExceptionValue, nullReference, Thrown } from '../values/exception.ts';
import type { Value } from '../values/value.ts';
import type { Binder } from './binder.ts';
import { type BoundStatement, Ended } from './statement.ts';
import { writeVariable } from './variable.ts';

type BindBlock = (binder: Binder, block: Block) => BoundStatement;

const anyException = type('Exception');

interface Catch {
	readonly of: Type;
	readonly keep: (frame: Frame, value: Value) => void;
	readonly guard: ((frame: Frame) => boolean) | undefined;
	readonly body: BoundStatement;
}

export function bindThrow(binder: Binder, node: Extract<Statement, { kind: 'throw' }>): BoundStatement {
	if (node.value === undefined) {
		const caught = binder.caught;
		if (caught === undefined) throw new SyntaxProblem("'throw' without a value stands in a catch", node.at);
		return { execute: (frame) => raise(caught(frame)), canEnd: false, canBreak: false };
	}
	const { run } = binder.bindAs(node.value, anyException);
	return { execute: (frame) => raise(run(frame)), canEnd: false, canBreak: false };
}

export function raise(value: Value): never {
	if (value === null) throw nullReference();
	throw new Thrown(value as ExceptionValue);
}

export function bindTry(
	binder: Binder,
	node: Extract<Statement, { kind: 'try' }>,
	bindBlock: BindBlock,
): BoundStatement {
	const body = bindBlock(binder, node.body);
	const catches = node.catches.map((each) => bindCatch(binder, each, bindBlock));
	const last =
		node.last === undefined
			? undefined
			: binder.withJumps({ break: false, continue: false }, () => bindBlock(binder, node.last as Block));
	const { execute } = body;
	const guarded = (frame: Frame): Ended => {
		const { depth } = frame.run;
		try {
			return execute(frame);
		} catch (error) {
			if (!(error instanceof Thrown)) throw error;
			frame.run.depth = depth;
			// An exception costs the platform as much as some hundred other steps.
			frame.run.look(64 * 200);
			const found = catches.find((each) => matches(each, frame, error.exception));
			if (found === undefined) throw error;
			return found.body.execute(frame);
		}
	};
	const all = [body, ...catches.map((each) => each.body)];
	return {
		execute: last === undefined ? guarded : (frame) => finish(guarded, last, frame),
		canEnd: all.some(({ canEnd }) => canEnd) && last?.canEnd !== false,
		canBreak: all.some(({ canBreak }) => canBreak),
	};
}

function finish(guarded: (frame: Frame) => Ended, last: BoundStatement, frame: Frame): Ended {
	let ended: Ended;
	try {
		ended = guarded(frame);
	} catch (error) {
		// Only for exceptions of the language: once the budget is used up nothing more runs.
		if (error instanceof Thrown) last.execute(frame);
		throw error;
	}
	const { result } = frame;
	last.execute(frame);
	frame.result = result;
	return ended;
}

function matches({ of, keep, guard }: Catch, frame: Frame, thrown: ExceptionValue): boolean {
	if (!isReferenceOf(type(thrown.name), of)) return false;
	keep(frame, thrown);
	return guard === undefined || guard(frame);
}

function bindCatch(binder: Binder, node: CatchClause, bindBlock: BindBlock): Catch {
	const of = node.type === undefined ? anyException : binder.resolve(node.type);
	if (!isReferenceOf(of, anyException)) throw new SyntaxProblem(`'${of.text}' is no exception`, node.at);
	return binder.inScope(binder.scope.block(), () => {
		const { scope } = binder;
		const hidden = { ...scope.hidden(), name: '', type: of, isReadOnly: true, signature: undefined };
		const variable = node.variable === undefined ? hidden : scope.declare(node.at, node.variable, of);
		const guard = node.guard === undefined ? undefined : binder.bindCondition(node.guard);
		const outer = binder.caught;
		binder.caught = (frame) => frame.slots[variable.slot] ?? null;
		const body = bindBlock(binder, node.body);
		binder.caught = outer;
		return { of, keep: writeVariable(scope, variable), guard, body };
	});
}

/** Blocks of functions and of whole expressions: `@{ … }`. */
import { Frame } from '../run/frame.ts';
import type { Block, Declaration, LocalFunction, Statement } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { implicitConversion } from '../types/conversion.ts';
import { defaultValue } from '../types/default-value.ts';
import { type Type, type, types } from '../types/type.ts';
import type { Value } from '../values/value.ts';
import { closure } from './bind-lambda.ts';
import { bindFor, bindForeach, bindWhile } from './bind-loop.ts';
import { bindSwitchStatement } from './bind-switch.ts';
import { bindThrow, bindTry } from './bind-try.ts';
import type { Binder } from './binder.ts';
import { type BoundBody, type BoundStatement, Ended, type Execute } from './statement.ts';
import { writeVariable } from './variable.ts';

/** The body of a function. With `returns` undefined the values that it returns decide the type. */
export function bindBody(binder: Binder, body: Block, returns: Type | undefined): BoundBody {
	const own = { type: returns, found: [] as { at: number; type: Type }[] };
	const outer = binder.returns;
	binder.returns = own;
	const block = binder.withJumps({ break: false, continue: false }, () => bindBlock(binder, body, binder.scope));
	binder.returns = outer;
	const of = returns ?? commonReturn(own.found);
	if (block.canEnd && of !== types.void) throw new SyntaxProblem('not every way through it returns a value', body.at);
	const { execute } = block;
	return {
		returns: of,
		run: (frame) => {
			execute(frame);
			return frame.result;
		},
	};
}

/** The type that all of them become without changing; `object` when there is none. */
function commonReturn(found: readonly { readonly at: number; readonly type: Type }[]): Type {
	if (found.length === 0) return types.void;
	const all = found.map((each) => each.type);
	const fits = (candidate: Type): boolean =>
		all.every((each) => {
			const conversion = implicitConversion(each, candidate);
			return conversion !== undefined && conversion.apply === undefined;
		});
	return (
		all.find((candidate) => candidate !== types.null && candidate !== types.never && fits(candidate)) ?? types.object
	);
}

export function bindBlock(binder: Binder, block: Block, scope = binder.scope.block()): BoundStatement {
	return binder.inScope(scope, () => {
		const functions = block.statements.filter((each) => each.kind === 'function');
		for (const each of functions) declareFunction(binder, each);
		const bound: BoundStatement[] = [];
		// A function can be called before it stands in the text.
		for (const each of functions) bound.push(bindFunction(binder, each));
		for (const each of block.statements) if (each.kind !== 'function') bound.push(bindStatement(binder, each));
		const last = bound.findIndex(({ canEnd }) => !canEnd);
		const reached = last < 0 ? bound : bound.slice(0, last + 1);
		return {
			execute: inOrder(bound.map(({ execute }) => execute)),
			canEnd: last < 0,
			canBreak: reached.some(({ canBreak }) => canBreak),
		};
	});
}

function inOrder(all: readonly Execute[]): Execute {
	const [first, second] = all;
	if (all.length === 1 && first !== undefined) return first;
	if (all.length === 2 && first !== undefined && second !== undefined) {
		return (frame) => {
			const ended = first(frame);
			return ended === Ended.normally ? second(frame) : ended;
		};
	}
	return (frame) => {
		for (const each of all) {
			const ended = each(frame);
			if (ended !== Ended.normally) return ended;
		}
		return Ended.normally;
	};
}

export function bindStatement(binder: Binder, node: Statement): BoundStatement {
	return binder.nested(node.at, () => dispatch(binder, node));
}

function dispatch(binder: Binder, node: Statement): BoundStatement {
	switch (node.kind) {
		case 'block':
			return bindBlock(binder, node);
		case 'declare':
			return simple(bindDeclaration(binder, node));
		case 'function':
			throw new SyntaxProblem('a function stands in a block', node.at);
		case 'expression': {
			const { run } = binder.bind(node.value);
			return simple((frame) => {
				run(frame);
			});
		}
		case 'if':
			return bindIf(binder, node);
		case 'while':
			return bindWhile(binder, node, bindStatement);
		case 'for':
			return bindFor(binder, node, bindStatement);
		case 'foreach':
			return bindForeach(binder, node, bindStatement);
		case 'switch':
			return bindSwitchStatement(binder, node, bindBlock);
		case 'try':
			return bindTry(binder, node, bindBlock);
		case 'return':
			return bindReturn(binder, node);
		case 'throw':
			return bindThrow(binder, node);
		case 'break':
		case 'continue':
			return bindJump(binder, node.at, node.kind);
		case 'empty':
			return simple(() => {});
	}
}

function simple(run: (frame: Frame) => void): BoundStatement {
	return {
		execute: (frame) => {
			run(frame);
			return Ended.normally;
		},
		canEnd: true,
		canBreak: false,
	};
}

function bindDeclaration(binder: Binder, node: Declaration): (frame: Frame) => void {
	const declared = node.type === undefined ? undefined : binder.resolve(node.type);
	if (declared === types.void) throw new SyntaxProblem("a variable is not 'void'", node.at);
	const steps = node.variables.map(({ at, name, value }) => {
		if (value === undefined && declared === undefined) throw new SyntaxProblem(`'${name}' needs a value`, at);
		const initial =
			value === undefined ? undefined : declared === undefined ? binder.bind(value) : binder.bindAs(value, declared);
		const of = declared ?? initial?.type ?? types.object;
		if (of === types.null || of === types.void || of === types.never)
			throw new SyntaxProblem(`the type of '${name}' is not known`, at);
		const write = writeVariable(binder.scope, binder.scope.declare(at, name, of));
		const run = initial?.run ?? (() => defaultValue(of));
		return (frame: Frame) => {
			write(frame, run(frame));
		};
	});
	const [only] = steps;
	if (steps.length === 1 && only !== undefined) return only;
	return (frame) => {
		for (const step of steps) step(frame);
	};
}

function declareFunction(binder: Binder, node: LocalFunction): void {
	const returns = binder.resolve(node.type);
	const parameters = node.parameters.map((parameter) =>
		parameter.type === undefined ? types.object : binder.resolve(parameter.type),
	);
	const of = type('Func', ...parameters, returns);
	binder.scope.declare(node.at, node.name, of, { isReadOnly: true, signature: { parameters, returns } });
}

function bindFunction(binder: Binder, node: LocalFunction): BoundStatement {
	const variable = binder.scope.find(node.name);
	const signature = variable?.signature;
	if (variable === undefined || signature === undefined)
		throw new SyntaxProblem(`'${node.name}' is in use already`, node.at);
	const scope = binder.scope.frame();
	const body = binder.inScope(scope, () => {
		const slots = node.parameters.map(
			({ at, name }, index) => scope.declare(at, name, signature.parameters[index] ?? types.object).slot,
		);
		const run =
			node.body.kind === 'block'
				? bindBody(binder, node.body, signature.returns).run
				: (signature.returns === types.void ? binder.bind(node.body) : binder.bindAs(node.body, signature.returns)).run;
		return closure(node.at, slots, run, variable.type).run;
	});
	const write = writeVariable(binder.scope, variable);
	return simple((frame) => {
		write(frame, body(frame));
	});
}

function bindIf(binder: Binder, node: Extract<Statement, { kind: 'if' }>): BoundStatement {
	const test = binder.bindCondition(node.test);
	const yes = binder.inScope(binder.scope.block(), () => bindStatement(binder, node.yes));
	const no =
		node.no === undefined
			? undefined
			: binder.inScope(binder.scope.block(), () => bindStatement(binder, node.no as Statement));
	const { execute: first } = yes;
	const second = no?.execute ?? (() => Ended.normally);
	return {
		execute: (frame) => (test(frame) ? first(frame) : second(frame)),
		canEnd: yes.canEnd || no === undefined || no.canEnd,
		canBreak: yes.canBreak || no?.canBreak === true,
	};
}

function bindReturn(binder: Binder, node: Extract<Statement, { kind: 'return' }>): BoundStatement {
	const { returns } = binder;
	const isVoid = returns.type === types.void;
	if ((node.value === undefined) !== isVoid && (returns.type !== undefined || node.value === undefined)) {
		throw new SyntaxProblem(isVoid ? 'the function returns nothing' : "'return' needs a value here", node.at);
	}
	if (node.value === undefined) return { execute: () => Ended.returned, canEnd: false, canBreak: false };
	const value = returns.type === undefined ? binder.bind(node.value) : binder.bindAs(node.value, returns.type);
	if (value.type === types.void) throw new SyntaxProblem('this has no value', node.at);
	returns.found.push({ at: node.at, type: value.type });
	const { run }: { run: (frame: Frame) => Value } = value;
	return {
		execute: (frame) => {
			frame.result = run(frame);
			return Ended.returned;
		},
		canEnd: false,
		canBreak: false,
	};
}

function bindJump(binder: Binder, at: number, kind: 'break' | 'continue'): BoundStatement {
	if (!binder.jumps[kind]) throw new SyntaxProblem(`'${kind}' stands outside of what it would leave`, at);
	const ended = kind === 'break' ? Ended.broke : Ended.continued;
	return { execute: () => ended, canEnd: false, canBreak: kind === 'break' };
}

/** `switch` statements: the first label that matches, and no falling through. */
import type { Block, Statement } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { bindPattern, type Test } from './bind-pattern.ts';
import type { Binder } from './binder.ts';
import { type BoundStatement, Ended, type Execute } from './statement.ts';

type BindBlock = (binder: Binder, block: Block) => BoundStatement;

interface Case {
	readonly test: Test;
	readonly execute: Execute;
}

export function bindSwitchStatement(
	binder: Binder,
	node: Extract<Statement, { kind: 'switch' }>,
	bindBlock: BindBlock,
): BoundStatement {
	const subject = binder.bind(node.subject);
	const cases: Case[] = [];
	let otherwise: Execute | undefined;
	let canEnd = false;
	for (const section of node.sections) {
		binder.inScope(binder.scope.block(), () => {
			const tests: Test[] = [];
			for (const { pattern, guard } of section.labels)
				if (pattern !== undefined) tests.push(bindLabel(binder, pattern, guard, subject.type));
			const body = binder.withJumps({ break: true }, () => bindBlock(binder, section.body));
			if (body.canEnd) throw new SyntaxProblem('the section runs on into the next one', section.at);
			if (body.canBreak) canEnd = true;
			for (const test of tests) cases.push({ test, execute: body.execute });
			if (section.labels.some(({ pattern }) => pattern === undefined)) {
				if (otherwise !== undefined) throw new SyntaxProblem("'default' stands twice", section.at);
				otherwise = body.execute;
			}
		});
	}
	const { run } = subject;
	const last: Execute | undefined = otherwise;
	return {
		execute: (frame) => {
			const value = run(frame);
			const found = cases.find(({ test }) => test(frame, value))?.execute ?? last;
			const ended = found === undefined ? Ended.normally : found(frame);
			return ended === Ended.broke ? Ended.normally : ended;
		},
		canEnd: canEnd || last === undefined,
		canBreak: false,
	};
}

function bindLabel(
	binder: Binder,
	pattern: import('../syntax/ast.ts').Pattern,
	guard: import('../syntax/ast.ts').Expression | undefined,
	subject: import('../types/type.ts').Type,
): Test {
	const test = bindPattern(binder, pattern, subject);
	if (guard === undefined) return test;
	const condition = binder.bindCondition(guard);
	return (frame, value) => test(frame, value) && condition(frame);
}

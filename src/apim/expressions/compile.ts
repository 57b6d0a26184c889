/** One expression of a policy: read and checked once, evaluated for every request. */
import { bindBody } from './bind/bind-block.ts';
import { Binder } from './bind/binder.ts';
import type { ExpressionFacts } from './bind/facts.ts';
import { allMembers } from './members/all.ts';
import { type Evaluate, Frame } from './run/frame.ts';
import { type Budget, BudgetExhausted, defaultBudget, Run } from './run/run.ts';
import { parseBlockText, parseExpressionText } from './syntax/parse.ts';
import { SyntaxProblem } from './syntax/problem.ts';
import { types } from './types/type.ts';
import type { ExpressionContext } from './values/context.ts';
import { Thrown } from './values/exception.ts';
import type { Value } from './values/value.ts';

export interface ExpressionSource {
	/** What stands between the brackets of `@(…)` or the braces of `@{…}`, with the entities of XML decoded. */
	readonly text: string;
	readonly kind: 'expression' | 'block';
	/** The policy file, as the reader of a report knows it. */
	readonly file: string;
	/** Where `text` begins in the file; both from 1. */
	readonly line: number;
	readonly column: number;
}

/** Why an expression cannot be used. */
export interface ExpressionProblem {
	readonly ok: false;
	readonly file: string;
	/** Where it stands; in a text whose entities were decoded the column may be too small. */
	readonly line: number;
	readonly column: number;
	readonly message: string;
	/** The text of the expression, its first 200 characters. */
	readonly expression: string;
}

export interface CompiledExpression {
	readonly ok: true;
	readonly source: ExpressionSource;
	/** The type it answers as C# writes it: `string`, `bool`; `object` for a block with several. */
	readonly type: string;
	readonly facts: ExpressionFacts;
	/** Never throws. What it can use up is bounded by `budget`, by default at the worst a tenth of a second or two. */
	evaluate(context: ExpressionContext, budget?: Budget): Evaluation;
	/** Where an offset of `facts` stands in the file. */
	position(offset: number): { readonly line: number; readonly column: number };
}

export type Evaluation =
	| { readonly ok: true; readonly value: Value }
	| {
			readonly ok: false;
			/** The exception that nobody caught; `budget` when it ran too long or grew too large; `internal` is a fault of ours. */
			readonly cause: 'exception' | 'budget' | 'internal';
			/** Name of the exception: `NullReferenceException`; of what was used up. */
			readonly name: string;
			/** May hold what the expression has read: for the operator, not for the client. */
			readonly message: string;
	  };

/**
 * Reads an expression, gives every part of it a type and refuses what C# would refuse, and everything that is outside
 * of the subset. Never throws.
 */
export function compileExpression(source: ExpressionSource): CompiledExpression | ExpressionProblem {
	const position = (offset: number): { line: number; column: number } => positionIn(source, offset);
	// Outside: a fault of the tables is not one of the expression.
	const members = allMembers();
	try {
		const binder = new Binder(members, bindBody);
		const { run, type } = bindSource(binder, source);
		return {
			ok: true,
			source,
			type,
			facts: binder.facts.finish(),
			position,
			evaluate: (context, budget) => evaluate(run, context, budget),
		};
	} catch (error) {
		if (!(error instanceof SyntaxProblem)) throw error;
		const { file } = source;
		return { ok: false, file, ...position(error.at), message: error.message, expression: source.text.slice(0, 200) };
	}
}

function bindSource(
	binder: Binder,
	{ kind, text }: ExpressionSource,
): { readonly run: Evaluate; readonly type: string } {
	if (kind === 'block') {
		const { run, returns } = binder.bindBody(binder, parseBlockText(text), undefined);
		return { run, type: returns.text };
	}
	const { run, type, at } = binder.bind(parseExpressionText(text));
	if (type === types.void) throw new SyntaxProblem('the expression has no value', at);
	return { run, type: type === types.null ? types.object.text : type.text };
}

function positionIn({ text, line, column }: ExpressionSource, offset: number): { line: number; column: number } {
	const before = text.slice(0, offset).split(/\r\n|[\r\n]/);
	const last = before.at(-1) ?? '';
	return before.length === 1
		? { line, column: column + last.length }
		: { line: line + before.length - 1, column: last.length + 1 };
}

function evaluate(run: Evaluate, context: ExpressionContext, budget: Budget = defaultBudget): Evaluation {
	try {
		return { ok: true, value: run(new Frame(new Run(context, budget), null)) };
	} catch (error) {
		if (error instanceof Thrown) {
			return { ok: false, cause: 'exception', name: error.exception.name, message: error.exception.message };
		}
		if (error instanceof BudgetExhausted) {
			return { ok: false, cause: 'budget', name: error.what, message: `the expression uses up its ${error.what}` };
		}
		// Calls inside each other that are too many for the stack, where each of them is deep.
		if (error instanceof RangeError)
			return { ok: false, cause: 'budget', name: 'depth', message: 'the expression nests too deep' };
		return {
			ok: false,
			cause: 'internal',
			name: 'internal',
			message: error instanceof Error ? error.message : 'unknown',
		};
	}
}

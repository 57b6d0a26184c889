/** Values of statements: what stands there, or an expression that is asked anew for each request. */
import type { Position } from '../policy-text/policy-fault.ts';

/** A compiled expression; what it is evaluated over is the business of whoever runs it. */
export interface Expression {
	/** Throws for what C# would throw for, and when it takes too long. */
	evaluate(scope: unknown): unknown;
	/** Whether it reads `context.Response`, and the body of the request. */
	readonly readsResponse: boolean;
	readonly readsBody: boolean;
	/** Members of `context` that it reads, as paths of two at most: `Request.Headers`, `Variables`. */
	readonly reads: ReadonlySet<string>;
	/** Whether it takes a token apart that nobody has verified (`AsJwt`, `TryParseJwt`). */
	readonly readsUnverified: boolean;
}

export type TextValue =
	| { readonly kind: 'constant'; readonly text: string; readonly position: Position }
	| {
			readonly kind: 'expression';
			readonly expression: Expression;
			/** As it stands in the file, for a reader. */
			readonly source: string;
			readonly position: Position;
	  };

/** A constant that has been read, or an expression that gives one. */
export type Reads<T> = { readonly kind: 'constant'; readonly value: T } | (TextValue & { readonly kind: 'expression' });

/** The result of compiling one expression: itself, or what is wrong with it, and where in its code. */
export type CompileExpression = (code: string, form: '(' | '{') => Expression | ExpressionProblem;

export interface ExpressionProblem {
	readonly problem: string;
	/** In the code. */
	readonly offset: number;
}

/** What makes an expression unusable, found while it is read: never while it runs. */

/** Thrown inside this folder only; `compileExpression` turns it into an answer. `at` is an offset into the text. */
export class SyntaxProblem extends Error {
	readonly at: number;

	constructor(message: string, at: number) {
		super(message);
		this.at = at;
	}
}

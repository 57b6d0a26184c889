/** What makes an expression unusable, found while it is read: never while it runs. */

/** Thrown inside this folder only; `compileExpression` turns it into an answer. `at` is an offset into the text. */
export class SyntaxProblem extends Error {
	readonly at: number;
	/** Nothing else is tried: another reading would be as bad. */
	readonly isFinal: boolean;

	constructor(message: string, at: number, isFinal = false) {
		super(message);
		this.at = at;
		this.isFinal = isFinal;
	}
}

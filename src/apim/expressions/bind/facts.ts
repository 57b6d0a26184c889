/** What can be said of an expression without running it: for the linter, and for what must be at hand beforehand. */

export interface ExpressionFacts {
	/** Members of `context` that are read, as paths of two at most: `Request.Headers`, `Variables`. */
	readonly reads: ReadonlySet<string>;
	/** Names of variables that are read with a constant name. */
	readonly variables: ReadonlySet<string>;
	/** Whether some variable is read whose name is not constant, or all of them. */
	readonly readsAnyVariable: boolean;
	/** Offsets of `AsJwt` and `TryParseJwt`, whose tokens nobody has verified. */
	readonly unverifiedJwt: readonly number[];
	/** Bodies that must have been collected before. */
	readonly readsBody: { readonly request: boolean; readonly response: boolean };
	/** Offsets of `==` and `!=` between `object` and another type: .NET compares references there, this compares texts. */
	readonly comparesReferences: readonly number[];
	/** Whether it answers the same in every request. */
	readonly isConstant: boolean;
}

export class FactsCollector {
	readonly reads = new Set<string>();
	readonly variables = new Set<string>();
	readonly unverifiedJwt: number[] = [];
	readonly comparesReferences: number[] = [];
	readsAnyVariable = false;
	readsBody = false;
	/** Something that differs from one evaluation to the next without being of the context: the time, chance. */
	isVarying = false;

	finish(): ExpressionFacts {
		const { reads, readsBody } = this;
		const readsWhole = reads.has('Request') || reads.has('Response');
		return {
			reads,
			variables: this.variables,
			readsAnyVariable: this.readsAnyVariable || reads.has('Variables'),
			unverifiedJwt: this.unverifiedJwt,
			readsBody: {
				request: readsBody && (reads.has('Request.Body') || readsWhole),
				response: readsBody && (reads.has('Response.Body') || readsWhole || reads.has('Variables')),
			},
			comparesReferences: this.comparesReferences,
			isConstant: reads.size === 0 && !this.isVarying,
		};
	}
}

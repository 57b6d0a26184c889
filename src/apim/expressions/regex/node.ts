/** A pattern as a tree. */

export type Assertion = 'start' | 'end' | 'line-start' | 'line-end' | 'last-line-end' | 'boundary' | 'no-boundary';

export type RegexNode =
	| { readonly kind: 'empty' }
	/** One UTF-16 unit. */
	| { readonly kind: 'unit'; readonly matches: (unit: number) => boolean }
	| { readonly kind: 'assert'; readonly assertion: Assertion }
	| { readonly kind: 'sequence'; readonly parts: readonly RegexNode[] }
	| { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
	| { readonly kind: 'group'; readonly index: number; readonly body: RegexNode }
	| {
			readonly kind: 'repeat';
			readonly body: RegexNode;
			readonly least: number;
			/** Infinity without a limit. */
			readonly most: number;
			readonly isLazy: boolean;
	  };

export class RegexProblem extends Error {}

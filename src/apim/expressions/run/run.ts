/**
 * One evaluation: its context and what it may still use up. Straight code is bounded by its length; whatever repeats,
 * calls or makes texts longer pays here, so that no expression runs or grows without end.
 */
import type { ExpressionContext } from '../values/context.ts';

/** What one evaluation may use up. */
export interface Budget {
	/** Rounds of loops, calls, elements of sequences, and texts by 64 characters. */
	readonly steps: number;
	/** Characters and elements made, all together. */
	readonly made: number;
	/** Calls inside each other. */
	readonly depth: number;
}

/** A tenth of a second or two at the worst, on a slow machine; expressions of real policies use some hundred steps. */
export const defaultBudget: Budget = { steps: 100_000, made: 4_000_000, depth: 64 };

/** Ends an evaluation for good: no `catch` of the expression sees it. */
export class BudgetExhausted extends Error {
	readonly what: keyof Budget;

	constructor(what: keyof Budget) {
		super(what);
		this.what = what;
	}
}

export class Run {
	readonly context: ExpressionContext;
	#steps: number;
	#made: number;
	#depth: number;

	constructor(context: ExpressionContext, budget: Budget) {
		this.context = context;
		this.#steps = budget.steps;
		this.#made = budget.made;
		this.#depth = budget.depth;
	}

	step(): void {
		if (--this.#steps < 0) throw new BudgetExhausted('steps');
	}

	/** A look through so many characters. */
	look(characters: number): void {
		this.#steps -= 1 + (characters >> 6);
		if (this.#steps < 0) throw new BudgetExhausted('steps');
	}

	/** So many characters or elements are about to be made. */
	make(size: number): void {
		this.#made -= size;
		if (!(this.#made >= 0)) throw new BudgetExhausted('made');
	}

	enter(): void {
		this.step();
		if (--this.#depth < 0) throw new BudgetExhausted('depth');
	}

	leave(): void {
		this.#depth++;
	}

	/** Calls that may still be entered: kept before a `try`, for its `catch` stands outside of what the exception left. */
	get depth(): number {
		return this.#depth;
	}

	set depth(depth: number) {
		this.#depth = depth;
	}
}

/** Where variables live while an expression runs: one frame for each call of a function, and for each round of a loop
 * whose variables a lambda may keep. */
import type { Value } from '../values/value.ts';
import type { Run } from './run.ts';

export class Frame {
	readonly run: Run;
	readonly parent: Frame | null;
	readonly slots: Value[] = [];
	/** What `return` answers. */
	result: Value = null;

	constructor(run: Run, parent: Frame | null) {
		this.run = run;
		this.parent = parent;
	}
}

export type Evaluate = (frame: Frame) => Value;

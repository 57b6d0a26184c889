/** A statement that is understood: it answers how it ended. */
import type { Frame } from '../run/frame.ts';

import type { Type } from '../types/type.ts';
import type { Value } from '../values/value.ts';

export const Ended = { normally: 0, broke: 1, continued: 2, returned: 3 } as const;
export type Ended = (typeof Ended)[keyof typeof Ended];

export type Execute = (frame: Frame) => Ended;

export interface BoundStatement {
	readonly execute: Execute;
	/** Whether what stands behind it can be reached. */
	readonly canEnd: boolean;
	/** Whether a `break` inside leaves the statement around it. */
	readonly canBreak: boolean;
}

export interface BoundBody {
	readonly run: (frame: Frame) => Value;
	readonly returns: Type;
}

/** The returns of one function, whose types decide what it answers when nobody has said it. */
export interface Returns {
	/** Undefined while it is to be found out. */
	readonly type: Type | undefined;
	readonly found: { readonly at: number; readonly type: Type }[];
}

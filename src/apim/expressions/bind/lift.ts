/** Operators over `T?`: null as soon as one operand is (ECMA-334 §12.4.8). */
import type { Evaluate } from '../run/frame.ts';
import type { Value } from '../values/value.ts';

export function lift2(first: Evaluate, second: Evaluate, operation: (a: never, b: never) => Value): Evaluate {
	return (frame) => {
		const a = first(frame);
		const b = second(frame);
		return a === null || b === null ? null : operation(a as never, b as never);
	};
}

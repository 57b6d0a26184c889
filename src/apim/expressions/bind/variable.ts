/** Reading and writing variables: at once in the same frame, by as many steps outwards as were entered since. */
import type { Frame } from '../run/frame.ts';
import type { Value } from '../values/value.ts';
import { type Bound, bound } from './bound.ts';
import type { Scope, Variable } from './scope.ts';

export function readVariable(scope: Scope, variable: Variable, at: number): Bound {
	const { slot, type } = variable;
	const out = scope.level - variable.level;
	if (out === 0) return bound(at, type, (frame) => frame.slots[slot] ?? null);
	if (out === 1) return bound(at, type, (frame) => frame.parent?.slots[slot] ?? null);
	return bound(at, type, (frame) => frameAt(frame, out).slots[slot] ?? null);
}

export function writeVariable(scope: Scope, variable: Variable): (frame: Frame, value: Value) => void {
	const { slot } = variable;
	const out = scope.level - variable.level;
	if (out === 0) {
		return (frame, value) => {
			frame.slots[slot] = value;
		};
	}
	return (frame, value) => {
		frameAt(frame, out).slots[slot] = value;
	};
}

function frameAt(frame: Frame, out: number): Frame {
	let found = frame;
	for (let steps = out; steps > 0 && found.parent !== null; steps--) found = found.parent;
	return found;
}

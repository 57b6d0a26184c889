/** What is in force now, behind one reference: a reload is one assignment, and a request keeps what it began with. */
import type { Assembly } from '#assembly/assemble';
import type { InForce } from './request-handler.ts';

export interface Live {
	readonly assembly: Assembly;
	readonly inForce: InForce;
	put(assembly: Assembly): void;
}

export function createLive(first: Assembly): Live {
	let current = { assembly: first, inForce: inForceOf(first) };
	return {
		get assembly() {
			return current.assembly;
		},
		get inForce() {
			return current.inForce;
		},
		put(assembly) {
			current = { assembly, inForce: inForceOf(assembly) };
		},
	};
}

function inForceOf({ decide, definition }: Assembly): InForce {
	return { decide, exposeReason: definition.errors.exposeReason, statuses: definition.responses };
}

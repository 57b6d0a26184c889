/** Problem details (RFC 9457), as JSON. */
import type { JsonValue } from '#core/index';

export const problemMediaType = 'application/problem+json';

/** Members of RFC 9457 §3.1 and any extension members (§3.2). Undefined members are left out. */
export interface Problem {
	/** A URI reference; `about:blank` when the status says it all. */
	readonly type: string;
	readonly title: string;
	/** The HTTP status of the answer. */
	readonly status: number;
	readonly detail?: string | undefined;
	readonly [extension: string]: JsonValue | undefined;
}

/** JSON text of a problem, members in the order given. */
export function formatProblem(problem: Problem): string {
	return JSON.stringify(problem);
}

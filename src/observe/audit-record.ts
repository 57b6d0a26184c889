/**
 * One record per request; `audit-line.ts` writes the same as a line of JSON. It names what was decided and precisely why, and never holds a token, a
 * query string or a header (invariant 2).
 */
import type { Facts, Reason } from '#core/index';
import { actorsOf } from './actors.ts';

export interface AuditRecord {
	/** RFC 3339, UTC, milliseconds. */
	readonly time: string;
	/** What `X-Request-Id` says to client and upstream. */
	readonly request_id: string;
	/** W3C Trace Context: the trace, and this gateway's span in it. */
	readonly trace_id?: string;
	readonly span_id?: string;
	/** Only with `on_overflow: refuse`: which of the two records of a request this is. */
	readonly event?: 'decision' | 'completion';
	readonly decision: 'allow' | 'answer' | 'deny' | 'fault';
	/** Why not forwarded, or what went wrong afterwards. */
	readonly reason?: Reason;
	readonly check?: string;
	readonly expected?: string;
	readonly found?: string;
	/** What the client got; 0 when it went away before. Absent from a `decision`, which comes before. */
	readonly status?: number;
	readonly method?: string;
	readonly host?: string;
	/** Without query. */
	readonly path?: string;
	readonly route?: string;
	readonly provider?: string;
	/** `session`: a token that a browser session brought, whatever kind it is. */
	readonly kind?: string;
	/** Names that session. */
	readonly session_id?: string;
	readonly subject?: string;
	readonly client?: string;
	/** Who acts for the subject, the one who acts now first: at most eight, then `…`. */
	readonly actors?: readonly string[];
	readonly token_id?: string;
	/** Of the token that the upstream got in its place. */
	readonly backend_token_id?: string;
	readonly peer?: string;
	readonly upstream_status?: number;
	/** Milliseconds; absent from a `decision`. */
	readonly duration?: number;
	readonly upstream_duration?: number;
}

export interface AuditInput {
	readonly time: number;
	readonly requestId: string;
	readonly traceId: string;
	readonly spanId: string;
	readonly event: AuditRecord['event'];
	readonly decision: AuditRecord['decision'];
	readonly reason: Reason | undefined;
	readonly status: number | undefined;
	readonly method: string | undefined;
	readonly host: string | undefined;
	readonly path: string | undefined;
	readonly peer: string | undefined;
	readonly facts: Facts | undefined;
	readonly upstreamStatus: number | undefined;
	readonly duration: number | undefined;
	readonly upstreamDuration: number | undefined;
}

/** Characters of one value that a client chose: enough to see, too little to flood. */
const maxText = 256;

/** Members that are undefined are left out; texts of the client are cut at 256 characters. */
export function auditRecord(input: AuditInput): AuditRecord {
	const { facts } = input;
	const principal = facts?.principal;
	const record: Record<string, unknown> = {
		time: new Date(input.time).toISOString(),
		request_id: input.requestId,
		trace_id: input.traceId,
		span_id: input.spanId,
		event: input.event,
		decision: input.decision,
		reason: input.reason,
		// What a check saw belongs to a refusal only; the checks of an allowed request all passed.
		...(input.reason === undefined
			? {}
			: { check: facts?.check, expected: cut(facts?.expected), found: cut(facts?.found) }),
		status: input.status,
		method: cut(input.method),
		host: cut(input.host),
		path: cut(input.path),
		route: facts?.route,
		provider: facts?.provider,
		kind: facts?.session === undefined ? facts?.kind : 'session',
		session_id: facts?.session,
		subject: cut(principal?.subject),
		client: cut(principal?.client),
		actors: actorsOf(principal)?.map((actor) => cut(actor)),
		token_id: facts?.tokenId,
		backend_token_id: facts?.backendTokenId,
		peer: input.peer,
		upstream_status: input.upstreamStatus,
		duration: round(input.duration),
		upstream_duration: round(input.upstreamDuration),
	};
	return record as unknown as AuditRecord;
}

/** A text of the client, at most 256 characters of it. */
export function cut(text: string): string;
export function cut(text: string | undefined): string | undefined;
export function cut(text: string | undefined): string | undefined {
	return text === undefined || text.length <= maxText ? text : `${text.slice(0, maxText)}…`;
}

/** To microseconds. */
export function round(milliseconds: number | undefined): number | undefined {
	return milliseconds === undefined ? undefined : Math.round(milliseconds * 1000) / 1000;
}

/**
 * Browser sessions as the decision sees them: a cookie in place of a token, and the pages by which one comes and goes.
 * What they are made of is not its business; what comes out of one is a token, judged like every other.
 */
import type { CredentialLocation } from './evidence.ts';
import type { DenyReason, FaultReason, Reason } from './reasons.ts';
import type { HeaderList, RequestView } from './request-view.ts';
import type { Answer } from './verdict.ts';

/** The sessions of one name that a route accepts. */
export interface SessionSource {
	readonly name: string;
	/** The cookie. */
	readonly location: CredentialLocation;
	/** Every cookie that belongs to it: none of them ever goes on. */
	readonly cookies: readonly string[];
	/** What in this request says, or does not rule out, that another site sent it; null: nothing. Never waits. */
	forgery(request: RequestView): string | null;
	/** The session of this request's cookie. Rejects only for a bug. */
	find(request: RequestView): Promise<FoundSession | RefusedSession>;
	/**
	 * Where a page without a session is sent; `target`: path and query to come back to. A path, or a URL where the request
	 * is for another host than that of the sessions, which has no login of theirs.
	 */
	loginUrl(target: string, request: RequestView): string;
}

export interface FoundSession {
	/** Its access token, to be judged like any other. */
	readonly token: string;
	/** Names the session in records; tells nothing of its cookie. */
	readonly id: string;
	/** Whether it has ended since, in words for records; undefined: it has not. Never waits, never throws. */
	endedBy(): string | undefined;
	/** `Set-Cookie` fields for the answer. */
	readonly cookies: HeaderList;
}

export interface RefusedSession {
	readonly refused: Reason;
	/** Why, for records: nothing of the cookie. */
	readonly found: string;
	/** Of a fault. */
	readonly cause?: unknown;
	/** Seconds; of a fault. */
	readonly retryAfter?: number;
}

/** The pages of all sessions: they come before any route. */
export interface SessionPages {
	/** Undefined: this request is for none of them. Never waits. */
	find(request: RequestView): SessionPage | undefined;
}

export interface SessionPage {
	/** What records call it, in the place of a route's name. */
	readonly name: string;
	readonly provider: string;
	/** That it takes; it is asked with no other. */
	readonly methods: readonly string[];
	/** Name of the sessions whose rate limits hold here, since it costs a call to the provider; undefined: none does. */
	readonly limitsOf: string | undefined;
	/** Rejects only for a bug. */
	answer(request: RequestView): Promise<PageOutcome>;
}

export type PageOutcome =
	| { readonly kind: 'answer'; readonly answer: Answer; readonly read?: ReadBody }
	| {
			readonly kind: 'refused';
			readonly reason: DenyReason;
			/** For records: nothing secret. */
			readonly found: string;
			readonly headers: HeaderList;
	  }
	| { readonly kind: 'fault'; readonly reason: FaultReason; readonly cause: unknown };

/** An answer that needs the request's body first. */
export interface ReadBody {
	/** Octets; a longer body is refused with `content_too_large`. */
	readonly limit: number;
	/** In place of the verdict's answer. */
	answer(body: Uint8Array): Promise<Answer>;
}

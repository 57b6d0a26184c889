/** A route that decides by a program of its own in place of a fixed list of checks: where it meets the decision. */
import type { Check } from './check.ts';
import type { Evidence } from './evidence.ts';
import type { Voucher } from './ports.ts';
import type { Principal } from './principal.ts';
import type { DenyReason, FaultReason, Reason } from './reasons.ts';
import type { HeaderList } from './request-view.ts';
import type { Upstream } from './upstream.ts';
import type { ResponseEdits } from './verdict.ts';

export interface RouteProgram {
	/** Names of fields by which it tells the upstream who is calling: copies of clients are removed on every route. */
	readonly writes: readonly string[];
	/** The answer to a CORS preflight for this route; never a forward. Undefined: not the program’s business. */
	readonly preflight: ((evidence: Evidence, around: ProgramSurroundings) => ProgramOutcome) | undefined;
	/** Fills in what is found of the credential, as checks do. Throws and rejects only for a bug. */
	run(evidence: Evidence, around: ProgramSurroundings): ProgramOutcome | Promise<ProgramOutcome>;
}

/** What the decision lends to a program. */
export interface ProgramSurroundings {
	/** Runs checks in their order; the first reason is the answer. */
	evaluate(checks: readonly Check[], evidence: Evidence): Reason | null | Promise<Reason | null>;
	/** Digest of a whole token, and what the audit record has of that. */
	digest(token: string): string;
	tokenId(digest: string): string;
	/** The cache of genuine tokens: which providers found this token genuine before, and what it says. */
	recall(digest: string): readonly KnownToken[] | undefined;
	admit(digest: string, token: KnownToken): void;
	/** To be passed by every token that a program lets through: what was revoked, what is bound to a key, what was used up. */
	readonly tokenChecks: readonly Check[];
	/** Nothing is spent: for an explanation, which must not count. */
	readonly isDry: boolean;
	/** Names of the route's parameters, in the order of `evidence.parameters`. */
	readonly parameterNames: readonly string[];
}

/** A token that was found genuine; the fields are those of the cache. */
export interface KnownToken {
	readonly principal: Principal;
	readonly scheme: string;
	readonly voucher: Voucher;
	readonly generation: string;
	readonly endsAt: number;
	readonly expiresMonotonic: number;
	readonly tokenId: string;
}

export type ProgramOutcome =
	| {
			readonly kind: 'forward';
			/** Canonical names of fields that do not travel on, beside those of every route. */
			readonly strip: readonly string[];
			/** The same for cookies. */
			readonly stripCookies: readonly string[];
			readonly set: HeaderList;
			/** Beside the client's own of the same name, where those travel at all. */
			readonly append: HeaderList;
			/** Undefined: as the route has it. A path that a program makes must be in normal form. */
			readonly path: string | undefined;
			readonly query: string | undefined;
			/** Another upstream, and what comes before the path there. */
			readonly backend: { readonly upstream: Upstream; readonly prefix: string } | undefined;
			/** Of the answer to the client. */
			readonly response: Pick<ResponseEdits, 'set' | 'add' | 'remove' | 'content' | 'decide'>;
	  }
	| { readonly kind: 'answer'; readonly status: number; readonly headers: HeaderList; readonly body: string }
	| {
			readonly kind: 'refuse';
			readonly reason: DenyReason;
			readonly status: number;
			readonly headers: HeaderList;
			readonly body: string;
	  }
	| { readonly kind: 'fault'; readonly reason: FaultReason; readonly cause: unknown };

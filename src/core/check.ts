import type { Evidence } from './evidence.ts';
import type { Reason } from './reasons.ts';

/** The documented order of the decision. A check belongs to exactly one of these questions. */
export const checkNames = [
	'path',
	'method',
	'credential',
	'session',
	'credential_form',
	'decryption',
	'form',
	'provider',
	'algorithm',
	'key',
	'signature',
	'introspection',
	'type',
	'issuer',
	'time',
	'lifetime',
	'revocation',
	'binding',
	'audience',
	'client',
	'scopes',
	'claims',
	'authentication_context',
	'limits',
	'replay',
	'backend_token',
] as const;

export type CheckName = (typeof checkNames)[number];

/**
 * One named question. `judge` answers null (passed) or the reason, and never throws for a bad token; an exception is a
 * bug and ends as `internal_error`. What was expected and found is asked for only when somebody wants to read it, so a
 * passed check costs no string.
 */
export interface Check {
	readonly name: CheckName;
	/**
	 * What must be there before this can be judged; `explain` says "not judged" otherwise. `genuine`: a principal that was
	 * verified, where `principal` is content with what an unverified token claims.
	 */
	readonly needs: 'request' | 'credential' | 'token' | 'provider' | 'algorithm' | 'key' | 'principal' | 'genuine';
	/** Only checks that obtain something (a key, an introspection) may answer with a promise; judging never waits. */
	judge(evidence: Evidence): Reason | null | Promise<Reason | null>;
	/** What would pass, for a reader. Safe: holds no secret. */
	expected(evidence: Evidence): string;
	/** What was there. Never the token, never a secret. */
	found(evidence: Evidence): string;
}

/**
 * A check that has an effect: a limit is spent, a proof used up. Judged only once every other check has passed (the commit
 * phase of the decision), so that a request which is refused anyway costs its sender nothing.
 */
export interface Effect extends Check {
	/** What `judge` would answer now, without the effect: for `explain`. */
	look(evidence: Evidence): Reason | null | Promise<Reason | null>;
}

/** The answer of a check, for a reader. */
export interface Finding {
	readonly check: CheckName;
	readonly outcome: 'passed' | 'refused' | 'not_judged';
	readonly reason: Reason | undefined;
	readonly expected: string;
	readonly found: string;
}

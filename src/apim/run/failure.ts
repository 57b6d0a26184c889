/** Why a statement refuses a request: in the words of API Management (`context.LastError`), and in ours. */
import type { DenyReason, FaultReason } from '#core/index';
import type { Place } from '../statements/statement.ts';

/** The nine reasons of `validate-jwt`, and those of the statements beside it. */
export type ErrorReason =
	| 'TokenNotPresent'
	| 'TokenSignatureInvalid'
	| 'TokenAudienceNotAllowed'
	| 'TokenIssuerNotAllowed'
	| 'TokenExpired'
	| 'TokenSignatureKeyNotFound'
	| 'TokenClaimNotFound'
	| 'TokenClaimValueNotAllowed'
	| 'JwtInvalid'
	| 'HeaderNotFound'
	| 'HeaderValueNotAllowed'
	| 'CallerIpNotAllowed'
	| 'CallerIpBlocked'
	| 'ClientCertificateInvalid'
	| 'RateLimitExceeded';

export interface Failure {
	readonly kind: 'failure';
	/** Name of the statement. */
	readonly source: string;
	readonly reason: ErrorReason;
	readonly message: string;
	readonly place: Place;
	/** What the audit record and metrics say. */
	readonly own: DenyReason;
	readonly status: number;
	/** In place of `message` in the body. */
	readonly wording: string | undefined;
	/** Fields of the answer beside its content type. */
	readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A dependency that does not answer, or a policy that fails over this request: never an allow, and not the client's fault. */
export interface Breakdown {
	readonly kind: 'breakdown';
	readonly reason: FaultReason;
	readonly cause: unknown;
}

export interface Answered {
	readonly kind: 'answered';
	readonly response: PolicyResponse;
}

/** What a statement ends the section with; null: go on. */
export type Signal = Failure | Breakdown | Answered;
export type Step = Signal | null | Promise<Signal | null>;

/** A response in the making. Names as they are written; lower-case names are equal. */
export interface PolicyResponse {
	status: number;
	headers: (readonly [name: string, value: string])[];
	body: string;
}

/** Thrown by an expression, or for what it gave: ends as a breakdown of its statement. */
export class EvaluationFailure extends Error {
	override readonly name = 'EvaluationFailure';
}

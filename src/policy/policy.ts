import type { Clock, Cryptography, Effect, Reason, SessionPages } from '#core/index';
import type { DpopNonces } from '#pipeline/authorize/dpop-nonces';
import type { ClaimProof } from '#pipeline/authorize/replay';
import type { GenuineTokens } from './genuine-tokens.ts';
import type { OwnDocuments } from './own-documents.ts';
import type { RoutePolicy } from './route-policy.ts';
import type { RouteTable } from './route-table.ts';

/** What decisions need of cryptography, beside keys. */
export type PolicyCryptography = Pick<Cryptography, 'digest' | 'hexDigest' | 'digestOctets' | 'importJwk'>;

/** What proofs of possession need beside the request: it outlives a policy. */
export interface ProofSupport {
	/** Takes a proof for used, among all gateways that share the store. */
	readonly claim: ClaimProof;
	/** Undefined: proofs need no nonce. */
	readonly nonces: DpopNonces | undefined;
}

/** Everything that a decision needs: immutable, so that a reload is one assignment. */
export interface Policy {
	readonly routes: readonly RoutePolicy[];
	/** Origin that clients call, for paths that are explained. */
	readonly publicUrl: string | undefined;
	readonly table: RouteTable<RoutePolicy>;
	/** Looked at before the routes; undefined: there are none. */
	readonly ownDocuments: OwnDocuments | undefined;
	/** Whether any route reads `%2f` as data. */
	readonly encodedSlash: boolean;
	/** Undefined: there are no sessions. */
	readonly sessions: SessionPages | undefined;
	/** Rate limits of logins, by the name of their sessions. */
	readonly loginLimits: ReadonlyMap<string, readonly Effect[]>;
	readonly genuine: GenuineTokens;
	readonly clock: Clock;
	readonly cryptography: PolicyCryptography;
	readonly proofs: ProofSupport;
	/** Digest of a whole token: flat, collision-free. */
	readonly digest: (token: string) => string;
	/** Keyed digest for audit records. */
	readonly tokenId: (digest: string) => string;
	readonly statuses: Partial<Readonly<Record<Reason, number>>>;
}

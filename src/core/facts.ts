import type { CheckName } from './check.ts';
import type { CredentialKind, Principal } from './principal.ts';

/** What is known of a request when its verdict is given: for audit, metrics and the challenge. Never holds a token. */
export interface Facts {
	/** Name of the matched route. */
	readonly route: string | undefined;
	/** Name of the provider at which the token was directed, whether or not it proved genuine. */
	readonly provider: string | undefined;
	readonly kind: CredentialKind | undefined;
	/** Names the browser session whose access token it is; undefined for a token that the client sent itself. */
	readonly session?: string | undefined;
	/** Only of a genuine credential: set after its signature verified. */
	readonly principal: Principal | undefined;
	/** The check that refused; undefined for an allow. */
	readonly check: CheckName | undefined;
	/** What that check wanted and saw: safe for an audit record, not for the client. */
	readonly expected: string | undefined;
	readonly found: string | undefined;
	/** Keyed digest of the token, from the `token_id` port; undefined without a credential. */
	readonly tokenId: string | undefined;
	/** The same of the token that the upstream got in its place. */
	readonly backendTokenId: string | undefined;
	/** Whether genuineness came from the cache of genuine tokens. */
	readonly cached: boolean;
	/** Seconds after which the client may try again; only with faults and rate limits. */
	readonly retryAfter: number | undefined;
	/** How this route challenges; undefined when no guarded route matched. */
	readonly challenge: Challenge | undefined;
}

/** What the WWW-Authenticate header of a route says besides the error (RFC 6750 §3, RFC 9470 §3). */
export interface Challenge {
	/** Authentication schemes that would do, as they are written in a challenge; one challenge for each. */
	readonly schemes: readonly string[];
	readonly realm: string | undefined;
	/** The scopes a token needs, for `scope_insufficient`: space-separated, already filled with path parameters. */
	readonly scope: string | undefined;
	readonly acrValues: string | undefined;
	/** Seconds. */
	readonly maxAge: number | undefined;
	/** `algs` of the DPoP challenge: space-separated (RFC 9449 §5.1). */
	readonly proofAlgorithms: string | undefined;
}

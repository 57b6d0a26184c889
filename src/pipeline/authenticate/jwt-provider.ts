import type { Algorithm, CredentialLocation } from '#core/index';
import type { KeySource } from '#keys/verification/key-source';

/** One issuer of JWTs as the authenticator sees it. */
export interface JwtProvider {
	readonly name: string;
	/** Exact `iss` values. */
	readonly issuers: readonly string[];
	/** `iss` with `{tenantid}` for the token's `tid`; only where any tenant was asked for. */
	readonly issuerTemplate: string | undefined;
	readonly algorithms: ReadonlySet<Algorithm>;
	readonly keys: KeySource;
	/** Claims that hold scopes: the first one present counts. */
	readonly scopeClaims: readonly string[];
	/** Claims whose values count as scopes beside those. */
	readonly extraScopeClaims: readonly string[];
	/** Claims that name the client: the first one present counts. */
	readonly clientClaims: readonly string[];
	/** Places from which its tokens are taken. */
	readonly tokenFrom: readonly CredentialLocation[];
}

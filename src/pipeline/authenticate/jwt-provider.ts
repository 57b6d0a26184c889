import type { Algorithm, CredentialLocation, DecryptionKey } from '#core/index';
import type { KeySource } from '#keys/verification/key-source';
import type { ClaimsProvider } from './claims-principal.ts';

/** One issuer of JWTs as the authenticator sees it. */
export interface JwtProvider extends ClaimsProvider {
	/** Exact `iss` values. */
	readonly issuers: readonly string[];
	/** `iss` with `{tenantid}` for the token's `tid`; only where any tenant was asked for. */
	readonly issuerTemplate: string | undefined;
	readonly algorithms: ReadonlySet<Algorithm>;
	readonly keys: KeySource;
	/** Keys for which its tokens may be encrypted; empty: they are not. */
	readonly decryption: readonly DecryptionKey[];
	/** Places from which its tokens are taken. */
	readonly tokenFrom: readonly CredentialLocation[];
}

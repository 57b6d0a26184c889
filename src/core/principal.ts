import type { JsonObject } from './json.ts';

/** How a credential is authenticated; `tokens:` of a provider names the same words. */
export type CredentialKind = 'jwt' | 'opaque' | 'shared_access' | 'session';

/** What a genuine credential says, in one shape for every kind. */
export interface Principal {
	/** Name of the provider that vouches for it. */
	readonly provider: string;
	readonly kind: CredentialKind;
	/** `iss`; a provider whose credentials name no issuer stands for itself, by its name. */
	readonly issuer: string;
	readonly subject: string | undefined;
	readonly client: string | undefined;
	readonly audiences: readonly string[];
	readonly scopes: ReadonlySet<string>;
	/** Every claim, own properties only. Values are compared exactly; nothing is trimmed or folded. */
	readonly claims: JsonObject;
	/** Seconds since the epoch (RFC 7519 §2 NumericDate); undefined where the credential says nothing. */
	readonly expiresAt: number | undefined;
	readonly notBefore: number | undefined;
	readonly issuedAt: number | undefined;
	/** RFC 7800 `cnf`, as it stands. Undefined only when there is no such claim. */
	readonly confirmation: unknown;
	/** `typ` of the JOSE header, lower-case, without `application/` (RFC 7515 §4.1.9); undefined when absent. */
	readonly type: string | undefined;
}

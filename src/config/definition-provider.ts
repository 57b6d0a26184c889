/**
 * What the gateway knows of a provider: whose tokens it takes, with which keys, and how it speaks to its endpoints.
 * Durations are seconds unless a name says otherwise.
 */
import type {
	Algorithm,
	CredentialLocation,
	JsonObject,
	KeyManagementAlgorithm,
	SharedAccessFormat,
} from '#core/index';
import type { ClaimRule } from './definition-route.ts';

export type TokenKind = 'jwt' | 'opaque' | 'shared_access';

export interface ProviderDefinition {
	readonly name: string;
	readonly preset: string | undefined;
	readonly tokens: readonly TokenKind[];
	/** Exact `iss` values. */
	readonly issuers: readonly string[];
	/** With `{tenantid}` for the token's `tid`; only with `insecure_any_tenant`. */
	readonly issuerTemplate: string | undefined;
	readonly keys: KeysDefinition;
	/** Undefined unless it takes shared access signatures; then it takes nothing else. */
	readonly sharedAccess: SharedAccessDefinition | undefined;
	/** For which its JWTs may be encrypted. */
	readonly decryptionKeys: readonly DecryptionKeyDefinition[];
	/** How it is asked about tokens; undefined where it is not. */
	readonly introspection: IntrospectionDefinition | undefined;
	readonly algorithms: readonly Algorithm[];
	/** Lower-case, without `application/`; an absent `typ` is `''`. */
	readonly typ: readonly string[];
	readonly clockSkew: number;
	/** `exp` − `iat`. */
	readonly maxLifetime: number | undefined;
	/** now − `iat`. */
	readonly maxAge: number | undefined;
	readonly requiredClaims: readonly string[];
	/** Rules that hold for this provider on every route, beside the route's own (Cognito's `token_use`). */
	readonly claims: readonly ClaimRule[];
	/** Claims that hold scopes, in order of precedence: the first one present counts. */
	readonly scopeClaims: readonly string[];
	/** Claims whose values count as scopes beside those (Auth0's `permissions`). */
	readonly extraScopeClaims: readonly string[];
	/** Claims that name the client, in order of precedence. */
	readonly clientClaims: readonly string[];
	/** Claims that name the audience: `['aud']`; empty for a provider whose tokens have none (Cognito). */
	readonly audienceClaims: readonly string[];
	readonly tokenFrom: readonly CredentialLocation[];
	/** Changes exactly when anything above changes: cached tokens of another generation do not count. */
	readonly generation: string;
}

export type KeysDefinition =
	| {
			readonly from: 'discovery';
			readonly issuer: string;
			/** Metadata documents to try in order: OpenID Connect Discovery §4, RFC 8414 §3. */
			readonly urls: readonly string[];
			readonly insecureHttp: boolean;
			/** False for Entra, whose multi-tenant metadata has a template in `issuer`. */
			readonly checkIssuer: boolean;
			/** How long the last good keys serve, counted from their fetch. */
			readonly staleFor: number;
	  }
	| { readonly from: 'url'; readonly url: string; readonly insecureHttp: boolean; readonly staleFor: number }
	/** Inline, or read from a file at load. */
	| { readonly from: 'jwks'; readonly jwks: JsonObject; readonly file: string | undefined }
	| { readonly from: 'pem'; readonly pem: string; readonly file: string }
	/** `encoding`: how its octets are written; undefined: as UTF-8 text. */
	| { readonly from: 'secret'; readonly secret: string; readonly encoding?: 'base64' }
	/** A provider none of whose tokens is verified with published keys. */
	| { readonly from: 'none' };

export interface DecryptionKeyDefinition {
	readonly key: /** PEM or private JWK. */
		| { readonly from: 'file'; readonly text: string; readonly file: string }
		| { readonly from: 'secret'; readonly octets: readonly number[] };
	/** Undefined: that of the JWK, if any. */
	readonly kid: string | undefined;
	/** Undefined: what the key says, or is able to. */
	readonly algorithms: readonly KeyManagementAlgorithm[] | undefined;
}

/** An endpoint of an authorization server. */
export type EndpointDefinition =
	| { readonly from: 'url'; readonly url: string }
	| {
			readonly from: 'discovery';
			readonly issuer: string;
			readonly urls: readonly string[];
			readonly insecureHttp: boolean;
			readonly checkIssuer: boolean;
	  };

export interface IntrospectionDefinition {
	readonly endpoint: EndpointDefinition;
	readonly client: ClientDefinition;
	/** Milliseconds that a yes counts; 0: for one request. */
	readonly cache: number;
	/** Milliseconds that a no counts. */
	readonly negativeCache: number;
	/** Milliseconds of one call. */
	readonly timeout: number;
	/** Calls at a time. */
	readonly concurrency: number;
	/** Answers must be signed (RFC 9701). */
	readonly signed: boolean;
	/** JWTs of this provider are introspected too. */
	readonly jwts: boolean;
}

/** Our registration with an authorization server; secrets and keys are here as texts, read from wherever they stand. */
export interface ClientDefinition {
	/** Empty where a bearer token stands for it. */
	readonly id: string;
	readonly authentication:
		| {
				readonly method: 'client_secret_basic' | 'client_secret_post';
				readonly secret: string;
				/** Tried where the server does not take the first one. */
				readonly secondary: string | undefined;
		  }
		| {
				readonly method: 'client_secret_jwt';
				readonly secret: string;
				readonly secondary: string | undefined;
				readonly algorithm: Algorithm;
				readonly audience: string;
		  }
		| {
				readonly method: 'private_key_jwt';
				/** PEM, or the text of a private JWK. */
				readonly key: string;
				readonly algorithm: Algorithm | undefined;
				readonly keyId: string | undefined;
				readonly audience: string;
		  }
		| { readonly method: 'tls_client_auth'; readonly certificate: string; readonly key: string }
		| { readonly method: 'bearer'; readonly token: string }
		/** A public client. */
		| { readonly method: 'none' };
}

export interface SharedAccessDefinition {
	readonly format: SharedAccessFormat;
	readonly keys: readonly SharedKeyDefinition[];
	/** Whether pairs of the store count beside these. */
	readonly storedKeys: boolean;
	/** Name of the key of signatures that name none; undefined: such signatures are refused. */
	readonly unnamedKey: string | undefined;
}

/** Keys as texts: the format says what their octets are. */
export interface SharedKeyDefinition {
	readonly name: string;
	readonly primary: string;
	readonly secondary: string | undefined;
	readonly disabled: boolean;
	readonly scopes: readonly string[];
	readonly claims: JsonObject;
}

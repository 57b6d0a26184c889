/**
 * What a configuration file comes to once it is read, checked, its presets expanded and its defaults filled in: the only
 * thing that policy, keys, assembly and gateway ever see of it. Durations are seconds unless a name says otherwise.
 */
import type {
	Algorithm,
	CredentialLocation,
	JsonObject,
	JsonValue,
	KeyManagementAlgorithm,
	LimitKey,
	MintingAlgorithm,
	Reason,
	SharedAccessFormat,
	Upstream,
} from '#core/index';
import type { HeaderEncoding } from '#formats/header-value';
import type { CertificateFormat } from '#formats/told-certificate';
import type { ValueMapping } from '#formats/value-mapping';

export interface Definition {
	readonly listen: readonly ListenerDefinition[];
	/** Origin that clients call, without a trailing slash; undefined: scheme and Host of the request. */
	readonly publicUrl: string | undefined;
	readonly admin: AdminDefinition | undefined;
	readonly audit: AuditDefinition;
	readonly telemetry: TelemetryDefinition;
	readonly providers: readonly ProviderDefinition[];
	readonly routes: readonly RouteDefinition[];
	/** Addresses and CIDR blocks whose `Forwarded`/`X-Forwarded-*` is believed. */
	readonly trustedProxies: readonly string[];
	/** Where a trusted proxy tells of the client's certificate; undefined: nobody is believed about it. */
	readonly clientCertificateHeader: ClientCertificateHeaderDefinition | undefined;
	readonly dpop: DpopDefinition;
	readonly rateLimits: readonly RateLimitDefinition[];
	readonly limits: LimitsDefinition;
	readonly timeouts: TimeoutsDefinition;
	readonly errors: { readonly exposeReason: boolean; readonly realm: string | undefined };
	/** Moves a 401 to 403 or back. */
	readonly responses: Partial<Readonly<Record<Reason, number>>>;
	readonly cors: CorsDefinition | undefined;
	/** Bytes that the cache of genuine tokens may take; 0 switches it off. */
	readonly tokenCacheBytes: number;
	/** Absolute path of the folder for what outlives the process; undefined: nothing does. */
	readonly stateDirectory: string | undefined;
	/** Processes that serve, 1 and more; `auto`: one for each processor. */
	readonly workers: number | 'auto';
	readonly store: StoreDefinition;
	readonly sessions: readonly SessionsDefinition[];
	readonly revocation: RevocationDefinition;
	readonly apim: ApimDefinition;
	/** Undefined: the gateway signs no tokens of its own. */
	readonly minting: MintingDefinition | undefined;
	/** Age from which secrets and keys are called too old; undefined: none. */
	readonly maxSecretAge: number | undefined;
	/** Where they are; nothing of what they are. */
	readonly secrets: readonly SecretDefinition[];
}

/** How the gateway signs tokens of its own, and how backends learn its keys. */
export interface MintingDefinition {
	/** `iss`, as written. */
	readonly issuer: string;
	readonly keys: /** Seconds, both: how long one signs, and how long it is published before. */
		| {
				readonly from: 'made';
				readonly algorithm: MintingAlgorithm;
				readonly every: number;
				readonly ahead: number;
		  }
		/** The first one signs. */
		| { readonly from: 'given'; readonly keys: readonly MintingKeyDefinition[] };
	/** Seconds that backends may keep the documents. */
	readonly maxAge: number;
	readonly publishOn: { readonly listen: boolean; readonly admin: boolean };
}

export interface MintingKeyDefinition {
	/** PEM, or the text of a private JWK. */
	readonly text: string;
	/** Undefined: that of the JWK, or the thumbprint. */
	readonly kid: string | undefined;
}

/** A secret or private key of the configuration. */
export interface SecretDefinition {
	/** Path in the configuration. */
	readonly at: string;
	readonly from: 'file' | 'environment' | 'configuration';
	/** Absolute path; undefined unless from a file. */
	readonly file: string | undefined;
	/** When its file was last written, milliseconds since the epoch. */
	readonly changedAt: number | undefined;
	/** Another one for another secret. */
	readonly mark: string;
}

/** Where state lives; each kind has what it needs beside what all have. */
export type StoreDefinition = StoreRules &
	(
		| { readonly type: 'memory' }
		/** Absolute path. */
		| { readonly type: 'sqlite'; readonly path: string }
		/** `ca`: absolute path of a PEM file; undefined: the public authorities. */
		| { readonly type: 'redis'; readonly url: string; readonly ca: string | undefined }
	);

export interface StoreRules {
	/** 32 octets each, in Base64 or base64url: the first seals, all open. */
	readonly encryptionKeys: readonly string[];
	/** How long the last good answer of the store counts. */
	readonly maxStaleness: number;
	/** `insecure_fail_open`: guarded routes are served although revocations may be missing. */
	readonly failOpen: boolean;
}

export interface RevocationDefinition {
	/** Providers whose back-channel logout tokens are taken, and whom these must be meant for, any of. */
	readonly logout: readonly { readonly provider: string; readonly audience: readonly string[] }[];
}

export interface ClientCertificateHeaderDefinition {
	/** Name of the field, as written. */
	readonly field: string;
	readonly format: CertificateFormat;
}

/** How DPoP proofs are judged (RFC 9449); tokens that are bound to a key are honoured in any case. */
export interface DpopDefinition {
	/** Whether routes that take bound and unbound tokens alike say so in their challenges. */
	readonly isOffered: boolean;
	/** Asymmetric ones only. */
	readonly algorithms: readonly Algorithm[];
	/** Seconds that `iat` may lie back, and ahead. */
	readonly maxAge: number;
	readonly clockSkew: number;
	/** Undefined: proofs need no nonce. `lifetime`: seconds. `key`: as text; undefined: a random one for this process. */
	readonly nonces: { readonly lifetime: number; readonly key: string | undefined } | undefined;
}

export interface ListenerDefinition {
	readonly host: string;
	readonly port: number;
	readonly tls:
		| {
				/** Paths of PEM files, absolute. */
				readonly certificate: string;
				readonly key: string;
				readonly clientCa: string | undefined;
				readonly clientCertificate: 'none' | 'request' | 'require';
		  }
		| undefined;
}

export interface AdminDefinition {
	readonly host: string;
	readonly port: number;
	/** Whose tokens open it; undefined: nobody's, and then `host` is loopback. */
	readonly auth: ProviderRules | undefined;
	/** Scopes that a token needs besides for what shows or makes keys, or tokens with them; all of. Empty without `auth`. */
	readonly keyScopes: readonly string[];
	/** `insecure_changes`: without `auth`, whoever reaches it may also revoke, and make and see keys. */
	readonly openChanges: boolean;
}

export interface AuditDefinition {
	/** Absolute path; undefined: standard output. */
	readonly file: string | undefined;
	/** Key of the token digests; undefined: a random one for this process. */
	readonly digestKey: string | undefined;
	readonly onOverflow: 'drop' | 'refuse';
}

export interface TelemetryDefinition {
	/** Undefined: nothing is sent anywhere. */
	readonly otlp:
		| {
				/** Base URL without a trailing slash; OTLP over HTTP. */
				readonly endpoint: string;
				readonly headers: Readonly<Record<string, string>>;
				readonly traces: boolean;
				readonly metrics: boolean;
				readonly logs: boolean;
				/** Share of the traces that begin here, 0 to 1. */
				readonly sample: number;
				readonly serviceName: string;
		  }
		| undefined;
}

export interface RateLimitDefinition {
	/** What can stand in a field of the answer as it is: `isPolicyName`. */
	readonly name: string;
	readonly by: LimitKey;
	readonly on: 'success' | 'failed_authentication';
	readonly requests: number;
	/** Seconds in which so many requests may come, on and on. */
	readonly per: number;
	/** Requests that may come at once. */
	readonly burst: number;
	/** Counted in the store, by all gateways together. */
	readonly shared: boolean;
	/** `insecure_fail_open`: counted in this process while the store is away. */
	readonly failOpen: boolean;
}

export interface LimitsDefinition {
	/** Bytes of the request head. */
	readonly headers: number;
	readonly headerCount: number;
	/** Bytes of a token. */
	readonly token: number;
	/** Bytes of a request body; undefined: no limit. */
	readonly body: number | undefined;
	readonly connections: number | undefined;
}

/** Milliseconds, all of them. */
export interface TimeoutsDefinition {
	readonly tlsHandshake: number;
	/** From the first byte of a request to the end of its head. */
	readonly requestHead: number;
	/** Between two pieces of a request body. */
	readonly requestBody: number;
	readonly keepAlive: number;
	/** A tunnel (WebSocket) on which nothing moves. */
	readonly tunnelIdle: number;
	/** How long requests under way may go on after SIGTERM. */
	readonly drain: number;
}

export interface CorsDefinition {
	/** Exact origins, or `*`, which is never combined with credentials. */
	readonly origins: readonly string[];
	readonly methods: readonly string[];
	readonly headers: readonly string[];
	readonly exposeHeaders: readonly string[];
	readonly credentials: boolean;
	/** Seconds. */
	readonly maxAge: number;
}

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

/** What the upstream gets in place of the client's token. */
export type BackendTokenDefinition =
	| { readonly type: 'none' }
	| { readonly type: 'insecure_passthrough' }
	| MintDefinition
	| ExchangeDefinition
	| ClientCredentialsDefinition
	| ManagedIdentityDefinition
	| StaticCredentialDefinition;

/** A token that the gateway signs itself. */
export interface MintDefinition {
	readonly type: 'mint';
	/** One at least. */
	readonly audience: readonly Template[];
	readonly lifetime: number;
	/** `typ` of the header. */
	readonly typ: string;
	readonly claims: readonly { readonly name: string; readonly mapping: ValueMapping }[];
	/** Whom it says to act for the subject (RFC 8693 §4.1), before those who did; undefined: nobody more. */
	readonly actor: string | undefined;
	/** Field in which the upstream gets the token. */
	readonly header: string;
}

/** The client's token goes to a server, and another one comes back for it (RFC 8693, Entra's on-behalf-of). */
export interface ExchangeDefinition {
	readonly type: 'exchange';
	/** For each provider of the route: where its tokens are exchanged. */
	readonly servers: readonly { readonly provider: string; readonly server: TokenServerDefinition }[];
	readonly grant: 'token_exchange' | 'on_behalf_of';
	/** Templates. */
	readonly target: TokenTargetDefinition;
	/** URNs of RFC 8693 §3; undefined: the server decides. */
	readonly subjectType: string;
	readonly requestedType: string | undefined;
	/** Target of our own token, which is shown as the actor's; undefined: none is shown. */
	readonly actor: TokenTargetDefinition | undefined;
	/** Field in which the upstream gets the token. */
	readonly header: string;
	/** Milliseconds of one call. */
	readonly timeout: number;
}

/** The gateway's own token for the upstream (RFC 6749 §4.4). */
export interface ClientCredentialsDefinition {
	readonly type: 'client_credentials';
	readonly server: TokenServerDefinition;
	readonly target: TokenTargetDefinition;
	readonly header: string;
	/** Milliseconds of one call. */
	readonly timeout: number;
}

/** The same from the endpoint that a cloud puts beside a machine. */
export interface ManagedIdentityDefinition {
	readonly type: 'managed_identity';
	readonly source: 'imds' | 'app_service';
	readonly url: string;
	/** `X-IDENTITY-HEADER`; of `app_service` alone. */
	readonly secret: string | undefined;
	readonly resource: string;
	readonly clientId: string | undefined;
	readonly header: string;
	/** Milliseconds of one call. */
	readonly timeout: number;
}

/** One field for all requests. */
export interface StaticCredentialDefinition {
	readonly type: 'api_key' | 'basic';
	readonly header: string;
	/** Value of the field, as it goes on the wire. */
	readonly value: string;
}

export interface TokenTargetDefinition {
	readonly audience: readonly string[];
	readonly resource: readonly string[];
	readonly scope: readonly string[];
}

/** A token endpoint, and who we are there. */
export interface TokenServerDefinition {
	/** The provider's, or the host of the URL. */
	readonly name: string;
	readonly endpoint: EndpointDefinition;
	readonly client: ClientDefinition;
}

/** What becomes of fields of an upstream's response. */
export interface UpstreamResponseDefinition {
	readonly wwwAuthenticate: 'pass' | 'strip' | 'rewrite';
	readonly setCookie: 'pass' | 'strip' | 'rewrite';
	readonly tokenEcho: 'pass' | 'strip' | 'rewrite';
	/** Lower-case names. */
	readonly remove: readonly string[];
	/** `insecure_shared_cache`: nothing is added for caches. */
	readonly sharedCache: boolean;
}

/** Browser sessions of one name. */
export interface SessionsDefinition {
	readonly name: string;
	readonly provider: string;
	readonly issuer: string;
	readonly discovery: Extract<EndpointDefinition, { readonly from: 'discovery' }>;
	readonly client: ClientDefinition;
	/** As browsers write it in `Origin`. */
	readonly origin: string;
	/** Lower-case name, without the port. */
	readonly host: string;
	/** With `openid`. */
	readonly scopes: readonly string[];
	readonly resources: readonly string[];
	/** Of the authorization request, beside those of every login. */
	readonly parameters: readonly (readonly [name: string, value: string])[];
	readonly paths: {
		readonly login: string;
		readonly callback: string;
		readonly logout: string;
		readonly userinfo: string;
		readonly backchannelLogout: string;
	};
	/** Path patterns. */
	readonly returnTo: readonly string[];
	readonly afterLogin: string;
	readonly afterLogout: string;
	readonly cookie: {
		readonly name: string;
		readonly kind: 'handle' | 'sealed';
		readonly sameSite: 'Lax' | 'Strict';
		readonly persistent: boolean;
	};
	readonly idleTimeout: number;
	readonly lifetime: number;
	readonly refreshAhead: number;
	/** Lower-case. */
	readonly csrfHeader: string;
	readonly userinfo: readonly string[];
	/** Names of those that hold on logins and on the way back from them: by address, on success. */
	readonly rateLimits: readonly string[];
	/** The one among them that the file does not write; undefined: the file has its own. */
	readonly ownLimit: RateLimitDefinition | undefined;
	/** Milliseconds of one call. */
	readonly timeout: number;
}

/** A text with `{name}` parameters of the route in it. */
export type Template = string;

export interface RouteDefinition {
	readonly name: string;
	/** Lower-case; may be a pattern. */
	readonly host: string | undefined;
	readonly path: string;
	/** Upper-case as written; empty: every method. `GET` already brought `HEAD` along. */
	readonly methods: readonly string[];
	readonly public: boolean;
	readonly rules: readonly ProviderRules[];
	readonly upstream: UpstreamDefinition;
	readonly backendToken: BackendTokenDefinition;
	/** Header name as it goes on the wire → what it is made of. */
	readonly claimsToHeaders: readonly (ValueMapping & { readonly header: string; readonly encoding?: HeaderEncoding })[];
	readonly upstreamResponse: UpstreamResponseDefinition;
	readonly cors: CorsDefinition | undefined;
	readonly responses: Partial<Readonly<Record<Reason, number>>>;
	/** Names of the browser sessions that are accepted here. */
	readonly sessions: readonly string[];
	/** Names of the rate limits that hold here, in their order. */
	readonly rateLimits: readonly string[];
	/** What ends when its token expires. */
	readonly endAtExpiry: 'tunnels' | 'all';
	/** `insecure_encoded_slash`: `%2f` is data within a segment here. */
	readonly encodedSlash: boolean;
	/** What decides here in place of `rules`; undefined as a rule. */
	readonly apimPolicy: ApimPolicyDefinition | undefined;
	/** What its expressions read; undefined: as it follows from the route. */
	readonly apimContext: ApimContextDefinition | undefined;
}

/** Scopes of Azure API Management, from the outermost to the innermost. */
export type ApimScope = 'global' | 'product' | 'api' | 'operation';

/** Policy files of one route, from the outermost scope to the innermost; `file` as written. */
export type ApimPolicyDefinition = readonly {
	readonly scope: ApimScope;
	readonly file: string;
	readonly text: string;
}[];

/** Undefined: as it follows from the route. */
export interface ApimContextDefinition {
	readonly api: {
		readonly id: string | undefined;
		readonly name: string | undefined;
		readonly path: string | undefined;
		readonly version: string | undefined;
		readonly revision: string | undefined;
		/** Without query and fragment. */
		readonly serviceUrl: string | undefined;
	};
	readonly operation: {
		readonly id: string | undefined;
		readonly name: string | undefined;
		readonly urlTemplate: string | undefined;
	};
	/** Undefined: none. */
	readonly product: { readonly id: string; readonly name: string } | undefined;
}

/** What policies of Azure API Management refer to. */
export interface ApimDefinition {
	readonly namedValues: Readonly<Record<string, string>>;
	readonly placeholders: Readonly<Record<string, string>>;
	readonly fragments: readonly { readonly name: string; readonly file: string; readonly text: string }[];
	/** PEM texts. */
	readonly certificates: readonly {
		readonly id: string;
		readonly certificate: string;
		readonly key: string | undefined;
	}[];
	readonly backends: readonly { readonly id: string; readonly upstream: UpstreamDefinition }[];
	/** `host` or `host:port`, lower-case. */
	readonly allowedOpenidHosts: readonly string[];
	readonly algorithms: readonly Algorithm[];
	/** Statements that ask for revocation of certificates to be looked up do without. Absent: they are refused. */
	readonly uncheckedRevocation?: boolean;
	/** `resource` and `clientId` are those of a statement; undefined after a fault that was reported. */
	readonly managedIdentity: ManagedIdentityDefinition | undefined;
}

/** What one provider's tokens must satisfy on one route: the route's rules with that provider's own laid over them. */
export interface ProviderRules {
	readonly provider: string;
	/** Any of; undefined only with `insecure_any_audience`, or where the provider's tokens have none. */
	readonly audience: readonly Template[] | undefined;
	readonly scopes: { readonly allOf: readonly Template[]; readonly anyOf: readonly Template[] };
	/** Any of; empty: every client. */
	readonly clients: readonly string[];
	readonly claims: readonly ClaimRule[];
	/** The stricter of provider and route, seconds. */
	readonly maxLifetime: number | undefined;
	readonly maxAge: number | undefined;
	readonly authentication: {
		/** `acr` must be one of these; empty: any. */
		readonly acrValues: readonly string[];
		/** Seconds since `auth_time`. */
		readonly maxAge: number | undefined;
	};
	readonly binding: 'if_bound' | 'required' | 'mtls' | 'dpop';
	readonly tokenFrom: readonly CredentialLocation[];
}

export interface ClaimRule {
	/** A literal name, or a JSON Pointer (RFC 6901) when it starts with `/`. */
	readonly claim: string;
	readonly test:
		| { readonly kind: 'equals'; readonly value: JsonValue }
		| { readonly kind: 'any_of' | 'all_of'; readonly values: readonly JsonValue[] };
}

/** With the texts of the PEM files that it names. */
export interface UpstreamDefinition extends Omit<Upstream, 'name'> {
	/** Taken off the front of the path, whole segments only. */
	readonly stripPrefix: string | undefined;
	/** Put before the path; from the path of the upstream URL. */
	readonly addPrefix: string;
}

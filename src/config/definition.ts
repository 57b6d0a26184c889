/**
 * What a configuration file comes to once it is read, checked, its presets expanded and its defaults filled in: the only
 * thing that policy, keys, assembly and gateway ever see of it. Durations are seconds unless a name says otherwise.
 */
import type { Algorithm, LimitKey, MintingAlgorithm, Reason } from '#core/index';
import type { CertificateFormat } from '#formats/told-certificate';
import type { ApimDefinition } from './definition-apim.ts';
import type { ProviderDefinition } from './definition-provider.ts';
import type { CorsDefinition, ProviderRules, RouteDefinition } from './definition-route.ts';
import type { SessionsDefinition } from './definition-sessions.ts';

export type { ApimContextDefinition, ApimDefinition, ApimPolicyDefinition, ApimScope } from './definition-apim.ts';
export type {
	BackendTokenDefinition,
	ClientCredentialsDefinition,
	ExchangeDefinition,
	ManagedIdentityDefinition,
	MintDefinition,
	StaticCredentialDefinition,
	TokenServerDefinition,
	TokenTargetDefinition,
} from './definition-backend-token.ts';
export type {
	ClientDefinition,
	DecryptionKeyDefinition,
	EndpointDefinition,
	IntrospectionDefinition,
	KeysDefinition,
	ProviderDefinition,
	SharedAccessDefinition,
	SharedKeyDefinition,
	TokenKind,
} from './definition-provider.ts';
export type {
	ClaimRule,
	CorsDefinition,
	ProviderRules,
	RouteDefinition,
	Template,
	UpstreamDefinition,
	UpstreamResponseDefinition,
} from './definition-route.ts';
export type { SessionsDefinition } from './definition-sessions.ts';

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

/** A route: what it takes, which rules tokens must satisfy there, and where its requests go. */
import type { CredentialLocation, JsonValue, Reason, Upstream } from '#core/index';
import type { HeaderEncoding } from '#formats/header-value';
import type { ValueMapping } from '#formats/value-mapping';
import type { ApimContextDefinition, ApimPolicyDefinition } from './definition-apim.ts';
import type { BackendTokenDefinition } from './definition-backend-token.ts';

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

/** With the texts of the PEM files that it names. */
export interface UpstreamDefinition extends Omit<Upstream, 'name'> {
	/** Taken off the front of the path, whole segments only. */
	readonly stripPrefix: string | undefined;
	/** Put before the path; from the path of the upstream URL. */
	readonly addPrefix: string;
}

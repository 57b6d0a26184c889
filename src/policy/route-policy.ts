import type { CorsRules } from '#answers/cors';
import type {
	BackendToken,
	Challenge,
	Check,
	CredentialKind,
	CredentialLocation,
	Effect,
	Evidence,
	HeaderList,
	HeaderStrip,
	Principal,
	Reason,
	RequestView,
	ResponseRules,
	RouteProgram,
	Upstream,
} from '#core/index';
import type { Attempts } from '#pipeline/limit/attempts';

/** The compiled rules of a route. */
export interface RoutePolicy {
	readonly name: string;
	/** Host of the URL that clients call, for `evidence.urlHost`. */
	readonly urlHost: string | undefined;
	/** Names of the parameters, in the order of `evidence.parameters`. */
	readonly parameterNames: readonly string[];
	/** `%2f` is data here: the path is read again with that in mind. */
	readonly encodedSlash: boolean;
	/** Undefined on a public route: no credential is looked at. */
	readonly guard: Guard | undefined;
	/** What decides in place of a guard; undefined as a rule. */
	readonly program: GuardProgram | undefined;
	/** Limits on failed authentication; undefined: none. */
	readonly attempts: Attempts | undefined;
	/** Effects that may refuse, in their order, once every check has passed. */
	readonly commit: readonly Effect[];
	readonly upstream: Upstream;
	/** Undefined: the client's token stops here, and nothing takes its place. */
	readonly backendToken: BackendToken | undefined;
	/** The path that the upstream sees, from the normalised path of the request. */
	readonly rewrite: (path: string) => string;
	/** The same without the upstream's own prefix, and that prefix: for a program that changes either. */
	readonly relativePath: (path: string) => string;
	readonly prefix: string;
	readonly strip: HeaderStrip;
	/** Cookies and query parameters that carry tokens anywhere in this configuration. */
	readonly stripCookies: readonly string[];
	readonly stripParameters: readonly string[];
	/** What becomes of what the upstream says. */
	readonly response: ResponseRules;
	/** `insecure_passthrough`: the upstream gets the client’s own token. */
	readonly passesToken: boolean;
	readonly cors: CorsRules | undefined;
	/** A response that is still under way ends with its token. A tunnel always does. */
	readonly endsResponses: boolean;
	/** Statuses moved by `responses`. */
	readonly statuses: Partial<Readonly<Record<Reason, number>>>;
}

/** A program, with what the decision lends it. */
export interface GuardProgram {
	readonly program: RouteProgram;
	/** What every token that it lets through must pass: revocation, binding, replay. */
	readonly tokenChecks: readonly Check[];
	readonly challenge: Challenge;
	/** Where tokens are looked for as a rule: for caches on the way. */
	readonly locations: readonly CredentialLocation[];
}

/** The one ordered list of checks of a route: finding the credential, authenticating it by kind, judging the principal. */
export interface Guard {
	readonly extract: readonly Check[];
	/** Where a page that comes without a session goes; undefined: no session is accepted, and pages are refused like scripts. */
	readonly login: ((target: string, request: RequestView) => string) | undefined;
	/** Which authenticator a credential belongs to, by its scheme and shape. */
	kindOf(evidence: Evidence): CredentialKind;
	readonly authenticate: ReadonlyMap<CredentialKind, readonly Check[]>;
	/** By provider name. */
	readonly rules: ReadonlyMap<string, ProviderPolicy>;
	/** For refusals that come before a provider is known. */
	readonly challenge: Challenge;
}

/** What one provider's principals must satisfy on one route, and what the upstream learns of them. */
export interface ProviderPolicy {
	readonly generation: string;
	readonly clockSkew: number;
	readonly tokenFrom: readonly CredentialLocation[];
	readonly authorize: readonly Check[];
	readonly headers: (principal: Principal, parameters: readonly string[]) => HeaderList;
	readonly challenge: (parameters: readonly string[]) => Challenge;
}

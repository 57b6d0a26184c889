/** Definitions for tests that need a policy but no file. */
import type {
	ApimDefinition,
	Definition,
	ProviderDefinition,
	ProviderRules,
	RouteDefinition,
} from '#config/definition';
import type { Upstream } from '#core/index';

export function definition(parts: Partial<Definition>): Definition {
	return {
		listen: [{ host: '127.0.0.1', port: 0, tls: undefined }],
		publicUrl: undefined,
		admin: undefined,
		audit: { file: undefined, digestKey: 'test digest key', onOverflow: 'drop' },
		telemetry: { otlp: undefined },
		providers: [],
		routes: [],
		trustedProxies: [],
		rateLimits: [],
		sessions: [],
		clientCertificateHeader: undefined,
		dpop: {
			isOffered: false,
			algorithms: ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'],
			maxAge: 60,
			clockSkew: 5,
			nonces: undefined,
		},
		limits: { headers: 32_768, headerCount: 100, token: 16_384, body: undefined, connections: undefined },
		timeouts: {
			tlsHandshake: 10_000,
			requestHead: 10_000,
			requestBody: 30_000,
			keepAlive: 5_000,
			tunnelIdle: 60_000,
			drain: 5_000,
		},
		errors: { exposeReason: false, realm: undefined },
		responses: {},
		cors: undefined,
		tokenCacheBytes: 16 * 1024 * 1024,
		stateDirectory: undefined,
		workers: 1,
		maxSecretAge: undefined,
		secrets: [],
		store: { type: 'memory', encryptionKeys: [], maxStaleness: 5, failOpen: false },
		revocation: { logout: [] },
		apim: apim({}),
		minting: undefined,
		...parts,
	};
}

export function apim(parts: Partial<ApimDefinition>): ApimDefinition {
	return {
		namedValues: {},
		placeholders: {},
		fragments: [],
		certificates: [],
		backends: [],
		allowedOpenidHosts: [],
		algorithms: ['HS256', 'HS384', 'HS512', 'RS256', 'RS512', 'PS256', 'ES256'],
		managedIdentity: undefined,
		...parts,
	};
}

export function provider(parts: Partial<ProviderDefinition> & { readonly name: string }): ProviderDefinition {
	return {
		preset: undefined,
		tokens: ['jwt'],
		issuers: [`https://${parts.name}.example.com/`],
		issuerTemplate: undefined,
		sharedAccess: undefined,
		keys: { from: 'jwks', jwks: { keys: [] }, file: undefined },
		decryptionKeys: [],
		introspection: undefined,
		algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
		typ: ['at+jwt', 'jwt', ''],
		clockSkew: 0,
		maxLifetime: undefined,
		maxAge: undefined,
		requiredClaims: [],
		claims: [],
		scopeClaims: ['scope', 'scp'],
		extraScopeClaims: [],
		clientClaims: ['client_id', 'azp', 'appid'],
		audienceClaims: ['aud'],
		tokenFrom: [{ in: 'header', name: 'authorization' }],
		generation: parts.name,
		...parts,
	};
}

export function rules(parts: Partial<ProviderRules> & { readonly provider: string }): ProviderRules {
	return {
		audience: ['https://api.example.com'],
		scopes: { allOf: [], anyOf: [] },
		clients: [],
		claims: [],
		maxLifetime: undefined,
		maxAge: undefined,
		authentication: { acrValues: [], maxAge: undefined },
		binding: 'if_bound',
		tokenFrom: [{ in: 'header', name: 'authorization' }],
		...parts,
	};
}

export function upstream(parts: Partial<Upstream>): Upstream {
	return {
		name: 'test',
		endpoints: ['http://127.0.0.1:9001'],
		timeout: 10_000,
		bodyTimeout: 10_000,
		connectTimeout: 5_000,
		preserveHost: false,
		pool: {
			maxConnections: 1_000,
			maxIdle: 100,
			idleTimeout: 4_000,
			maxRequests: Number.POSITIVE_INFINITY,
			maxWaiting: 100,
			waitTimeout: 5_000,
			resolveAfter: 5_000,
		},
		ejection: { failures: 3, statuses: [], time: 5_000, maxTime: 60_000 },
		healthCheck: undefined,
		tls: undefined,
		...parts,
	};
}

export function route(
	parts: Partial<RouteDefinition> & { readonly name: string; readonly path: string },
): RouteDefinition {
	return {
		host: undefined,
		methods: [],
		public: false,
		rules: [],
		upstream: { ...upstream({}), stripPrefix: undefined, addPrefix: '' },
		backendToken: { type: 'none' },
		claimsToHeaders: [],
		upstreamResponse: {
			wwwAuthenticate: 'rewrite',
			setCookie: 'pass',
			tokenEcho: 'strip',
			remove: [],
			sharedCache: false,
		},
		cors: undefined,
		responses: {},
		sessions: [],
		rateLimits: [],
		endAtExpiry: 'tunnels',
		encodedSlash: false,
		apimPolicy: undefined,
		apimContext: undefined,
		...parts,
	};
}

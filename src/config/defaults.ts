/** Every default of the configuration, where the schema documents it and the reading applies it. Durations and sizes as written. */
import type { Algorithm } from '#core/index';

export const defaults = {
	algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] as readonly Algorithm[],
	secretAlgorithms: ['HS256'] as readonly Algorithm[],
	typ: ['at+jwt', 'JWT', 'absent'] as readonly string[],
	clockSkew: '5s',
	staleFor: '24h',
	scopeClaims: ['scope', 'scp'] as readonly string[],
	clientClaims: ['client_id', 'azp', 'appid', 'cid'] as readonly string[],
	upstreamTimeout: '30s',
	upstreamConnectTimeout: '5s',
	upstream: {
		bodyTimeout: '5m',
		resolveAfter: '5s',
		pool: { maxConnections: 1_024, maxIdle: 256, idleTimeout: '4s', maxWaiting: 1_024, waitTimeout: '5s' },
		ejection: { failures: 3, time: '5s', maxTime: '1m' },
		healthCheck: { interval: '10s', timeout: '2s', healthy: 2, unhealthy: 3 },
	},
	limits: { headers: '32KiB', headerCount: 100, token: '16KiB' },
	timeouts: {
		tlsHandshake: '5s',
		requestHead: '10s',
		requestBody: '30s',
		keepAlive: '75s',
		tunnelIdle: '5m',
		drain: '30s',
	},
	cors: {
		methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as readonly string[],
		headers: ['authorization', 'content-type'] as readonly string[],
		maxAge: '10m',
	},
	telemetry: { sample: 0.1, serviceName: 'countersign' },
	endAtExpiry: 'tunnels',
	tokenCache: '192MiB',
	introspection: { cache: '30s', negativeCache: '5s', timeout: '3s', concurrency: 64 },
	dpop: {
		algorithms: ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as readonly Algorithm[],
		maxAge: '1m',
		clockSkew: '5s',
		nonceLifetime: '5m',
	},
	backendToken: { timeout: '3s' },
	store: { maxStaleness: '5s' },
	stateDirectory: './.countersign',
	workers: 1,
} as const;

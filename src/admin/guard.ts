/**
 * The guard of the admin listener: a route like any other, compiled from the rules of `admin.auth` and decided by the
 * same machinery as traffic, so that a token is never judged by a second, laxer reading.
 */
import { refusalAnswer } from '#answers/refusal';
import type { Assembly } from '#assembly/assemble';
import type { Definition, ProviderRules, RouteDefinition, UpstreamDefinition } from '#config/definition';
import type { Principal, RequestView } from '#core/index';
import type { Revoked } from '#pipeline/authorize/revocation';
import { compilePolicy } from '#policy/compile';
import { createDecide } from '#policy/decide';
import type { Reply } from './exchange.ts';

/** Whose token admits, or the refusal. */
export type Guard = (request: RequestView) => Promise<{ readonly by: Principal } | { readonly refused: Reply }>;

/** Keys and genuine tokens are the assembly's own: the guard fetches nothing by itself. */
export function createGuard(auth: ProviderRules, assembly: Assembly): Guard {
	const { definition, policy, keys, pairs, introspectors, decryption, rateLimits, state } = assembly;
	const guarded: Definition = {
		...definition,
		routes: [adminRoute(auth)],
		publicUrl: undefined,
		cors: undefined,
		responses: {},
	};
	const { clock, cryptography, proofs, tokenId, genuine } = policy;
	// While the store is away the operator must still be let in to see why; whoever was revoked before stays out.
	const revoked: Revoked = { ...state.revoked, unknownSince: () => undefined };
	const decide = createDecide(
		compilePolicy(guarded, {
			keys,
			pairs,
			introspectors,
			decryption,
			rateLimits,
			revoked,
			proofs,
			clock,
			cryptography,
			tokenId,
			genuine,
		}),
	);
	const { exposeReason } = definition.errors;

	return async (request) => {
		const verdict = await decide(request);
		switch (verdict.kind) {
			case 'allow':
				if (verdict.principal === null) throw new Error('the admin route is never public');
				return { by: verdict.principal };
			case 'answer':
				return { refused: { status: verdict.status, headers: verdict.headers, body: verdict.body } };
			case 'deny':
			case 'fault': {
				const { challenge, retryAfter } = verdict.facts;
				const options = { exposeReason, accept: 'application/json' };
				return { refused: refusalAnswer({ reason: verdict.reason, challenge, retryAfter }, options) };
			}
		}
	};
}

/** Every path and method: which ones there are is looked at behind the guard. Nothing is ever forwarded by it. */
function adminRoute(auth: ProviderRules): RouteDefinition {
	return {
		name: 'admin',
		host: undefined,
		path: '/**',
		methods: [],
		public: false,
		rules: [auth],
		upstream: nowhere,
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
	};
}

const nowhere: UpstreamDefinition = {
	endpoints: [],
	stripPrefix: undefined,
	addPrefix: '',
	timeout: 0,
	bodyTimeout: 0,
	connectTimeout: 0,
	preserveHost: false,
	pool: {
		maxConnections: 0,
		maxIdle: 0,
		idleTimeout: 0,
		maxRequests: 0,
		maxWaiting: 0,
		waitTimeout: 0,
		resolveAfter: 0,
	},
	ejection: { failures: 1, statuses: [], time: 0, maxTime: 0 },
	healthCheck: undefined,
	tls: undefined,
};

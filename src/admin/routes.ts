/** The routes in force, with what each asks of a token. Of claims only the names: their values may come from secrets. */
import type { ProviderRules, RouteDefinition } from '#config/definition';
import type { AdminSubject } from './admin.ts';
import type { Page } from './exchange.ts';

export function routesPage({ assembly }: Pick<AdminSubject, 'assembly'>): Page {
	return {
		path: '/routes',
		summary: 'routes: host, path, methods, and what a token must have',
		method: 'GET',
		answer: async () => ({ status: 200, body: { routes: assembly().definition.routes.map(describe) } }),
	};
}

function describe(route: RouteDefinition): Record<string, unknown> {
	const { name, host, path, methods, rules, upstream, backendToken } = route;
	return {
		name,
		host,
		path,
		methods,
		public: route.public,
		providers: rules.map(describeRules),
		upstream: {
			endpoints: upstream.endpoints,
			strip_prefix: upstream.stripPrefix,
			add_prefix: upstream.addPrefix === '' ? undefined : upstream.addPrefix,
		},
		backend_token: backendToken.type,
		headers: route.claimsToHeaders.map(({ header }) => header),
	};
}

function describeRules(rules: ProviderRules): Record<string, unknown> {
	const { allOf, anyOf } = rules.scopes;
	return {
		provider: rules.provider,
		audience: rules.audience ?? 'any',
		scopes: allOf.length + anyOf.length === 0 ? undefined : { all_of: allOf, any_of: anyOf },
		clients: rules.clients.length === 0 ? undefined : rules.clients,
		claims: rules.claims.length === 0 ? undefined : rules.claims.map(({ claim }) => claim),
		max_lifetime_seconds: rules.maxLifetime,
		max_age_seconds: rules.maxAge,
		acr_values: rules.authentication.acrValues.length === 0 ? undefined : rules.authentication.acrValues,
		auth_max_age_seconds: rules.authentication.maxAge,
		binding: rules.binding,
		token_from: rules.tokenFrom,
	};
}

/**
 * Cross-origin requests (Fetch Standard, "CORS protocol"). A preflight carries no credential by design, so the gateway
 * answers it from the policy of the route it asks about, and it never reaches an upstream.
 */
import type { Answer, HeaderList, RequestView } from '#core/index';

export interface CorsRules {
	/** Exact origins, or `*`. */
	readonly origins: readonly string[];
	readonly methods: readonly string[];
	readonly headers: readonly string[];
	readonly exposeHeaders: readonly string[];
	readonly credentials: boolean;
	/** Seconds. */
	readonly maxAge: number;
}

/** The method that a preflight asks about; undefined when the request is no preflight. */
export function preflightMethod(request: RequestView): string | undefined {
	if (request.method !== 'OPTIONS' || request.headerCount('origin') !== 1) return undefined;
	return request.headerCount('access-control-request-method') === 1
		? request.header('access-control-request-method')
		: undefined;
}

/** The answer to a preflight. An origin that is not allowed gets 204 without any allowance, as the browser expects. */
export function answerPreflight(rules: CorsRules, request: RequestView): Answer {
	const allowance = corsHeaders(rules, request);
	const granted = allowance.some(([name]) => name === 'access-control-allow-origin');
	const details: HeaderList = granted
		? [
				['access-control-allow-methods', rules.methods.join(', ')],
				['access-control-allow-headers', rules.headers.join(', ')],
				['access-control-max-age', String(rules.maxAge)],
			]
		: [];
	return {
		status: 204,
		headers: [...allowance.filter(([name]) => name !== 'access-control-expose-headers'), ...details],
		body: '',
	};
}

/** Fields for the answer to an actual request: allowance if the origin is allowed, and `Vary` wherever it depends on it. */
export function corsHeaders(rules: CorsRules, request: RequestView): HeaderList {
	const anyOrigin = rules.origins.includes('*');
	const vary: HeaderList = anyOrigin ? [] : [['vary', 'Origin']];
	const origin = request.headerCount('origin') === 1 ? request.header('origin') : undefined;
	if (origin === undefined) return vary;
	// `null` stands for any sandboxed page: it is never an origin that somebody can have meant (case M29).
	if (!anyOrigin && (origin === 'null' || !rules.origins.includes(origin))) return vary;
	const fields: (readonly [string, string])[] = [['access-control-allow-origin', anyOrigin ? '*' : origin], ...vary];
	if (rules.credentials && !anyOrigin) fields.push(['access-control-allow-credentials', 'true']);
	if (rules.exposeHeaders.length > 0) fields.push(['access-control-expose-headers', rules.exposeHeaders.join(', ')]);
	return fields;
}

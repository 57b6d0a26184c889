/** What a route knows of its API for the expressions of its policy: what it is told, else what follows from its settings. */
import type { RouteContext } from '#apim/run/expressions';
import type { ApimContextDefinition, RouteDefinition } from '#config/definition';

/**
 * The API’s path is what the route’s path begins with before anything that varies; its service is where that leads to. Both
 * without a slash at the end, so that the one can take the place of the other in a text.
 */
export function routeContext({ name, path, upstream, apimContext }: RouteDefinition): RouteContext {
	const apiPath = /^(?:\/[^/{*]+(?=\/|$))*/.exec(path)?.[0] ?? '';
	const [endpoint = ''] = upstream.endpoints;
	const { api, operation, product } = apimContext ?? { api: undefined, operation: undefined, product: undefined };
	return {
		api: {
			kind: 'IApi',
			id: api?.id ?? name,
			name: api?.name ?? name,
			path: api?.path ?? apiPath,
			revision: api?.revision ?? '1',
			version: api?.version ?? '',
			isCurrentRevision: true,
			protocols: [],
			serviceUrl: urlOf(api?.serviceUrl) ?? urlOf(`${endpoint}${servicePath(apiPath, upstream)}`) ?? null,
		},
		operation: {
			kind: 'IOperation',
			id: operation?.id ?? name,
			name: operation?.name ?? name,
			urlTemplate: operation?.urlTemplate ?? (path.slice(apiPath.length) || '/'),
		},
		product:
			product === undefined
				? null
				: {
						kind: 'IProduct',
						...product,
						isApprovalRequired: false,
						isSubscriptionRequired: false,
						groups: [],
						apis: [],
					},
	};
}

/** Members of `context` that the configuration names, for the linter. */
export function namedIn(context: ApimContextDefinition | undefined): ReadonlySet<string> {
	const { api, operation, product } = context ?? { api: {}, operation: {}, product: undefined };
	const written = (owner: string, values: object) =>
		Object.entries(values).flatMap(([key, value]) =>
			value === undefined ? [] : [`${owner}.${key.slice(0, 1).toUpperCase()}${key.slice(1)}`],
		);
	return new Set([
		...written('Api', api),
		...written('Operation', operation),
		...(product === undefined ? [] : ['Product', 'Product.Id', 'Product.Name']),
	]);
}

function servicePath(apiPath: string, { stripPrefix, addPrefix }: RouteDefinition['upstream']): string {
	const strip = withoutSlash(stripPrefix ?? '');
	const isUnder = apiPath === strip || apiPath.startsWith(`${strip}/`);
	return `${withoutSlash(addPrefix)}${isUnder ? apiPath.slice(strip.length) : apiPath}`;
}

function withoutSlash(path: string): string {
	return path.replace(/\/+$/, '');
}

function urlOf(text: string | undefined): RouteContext['api']['serviceUrl'] | undefined {
	if (text === undefined || !URL.canParse(text)) return undefined;
	const { protocol, hostname, port, pathname } = new URL(text);
	const scheme = protocol.slice(0, -1);
	const usual = scheme === 'https' ? 443 : 80;
	return {
		kind: 'IUrl',
		scheme,
		host: hostname,
		port: port === '' ? usual : Number(port),
		path: withoutSlash(pathname),
		queryString: '',
	};
}

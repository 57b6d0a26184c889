/** What a route knows of its API for the expressions of its policy: no more than follows from its own settings. */
import type { RouteContext } from '#apim/run/expressions';
import type { RouteDefinition } from '#config/definition';

/**
 * The API’s path is what the route’s path begins with before anything that varies; its service is where that leads to. Both
 * without a slash at the end, so that the one can take the place of the other in a text.
 */
export function routeContext({ name, path, upstream }: RouteDefinition): RouteContext {
	const apiPath = /^(?:\/[^/{*]+(?=\/|$))*/.exec(path)?.[0] ?? '';
	const [endpoint = ''] = upstream.endpoints;
	return {
		api: {
			kind: 'IApi',
			id: name,
			name,
			path: apiPath,
			revision: '1',
			version: '',
			isCurrentRevision: true,
			protocols: [],
			serviceUrl: URL.canParse(endpoint) ? serviceUrl(new URL(endpoint), servicePath(apiPath, upstream)) : null,
		},
		operation: { kind: 'IOperation', id: name, name, urlTemplate: path.slice(apiPath.length) || '/' },
		product: null,
	};
}

function servicePath(apiPath: string, { stripPrefix, addPrefix }: RouteDefinition['upstream']): string {
	const strip = withoutSlash(stripPrefix ?? '');
	const isUnder = apiPath === strip || apiPath.startsWith(`${strip}/`);
	return `${withoutSlash(addPrefix)}${isUnder ? apiPath.slice(strip.length) : apiPath}`;
}

function withoutSlash(path: string): string {
	return path.replace(/\/+$/, '');
}

function serviceUrl({ protocol, hostname, port }: URL, path: string): RouteContext['api']['serviceUrl'] {
	const scheme = protocol.slice(0, -1);
	const usual = scheme === 'https' ? 443 : 80;
	return { kind: 'IUrl', scheme, host: hostname, port: port === '' ? usual : Number(port), path, queryString: '' };
}

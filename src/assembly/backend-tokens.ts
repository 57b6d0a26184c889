/** What gives each route's upstream a credential of the gateway's own, by route. */
import type { Definition, RouteDefinition } from '#config/definition';
import type { BackendToken } from '#core/index';

export function createBackendTokens({ routes }: Definition): ReadonlyMap<RouteDefinition, BackendToken> {
	const made = new Map<RouteDefinition, BackendToken>();
	for (const route of routes) {
		const token = create(route);
		if (token !== undefined) made.set(route, token);
	}
	return made;
}

/** Undefined where the upstream gets nothing, or what the client sent. */
function create({ backendToken }: RouteDefinition): BackendToken | undefined {
	switch (backendToken.type) {
		case 'none':
		case 'insecure_passthrough':
			return undefined;
	}
}

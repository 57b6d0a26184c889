/** What may stand in the label `route`: the routes of a configuration, and the pages of its sessions. */
import type { Definition } from '#config/definition';
import { pageNames } from '#sessions/page-names';

export function measuredRoutes({ routes, sessions }: Pick<Definition, 'routes' | 'sessions'>): ReadonlySet<string> {
	return new Set([...routes.map(({ name }) => name), ...sessions.flatMap(({ name }) => pageNames(name))]);
}

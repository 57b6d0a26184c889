/** The store as health and admin pages tell of it: no address and no name, since health is open to whoever reaches it. */
import type { StateStatus } from '#assembly/state';

export function describeStore(status: StateStatus): Record<string, unknown> {
	const { type, state, age, failsClosed, lastError } = status;
	return {
		type,
		state,
		...(type === 'memory' ? {} : { age_seconds: age === undefined ? null : Math.round(age * 1000) / 1000 }),
		...(state === 'stale'
			? { guarded_routes: failsClosed ? '503 store_unavailable' : 'served (insecure_fail_open)' }
			: {}),
		...(lastError === undefined ? {} : { failing: true }),
	};
}

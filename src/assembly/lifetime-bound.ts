/**
 * How long after now a token of a provider can still be good anywhere: the time for which a revocation must last that
 * says nothing else.
 */
import type { Definition, ProviderRules } from '#config/definition';

/**
 * Seconds from a token's issue to the moment at which every route refuses it, clock skew included; undefined when some
 * route bounds neither lifetime nor age. Holds for the configuration in force, not for one that allows more later.
 */
export function lifetimeBound(definition: Definition, provider: string): number | undefined {
	const { providers, routes, admin } = definition;
	// A policy bounds neither, and may take tokens of any issuer: this provider's too.
	if (routes.some(({ apimPolicy }) => apimPolicy !== undefined)) return undefined;
	const skew = providers.find(({ name }) => name === provider)?.clockSkew ?? 0;
	const uses = [...routes.flatMap(({ rules }) => rules), ...(admin?.auth === undefined ? [] : [admin.auth])];
	let bound = 0;
	for (const rules of uses.filter((use) => use.provider === provider)) {
		const own = boundOf(rules);
		if (own === undefined) return undefined;
		bound = Math.max(bound, own);
	}
	// An `iat` may lie ahead by the skew, and `exp` be passed by it.
	return bound === 0 ? undefined : Math.max(bound + 2 * skew, sessionBound(definition, provider));
}

/** Seconds that a browser session with tokens of this provider can live; 0: there are none. */
export function sessionBound({ sessions }: Definition, provider: string): number {
	return Math.max(0, ...sessions.flatMap((each) => (each.provider === provider ? [each.lifetime] : [])));
}

function boundOf({ maxLifetime, maxAge }: ProviderRules): number | undefined {
	const bounds = [maxLifetime, maxAge].filter((bound) => bound !== undefined);
	return bounds.length === 0 ? undefined : Math.min(...bounds);
}

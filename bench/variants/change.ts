/** The plain configuration with a change. */
import type { Config } from '../peers/countersign.ts';

/** Lays `change` over every route. */
export function withRoutes(plain: Config, change: Readonly<Record<string, unknown>>): Config {
	return { ...plain, routes: (plain['routes'] as readonly object[]).map((route) => ({ ...route, ...change })) };
}

/** Lays `change` over its one provider; undefined removes a member. */
export function withProvider(plain: Config, change: Readonly<Record<string, unknown>>): Config {
	const { idp } = plain['providers'] as { readonly idp: object };
	return { ...plain, providers: { idp: { ...idp, ...change } } };
}

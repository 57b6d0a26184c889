/** The rate limits of routes, from their names: those on what passes, and those on failed authentication. */
import type { Definition } from '#config/definition';
import type { Effect } from '#core/index';
import { compileBlocks } from '#formats/ip';
import { type Attempts, createAttempts } from '#pipeline/limit/attempts';
import { createClientAddress } from '#pipeline/limit/client-address';
import { createLimitsEffect } from '#pipeline/limit/limits-effect';
import { createKeysOf, type RateLimit } from '#pipeline/limit/rate-limit';

export interface RouteLimits {
	/** `names`: of the limits of one route. Equal lists have one effect. Throws an Error for a limit that there is not. */
	effects(names: readonly string[]): readonly Effect[];
	/** Undefined when none of them is on failed authentication. */
	attempts(names: readonly string[]): Attempts | undefined;
}

export function compileRouteLimits(
	{ rateLimits: definitions, trustedProxies }: Definition,
	limits: ReadonlyMap<string, RateLimit>,
	digest: (text: string) => string,
): RouteLimits {
	const addressOf = createClientAddress(compileBlocks(trustedProxies));
	const keysOf = createKeysOf(({ request }) => addressOf(request), digest);
	const onFailure = new Set(definitions.filter(({ on }) => on === 'failed_authentication').map(({ name }) => name));
	const limitOf = (name: string): RateLimit => {
		const limit = limits.get(name);
		if (limit === undefined) throw new Error(`a route names the unknown rate limit ${name}`);
		return limit;
	};
	const none: readonly Effect[] = [];
	const effects = new Map<string, readonly Effect[]>();
	const attempts = new Map<string, Attempts>();
	return {
		effects(names) {
			const own = names.filter((name) => !onFailure.has(name));
			if (own.length === 0) return none;
			const id = own.join(' ');
			let list = effects.get(id);
			if (list === undefined) effects.set(id, (list = [createLimitsEffect(own.map(limitOf), keysOf)]));
			return list;
		},
		attempts(names) {
			const own = names.filter((name) => onFailure.has(name));
			if (own.length === 0) return undefined;
			const id = own.join(' ');
			let made = attempts.get(id);
			if (made === undefined) attempts.set(id, (made = createAttempts(own.map(limitOf), keysOf.address)));
			return made;
		},
	};
}

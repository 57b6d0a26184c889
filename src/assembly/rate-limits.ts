/**
 * The rate limits of a configuration. Over a reload, a limit that is defined as before keeps its buckets, so that nobody
 * gains by one.
 */
import type { Definition, RateLimitDefinition } from '#config/definition';
import type { SharedBuckets } from '#core/index';
import { createLocalBuckets } from '#pipeline/limit/local-buckets';
import { createRateLimit, type RateLimit } from '#pipeline/limit/rate-limit';

export interface PreviousRateLimits {
	readonly definition: Definition;
	readonly rateLimits: ReadonlyMap<string, RateLimit>;
}

/** By name. `shared`: undefined without a store that several gateways share; throws an Error for a limit that needs one. */
export function createRateLimits(
	definition: Definition,
	shared: SharedBuckets | undefined,
	previous?: PreviousRateLimits,
): ReadonlyMap<string, RateLimit> {
	return new Map(
		limitsOf(definition).map((limit) => {
			const known = previous === undefined ? [] : limitsOf(previous.definition);
			const before = known.find(({ name }) => name === limit.name);
			const same = JSON.stringify(before) === JSON.stringify(limit) ? previous?.rateLimits.get(limit.name) : undefined;
			return [limit.name, same ?? make(limit, shared)];
		}),
	);
}

/** Those of the file, and those that logins have without it. */
function limitsOf({ rateLimits, sessions }: Definition): readonly RateLimitDefinition[] {
	return [...rateLimits, ...sessions.flatMap(({ ownLimit }) => ownLimit ?? [])];
}

function make(limit: RateLimitDefinition, shared: SharedBuckets | undefined): RateLimit {
	return createRateLimit(limit, (rule) => {
		if (!limit.shared) return { buckets: createLocalBuckets(rule), standIn: undefined };
		if (shared === undefined) throw new Error(`the rate limit ${limit.name} needs a store that gateways share`);
		return {
			buckets: shared(limit.name, rule),
			standIn: limit.failOpen ? createLocalBuckets(rule) : undefined,
		};
	});
}

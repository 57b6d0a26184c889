/** One rate limit: by what it tells requests apart, its buckets, and what the client reads of it. */
import type { BucketRule, BucketState, Buckets, Evidence, LimitKey, Principal } from '#core/index';
import { formatDuration } from '#formats/duration';
import { formatPolicy, formatServiceLimit } from '#formats/rate-limit-fields';

export interface RateLimit {
	readonly name: string;
	readonly by: LimitKey;
	/** In words: `100 requests in 1m by client (per-client)`. */
	readonly words: string;
	/** Item of the RateLimit-Policy field. */
	readonly policy: string;
	readonly rule: BucketRule;
	readonly buckets: Buckets;
	/** Counts in this process while the store is away; undefined: then the request fails. */
	readonly standIn: Buckets | undefined;
	/** What happened so far, for metrics. */
	readonly counts: { refused: number; unavailable: number };
}

export interface RateLimitDefinition {
	readonly name: string;
	readonly by: LimitKey;
	readonly requests: number;
	/** Seconds. */
	readonly per: number;
	/** Requests at once. */
	readonly burst: number;
}

export function createRateLimit(
	definition: RateLimitDefinition,
	makeBuckets: (rule: BucketRule) => { readonly buckets: Buckets; readonly standIn: Buckets | undefined },
): RateLimit {
	const { name, by, requests, per, burst } = definition;
	const rule = { capacity: burst, interval: (per * 1000) / requests };
	return {
		name,
		by,
		words: `${requests} requests in ${formatDuration(per)} by ${by} (${name})`,
		policy: formatPolicy(name, requests, per),
		rule,
		...makeBuckets(rule),
		counts: { refused: 0, unavailable: 0 },
	};
}

/** Item of the RateLimit field. */
export function serviceLimit({ name }: RateLimit, { remaining, fullAfter }: BucketState): string {
	return formatServiceLimit(name, remaining, fullAfter / 1000);
}

export type KeyOf = (evidence: Evidence) => string;

/** Characters of a key as it is; what is longer is known by its digest, so that a key takes a bounded amount of memory. */
const longestKey = 80;

/**
 * What each kind of key is for a request. Clients and subjects are those of their issuer, at one provider; principals
 * that name none share a key, and so does everybody without a principal.
 */
export function createKeysOf(
	addressOf: (evidence: Evidence) => string,
	digest: (text: string) => string,
): Readonly<Record<LimitKey, KeyOf>> {
	const short = (text: string): string => (text.length <= longestKey ? text : digest(text));
	const of = (make: (principal: Principal) => string): KeyOf => {
		// A principal of the cache keeps its key: it depends on nothing else.
		const known = new WeakMap<Principal, string>();
		return ({ principal }) => {
			if (principal === undefined) return '';
			let key = known.get(principal);
			if (key === undefined) known.set(principal, (key = short(make(principal))));
			return key;
		};
	};
	return {
		client: of(({ provider, client }) => `${provider} ${client ?? ''}`),
		subject: of(({ provider, issuer, subject }) => `${provider} ${issuer ?? ''} ${subject ?? ''}`),
		provider: of(({ provider }) => provider),
		address: addressOf,
	};
}

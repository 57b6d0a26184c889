import type { Algorithm, VerificationKey } from '#core/index';

/** Where the verification keys of one provider come from. Sources never share state with each other. */
export interface KeySource {
	/**
	 * Keys worth trying for a token with this algorithm and `kid`, at most four; never waits.
	 * An empty list: the `kid` is known, but its keys may not be used with this algorithm (`algorithm_rejected`).
	 * `unknown`: there is a key set and none of its keys fits. `unavailable`: there is no usable key set.
	 */
	candidates(algorithm: Algorithm, kid: string | undefined, monotonic: number): KeyLookup;
	/**
	 * Asks for a fresh key set because a token met `unknown` or `unavailable`. Joins a fetch under way; resolves when it
	 * has ended, however it ended, or at once when the source may not fetch now (bucket empty, local keys). While there is
	 * a usable key set it waits 2 s at most, and the fetch goes on without (`refreshing`). `kid` is the token's, for the
	 * warning about keys that were withdrawn too early. Never rejects.
	 */
	refresh(kid?: string): Promise<void>;
	/**
	 * Begins to fetch and to keep fresh. Resolves after the first attempt, good or bad; with keys kept from before, after
	 * 2 s at most. Never rejects.
	 */
	start(): Promise<void>;
	/** Ends background work; fetched keys are retired, and with them the cached tokens that they verified. */
	stop(): void;
	status(): KeySourceStatus;
	/** Issuer that the metadata names which led to the keys, perhaps a template; undefined before it was read, and without any. */
	issuer?(): string | undefined;
}

export type KeyLookup = readonly VerificationKey[] | 'unknown' | 'unavailable';

export interface KeySourceStatus {
	/** `ready`: fresh keys. `stale`: last good keys within their time. `unavailable`: none. */
	readonly state: 'ready' | 'stale' | 'unavailable';
	readonly kids: readonly (string | undefined)[];
	/** Milliseconds since the epoch of the last successful fetch; undefined for local keys or before the first. */
	readonly fetchedAt: number | undefined;
	readonly nextRefreshAt: number | undefined;
	readonly fetches: number;
	/** Whether a fetch is under way. */
	readonly refreshing: boolean;
	/** Of the fetches, those that are over: with a key set that was taken over, and without. */
	readonly acceptedFetches: number;
	readonly failedFetches: number;
	readonly lastError: string | undefined;
	/** Seconds by which the provider’s clock, by the `Date` of its last answer, is ahead of ours; undefined without one. */
	readonly clockOffset: number | undefined;
	/** Seconds until another attempt is worth while, for Retry-After. */
	readonly retryAfter: number;
	/** What an operator should look into, in words; empty as a rule. */
	readonly warnings: readonly string[];
}

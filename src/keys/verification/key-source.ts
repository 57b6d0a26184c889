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
	 * has ended, however it ended, or at once when the source may not fetch now (bucket empty, local keys). Never rejects.
	 */
	refresh(): Promise<void>;
	/** Begins to fetch and to keep fresh. Resolves after the first attempt, good or bad. Never rejects. */
	start(): Promise<void>;
	/** Ends background work. */
	stop(): void;
	status(): KeySourceStatus;
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
	readonly lastError: string | undefined;
	/** Seconds until another attempt is worth while, for Retry-After. */
	readonly retryAfter: number;
}

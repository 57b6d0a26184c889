/**
 * Keys that a provider publishes: fetched ahead of need, kept through outages for a bounded time, fetched again for an
 * unknown `kid` only within a bucket that no token can widen. One source a provider; nothing is shared between them.
 */
import type {
	Algorithm,
	Clock,
	Cryptography,
	DocumentFetcher,
	FetchedDocument,
	Log,
	Timers,
	VerificationKey,
} from '#core/index';
import { type Discovered, discoverJwksUri } from './discovery.ts';
import { defaultFetchLimits, type FetchLimits, fetchJsonObject, KeyFetchError, withinBudget } from './fetch-json.ts';
import { readJwkSet } from './jwk-set.ts';
import { KeySet } from './key-set.ts';
import type { KeyLookup, KeySource, KeySourceStatus } from './key-source.ts';
import { defaultScheduleLimits, freshness, refreshDelay, retryDelay, type ScheduleLimits } from './refresh-schedule.ts';
import { TokenBucket } from './token-bucket.ts';
import { withoutQuery } from './url.ts';

/** Where to find the key set: by the provider's metadata, or at one URL. */
export type RemoteKeysDefinition =
	| {
			readonly from: 'discovery';
			readonly issuer: string;
			readonly urls: readonly string[];
			readonly insecureHttp: boolean;
			readonly checkIssuer: boolean;
	  }
	| { readonly from: 'url'; readonly url: string; readonly insecureHttp: boolean };

/** Milliseconds and octets. `timeout` bounds a whole attempt, metadata and key set together. */
export interface RemoteLimits extends ScheduleLimits, FetchLimits {
	/** Fetches that unknown kids may cause at once, and the time after which one more may. */
	readonly bucketCapacity: number;
	readonly bucketInterval: number;
	/** How long `jwks_uri` is believed before the metadata is read again. */
	readonly metadataFor: number;
}

export const defaultRemoteLimits: RemoteLimits = {
	...defaultScheduleLimits,
	...defaultFetchLimits,
	bucketCapacity: 2,
	bucketInterval: 30_000,
	metadataFor: 3_600_000,
};

/** A key set that was taken over, as it came. */
export interface AcceptedKeySet {
	readonly url: string;
	readonly document: FetchedDocument;
	/** Milliseconds since the epoch. */
	readonly fetchedAt: number;
	readonly keys: readonly VerificationKey[];
}

export interface RemoteKeySourceOptions {
	readonly definition: RemoteKeysDefinition;
	readonly fetcher: DocumentFetcher;
	readonly clock: Clock;
	readonly timers: Timers;
	readonly crypto: Cryptography;
	readonly log: Log;
	/** The provider's name, for the log. */
	readonly name: string;
	readonly limits?: Partial<RemoteLimits>;
	/** In [0, 1), for jitter only. Default `Math.random`. */
	readonly random?: () => number;
	/** Told of every key set that was taken over: for keeping the last good keys, for health. A throw is logged. */
	readonly onAccepted?: (accepted: AcceptedKeySet) => void;
}

/**
 * A source that fetches. `start` resolves after the first attempt; later ones run by the timers port: at 80 to 95 % of
 * what `Cache-Control` gives (1 min to 24 h, 15 min without), after a failure with doubling waits of 1 s to 5 min. A
 * failed fetch, and a set without one usable key, leaves the last good keys in place for `staleFor` (default 24 h) from
 * their own fetch. `refresh` joins an attempt under way, else takes a permit from the bucket (two, one back every 30 s)
 * or resolves at once. Not done here: keeping keys over a restart (`onAccepted` is where that hooks in).
 */
export function createRemoteKeySource(options: RemoteKeySourceOptions): KeySource {
	return new RemoteKeySource(options);
}

class RemoteKeySource implements KeySource {
	readonly #options: RemoteKeySourceOptions;
	readonly #limits: RemoteLimits;
	readonly #random: () => number;
	readonly #set = new KeySet({ soleKeyMatchesAnyKid: false });
	readonly #bucket: TokenBucket;

	#attempt: Promise<void> | undefined = undefined;
	#cancel: (() => void) | undefined = undefined;
	#stopped = false;

	#metadata: { readonly discovered: Discovered; readonly until: number } | undefined = undefined;
	#usableUntil = Number.NEGATIVE_INFINITY;
	#freshUntil = Number.NEGATIVE_INFINITY;
	#nextAt: number | undefined = undefined;
	#fetchedAt: number | undefined = undefined;
	#fetches = 0;
	#failures = 0;
	#lastError: string | undefined = undefined;
	#notes = '';

	constructor(options: RemoteKeySourceOptions) {
		this.#options = options;
		this.#limits = { ...defaultRemoteLimits, ...options.limits };
		this.#random = options.random ?? Math.random;
		this.#bucket = new TokenBucket(this.#limits.bucketCapacity, this.#limits.bucketInterval, options.clock.monotonic());
	}

	candidates(algorithm: Algorithm, kid: string | undefined, monotonic: number): KeyLookup {
		if (monotonic >= this.#usableUntil) return 'unavailable';
		return this.#set.candidates(algorithm, kid);
	}

	refresh(): Promise<void> {
		if (this.#attempt !== undefined) return this.#attempt;
		if (this.#stopped || !this.#bucket.take(this.#options.clock.monotonic())) return Promise.resolve();
		return this.#fetch();
	}

	start(): Promise<void> {
		if (this.#stopped) return Promise.resolve();
		return this.#fetch();
	}

	stop(): void {
		this.#stopped = true;
		this.#cancel?.();
		this.#cancel = undefined;
		this.#nextAt = undefined;
	}

	status(): KeySourceStatus {
		const { clock } = this.#options;
		const monotonic = clock.monotonic();
		const wait = this.#nextAt === undefined ? undefined : Math.max(0, this.#nextAt - monotonic);
		return {
			state: monotonic < this.#freshUntil ? 'ready' : monotonic < this.#usableUntil ? 'stale' : 'unavailable',
			kids: this.#set.keys.map((key) => key.kid),
			fetchedAt: this.#fetchedAt,
			nextRefreshAt: wait === undefined ? undefined : clock.now() + wait,
			fetches: this.#fetches,
			lastError: this.#lastError,
			retryAfter: Math.min(Math.max(1, Math.ceil((wait ?? 1000) / 1000)), this.#limits.backoffLongest / 1000),
		};
	}

	/** One attempt at a time, whoever asks. Never rejects. */
	#fetch(): Promise<void> {
		this.#attempt ??= this.#load()
			.then(
				(accepted) => this.#accept(accepted),
				(error: unknown) => this.#fail(error),
			)
			.finally(() => {
				this.#attempt = undefined;
			});
		return this.#attempt;
	}

	async #load(): Promise<AcceptedKeySet & { readonly notes: readonly string[] }> {
		const { definition, clock, crypto } = this.#options;
		this.#fetches++;
		const fetcher = withinBudget(this.#options.fetcher, clock, this.#limits.timeout);
		const url = definition.from === 'url' ? definition.url : await this.#jwksUri(definition, fetcher);
		const request = { insecureHttp: definition.insecureHttp, limits: this.#limits };
		const { value, document } = await fetchJsonObject(url, request, fetcher);
		const read = readJwkSet(value, { crypto, remote: true });
		const shown = withoutQuery(url);
		if (typeof read === 'string') throw new KeyFetchError('key_set', `${shown}: ${read}`);
		if (read.keys.length === 0) {
			const why = read.notes.length === 0 ? '' : ` (${read.notes.slice(0, 3).join('; ')})`;
			throw new KeyFetchError('key_set', `${shown}: the key set holds no key that verifies signatures${why}`);
		}
		return { url, document, fetchedAt: clock.now(), keys: read.keys, notes: read.notes };
	}

	async #jwksUri(
		definition: Extract<RemoteKeysDefinition, { readonly from: 'discovery' }>,
		fetcher: DocumentFetcher,
	): Promise<string> {
		const { clock } = this.#options;
		if (this.#metadata !== undefined && clock.monotonic() < this.#metadata.until)
			return this.#metadata.discovered.jwksUri;
		const discovered = await discoverJwksUri(definition, fetcher, this.#limits);
		this.#metadata = { discovered, until: clock.monotonic() + this.#limits.metadataFor };
		return discovered.jwksUri;
	}

	#accept(accepted: AcceptedKeySet & { readonly notes: readonly string[] }): void {
		if (this.#stopped) return;
		const { clock, log, name, onAccepted } = this.#options;
		const monotonic = clock.monotonic();
		const fresh = freshness(accepted.document.headers, this.#limits);
		this.#usableUntil = monotonic + this.#limits.staleFor;
		this.#freshUntil = Math.min(monotonic + fresh, this.#usableUntil);
		for (const key of accepted.keys) key.usableUntil = this.#usableUntil;
		this.#set.replace(accepted.keys);
		this.#fetchedAt = accepted.fetchedAt;
		if (this.#failures > 0) log.info('the keys of a provider can be fetched again', { provider: name });
		this.#failures = 0;
		this.#lastError = undefined;
		this.#tell(accepted.notes);
		this.#schedule(refreshDelay(fresh, this.#random(), this.#limits));
		try {
			onAccepted?.({ ...accepted, keys: this.#set.keys });
		} catch (error) {
			log.error('what listens for key sets failed', { provider: name, error });
		}
	}

	#fail(error: unknown): void {
		if (this.#stopped) return;
		const { clock, log, name } = this.#options;
		this.#failures++;
		this.#lastError = error instanceof Error ? error.message : 'the fetch failed';
		// The provider may have moved its key set: ask its metadata again.
		this.#metadata = undefined;
		const delay = retryDelay(this.#failures, this.#random(), this.#limits);
		this.#schedule(delay);
		const left = Math.max(0, this.#usableUntil - clock.monotonic());
		log.warn('the keys of a provider could not be fetched', {
			provider: name,
			error: this.#lastError,
			failures: this.#failures,
			retry_in_seconds: Math.ceil(delay / 1000),
			last_good_keys_serve_for_seconds: Number.isFinite(left) ? Math.floor(left / 1000) : 0,
		});
	}

	/** Says what is odd about a key set once, not at every refresh. */
	#tell(notes: readonly string[]): void {
		const text = notes.slice(0, 10).join('; ');
		if (text !== '' && text !== this.#notes) {
			this.#options.log.warn('the key set of a provider has odd entries', {
				provider: this.#options.name,
				notes: text,
			});
		}
		this.#notes = text;
	}

	#schedule(delay: number): void {
		this.#cancel?.();
		this.#nextAt = this.#options.clock.monotonic() + delay;
		this.#cancel = this.#options.timers.after(delay, () => {
			this.#cancel = undefined;
			void this.#fetch();
		});
	}
}

/**
 * Keys that a provider publishes: fetched ahead of need, kept through outages for a bounded time, fetched again for an
 * unknown `kid` only within a bucket that no token can widen. One source a provider; nothing is shared between them.
 */
import {
	type Algorithm,
	type Clock,
	type Cryptography,
	type DocumentFetcher,
	type FetchedDocument,
	type JsonObject,
	type KeptKeys,
	type Log,
	member,
	type Timers,
	type VerificationKey,
} from '#core/index';
import { clockOffset, clockTolerance, clockWarning } from './clock-offset.ts';
import { type Discovered, discoverJwksUri } from './discovery.ts';
import { defaultFetchLimits, type FetchLimits, fetchJsonObject, KeyFetchError, withinBudget } from './fetch-json.ts';
import { quoted } from './jwk.ts';
import { readJwkSet } from './jwk-set.ts';
import { restoreKeySet } from './kept-key-set.ts';
import { KeySet } from './key-set.ts';
import type { KeyLookup, KeySource, KeySourceStatus } from './key-source.ts';
import { defaultScheduleLimits, freshness, refreshDelay, retryDelay, type ScheduleLimits } from './refresh-schedule.ts';
import { TokenBucket } from './token-bucket.ts';
import { withoutQuery } from './url.ts';
import { VanishedKids } from './vanished-kids.ts';

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
	/** How long a token waits for a fetch while there is a usable key set. */
	readonly patience: number;
}

export const defaultRemoteLimits: RemoteLimits = {
	...defaultScheduleLimits,
	...defaultFetchLimits,
	bucketCapacity: 2,
	bucketInterval: 30_000,
	metadataFor: 3_600_000,
	patience: 2_000,
};

/** A key set that was taken over, as it came. */
export interface AcceptedKeySet {
	readonly url: string;
	readonly document: FetchedDocument;
	/** Milliseconds since the epoch. */
	readonly fetchedAt: number;
	readonly keys: readonly VerificationKey[];
}

interface LoadedKeySet extends AcceptedKeySet {
	/** Public members only. */
	readonly publicJwks: readonly JsonObject[];
	readonly notes: readonly string[];
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
	/** Where the last good keys outlive the process. Default: nowhere. */
	readonly kept?: KeptKeys;
	/** Told of every key set that was taken over. A throw is logged. */
	readonly onAccepted?: (accepted: AcceptedKeySet) => void;
	/** What somebody else knows of these keys, for the status. */
	readonly warnings?: () => readonly string[];
}

/**
 * A source that fetches. `start` resolves after the first attempt; later ones run by the timers port: at 80 to 95 % of
 * what `Cache-Control` gives (1 min to 24 h, 15 min without), after a failure with doubling waits of 1 s to 5 min. A
 * failed fetch, and a set without one usable key, leaves the last good keys in place for `staleFor` (default 24 h) from
 * their own fetch. Keys in `kept` serve from the start under the same bound, by the wall clock, as stale ones. `refresh`
 * joins an attempt under way, else takes a permit from the bucket (two, one back every 30 s) or resolves at once; it
 * waits 2 s at most while there are usable keys. Keys that are `stale` verify like fresh ones.
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

	readonly #vanished = new VanishedKids();

	#attempt: Promise<void> | undefined = undefined;
	/** The attempt under way, for those who cannot wait for all of it. */
	#patience: Promise<void> | undefined = undefined;
	#cancel: (() => void) | undefined = undefined;
	#stopped = false;

	/** Of the metadata that was read last: it outlives what `metadataFor` says. */
	#issuer: string | undefined = undefined;
	#metadata: { readonly discovered: Discovered; readonly until: number } | undefined = undefined;
	#usableUntil = Number.NEGATIVE_INFINITY;
	#freshUntil = Number.NEGATIVE_INFINITY;
	#nextAt: number | undefined = undefined;
	#fetchedAt: number | undefined = undefined;
	#fetches = 0;
	#acceptedFetches = 0;
	#failedFetches = 0;
	#failures = 0;
	#clockOffset: number | undefined = undefined;
	#lastError: string | undefined = undefined;
	#notes = '';
	#shrunkToNothing = false;
	/** The offset that the log speaks of; undefined while the clocks agree. */
	#toldOffset: number | undefined = undefined;

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

	async refresh(kid?: string): Promise<void> {
		const { clock, log, name } = this.#options;
		if (this.#attempt === undefined && !this.#stopped && this.#bucket.take(clock.monotonic())) void this.#fetch();
		await this.#patiently();
		if (kid === undefined || !this.#vanished.count(kid, clock.monotonic())) return;
		log.warn('tokens still name a key that has left the key set of their provider', {
			provider: name,
			kid: quoted(kid),
		});
	}

	async start(): Promise<void> {
		if (this.#stopped) return;
		void this.#fetch();
		if (this.#options.kept !== undefined) await this.#atMost(this.#restore(this.#options.kept));
		await this.#patiently();
	}

	issuer(): string | undefined {
		return this.#issuer;
	}

	stop(): void {
		this.#stopped = true;
		this.#cancel?.();
		this.#cancel = undefined;
		this.#nextAt = undefined;
		// Nobody would notice any more that one of them was withdrawn: cached tokens must not outlive the source.
		for (const key of this.#set.keys) key.retired = true;
	}

	status(): KeySourceStatus {
		const { clock } = this.#options;
		const monotonic = clock.monotonic();
		// Only when somebody reads them: the rest is asked for each token whose key is unknown.
		const warnings = () => this.#warnings(monotonic);
		const wait = this.#nextAt === undefined ? undefined : Math.max(0, this.#nextAt - monotonic);
		return {
			state: monotonic < this.#freshUntil ? 'ready' : monotonic < this.#usableUntil ? 'stale' : 'unavailable',
			kids: this.#set.keys.map((key) => key.kid),
			fetchedAt: this.#fetchedAt,
			nextRefreshAt: wait === undefined ? undefined : clock.now() + wait,
			fetches: this.#fetches,
			refreshing: this.#attempt !== undefined,
			acceptedFetches: this.#acceptedFetches,
			failedFetches: this.#failedFetches,
			lastError: this.#lastError,
			clockOffset: this.#clockOffset,
			retryAfter: Math.min(Math.max(1, Math.ceil((wait ?? 1000) / 1000)), this.#limits.backoffLongest / 1000),
			get warnings() {
				return warnings();
			},
		};
	}

	#warnings(monotonic: number): readonly string[] {
		const clock = clockWarning(this.#clockOffset);
		return [
			...(this.#shrunkToNothing ? ['the key set has shrunk to nothing; the last good keys serve for now'] : []),
			...this.#vanished.warnings(monotonic),
			...(clock === undefined ? [] : [clock]),
			...(this.#options.warnings?.() ?? []),
		];
	}

	/** Resolves with the attempt under way; earlier while there are keys to go on with, since it may take its full time. */
	#patiently(): Promise<void> {
		if (this.#attempt === undefined) return Promise.resolve();
		if (this.#options.clock.monotonic() >= this.#usableUntil) return this.#attempt;
		this.#patience ??= this.#atMost(this.#attempt);
		return this.#patience;
	}

	/** `task` never rejects. */
	#atMost(task: Promise<void>): Promise<void> {
		return new Promise((resolve) => {
			const cancel = this.#options.timers.after(this.#limits.patience, resolve);
			void task.then(() => {
				cancel();
				resolve();
			});
		});
	}

	/** Takes what was kept from before, unless a fetch was faster. */
	async #restore(kept: KeptKeys): Promise<void> {
		const { clock, crypto, log, name } = this.#options;
		const found = await kept.load().catch(() => undefined);
		if (found === undefined || this.#stopped || this.#fetchedAt !== undefined) return;
		const restored = restoreKeySet(found, { now: clock.now(), staleFor: this.#limits.staleFor, crypto });
		if (typeof restored === 'string') {
			log.warn('the keys kept from before are not used', { provider: name, why: restored });
			return;
		}
		this.#usableUntil = clock.monotonic() + restored.left;
		for (const key of restored.keys) key.usableUntil = this.#usableUntil;
		this.#set.replace(restored.keys);
		this.#fetchedAt = found.fetchedAt;
		log.info('the keys kept from before serve until they can be fetched', {
			provider: name,
			keys: restored.keys.length,
			serve_for_seconds: Math.floor(restored.left / 1000),
		});
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
				this.#patience = undefined;
			});
		return this.#attempt;
	}

	async #load(): Promise<LoadedKeySet> {
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
			throw new KeyFetchError('no_usable_key', `${shown}: the key set holds no key that verifies signatures${why}`);
		}
		return { url, document, fetchedAt: clock.now(), ...read };
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
		const issuer = member(discovered.metadata, 'issuer');
		this.#issuer = typeof issuer === 'string' ? issuer : undefined;
		return discovered.jwksUri;
	}

	#accept(accepted: LoadedKeySet): void {
		if (this.#stopped) return;
		const { clock, kept, log, name, onAccepted } = this.#options;
		const monotonic = clock.monotonic();
		const fresh = freshness(accepted.document.headers, this.#limits);
		this.#usableUntil = monotonic + this.#limits.staleFor;
		this.#freshUntil = Math.min(monotonic + fresh, this.#usableUntil);
		for (const key of accepted.keys) key.usableUntil = this.#usableUntil;
		const kids = this.#set.keys.map((key) => key.kid);
		this.#set.replace(accepted.keys);
		this.#vanished.replaced(
			kids,
			accepted.keys.map((key) => key.kid),
			this.#usableUntil,
		);
		this.#acceptedFetches++;
		this.#fetchedAt = accepted.fetchedAt;
		this.#shrunkToNothing = false;
		this.#compareClocks(accepted);
		if (this.#failures > 0) log.info('the keys of a provider can be fetched again', { provider: name });
		this.#failures = 0;
		this.#lastError = undefined;
		this.#tell(accepted.notes);
		this.#schedule(refreshDelay(fresh, this.#random(), this.#limits));
		void kept?.save({ jwks: { keys: accepted.publicJwks }, fetchedAt: accepted.fetchedAt });
		try {
			const { url, document, fetchedAt } = accepted;
			onAccepted?.({ url, document, fetchedAt, keys: this.#set.keys });
		} catch (error) {
			log.error('what listens for key sets failed', { provider: name, error });
		}
	}

	#fail(error: unknown): void {
		if (this.#stopped) return;
		const { clock, log, name } = this.#options;
		this.#failures++;
		this.#failedFetches++;
		this.#lastError = error instanceof Error ? error.message : 'the fetch failed';
		// The provider may have moved its key set: ask its metadata again.
		this.#metadata = undefined;
		const delay = retryDelay(this.#failures, this.#random(), this.#limits);
		this.#schedule(delay);
		const left = Math.max(0, this.#usableUntil - clock.monotonic());
		const shrunk = error instanceof KeyFetchError && error.code === 'no_usable_key' && this.#set.keys.length > 0;
		if (shrunk && !this.#shrunkToNothing) {
			log.warn('the key set of a provider has shrunk to nothing', { provider: name });
		}
		this.#shrunkToNothing = shrunk;
		log.warn('the keys of a provider could not be fetched', {
			provider: name,
			error: this.#lastError,
			failures: this.#failures,
			retry_in_seconds: Math.ceil(delay / 1000),
			last_good_keys_serve_for_seconds: Number.isFinite(left) ? Math.floor(left / 1000) : 0,
		});
	}

	/** Says it once, and again when the difference changes. */
	#compareClocks({ document, fetchedAt }: AcceptedKeySet): void {
		const { log, name } = this.#options;
		const offset = clockOffset(document.headers, fetchedAt);
		this.#clockOffset = offset;
		if (offset === undefined) return;
		const warning = clockWarning(offset);
		if (warning === undefined) {
			if (this.#toldOffset !== undefined)
				log.info('our clock and the clock of a provider agree again', { provider: name });
			this.#toldOffset = undefined;
		} else if (this.#toldOffset === undefined || Math.abs(offset - this.#toldOffset) > clockTolerance) {
			log.warn(warning, { provider: name, clock_offset_seconds: offset });
			this.#toldOffset = offset;
		}
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

/**
 * The state that outlives requests and configurations: the store, what this gateway holds of it in memory, and whether
 * that is fresh enough to decide by. It is opened once a process; a reload changes nothing about it.
 */
import type {
	Clock,
	Cryptography,
	Evidence,
	LedgerEntry,
	Log,
	Principal,
	Sealing,
	SharedBuckets,
	Store,
	Timers,
} from '#core/index';
import { createStoredPairs, type StoredPairs } from '#keys/pairs/stored-pairs';
import { createStoredMintingKeys, type StoredMintingKeys } from '#keys/signing/stored-minting-keys';
import type { Revoked } from '#pipeline/authorize/revocation';
import { createLocalBuckets } from '#pipeline/limit/local-buckets';
import type { DenySet } from '#revocation/deny-set';
import { createEndedSessions, type EndedSessions } from '#revocation/ended-sessions';
import type { Revocation } from '#revocation/revocation';
import { createRevocations, type Revocations } from '#revocation/revocations';
import { createUnderWay, type Ending, type UnderWay } from '#revocation/under-way';
import { createFollower } from '#store/follower';
import { createMemoryStore } from '#store/memory';
import { createPresence, type Presence } from './presence.ts';

export interface State {
	readonly store: Store;
	/** Buckets of rate limits that gateways share; undefined for a store that they do not. */
	readonly sharedBuckets: SharedBuckets | undefined;
	/** Seals what is secret before it reaches the store; undefined: a store that may not hold secrets. */
	readonly sealing: Sealing | undefined;
	readonly revocations: Revocations;
	/** Browser sessions that ended not long ago, here or elsewhere. */
	readonly endedSessions: EndedSessions;
	/** What is open here and ends when it is revoked, or with its session. */
	readonly underWay: UnderWay;
	/** Key pairs that are made while the gateway runs. */
	readonly pairs: StoredPairs;
	/** Keys of minted tokens that the gateway makes. */
	readonly mintingKeys: StoredMintingKeys;
	/** For the check of each route. */
	readonly revoked: Revoked;
	/** Who shares the store; empty for one that nobody can share. */
	readonly presence: Presence;
	status(): StateStatus;
	/** Takes in what the store has; resolves after the first attempt, good or bad. From then on it follows. */
	start(): Promise<void>;
	/** Takes in, at once, what the store has now. Rejects with StoreUnavailable. */
	catchUp(): Promise<void>;
	/** Follows no more and closes the store. */
	close(): Promise<void>;
}

export interface StateStatus {
	readonly type: Store['type'];
	/** `stale`: for longer than `maxStaleness` nothing is known of what the store has. */
	readonly state: 'fresh' | 'stale';
	/** Seconds since the last moment of which everything is known; undefined before the first. */
	readonly age: number | undefined;
	/** Whether guarded routes are refused while it is stale. */
	readonly failsClosed: boolean;
	readonly lastError: string | undefined;
	/** Revision that this gateway has applied, by ledger. */
	readonly revisions: ReadonlyMap<string, number>;
	readonly revocations: number;
	/** How often it became stale. */
	readonly outages: number;
}

export interface StateOptions {
	readonly store: Store;
	readonly sharedBuckets?: SharedBuckets;
	readonly sealing: Sealing | undefined;
	readonly clock: Clock;
	readonly timers: Timers;
	readonly log: Log;
	readonly cryptography: Pick<Cryptography, 'digest' | 'importSecret' | 'importPrivateKey' | 'randomBytes'>;
	/** Name of this gateway among those that share the store. */
	readonly gateway: string;
	/** Seconds. */
	readonly maxStaleness: number;
	/** Serve on although the store is away. */
	readonly failOpen: boolean;
}

/** Milliseconds between two looks at whether the store is away. */
const watchInterval = 500;

export function createState(options: StateOptions): State {
	const { store, clock, timers, log, maxStaleness, failOpen } = options;
	/** Nobody else writes to a store of this process, and what is written here is taken in here. */
	const { isShared } = store;
	const revocations = createRevocations({
		store,
		catchUp: () => follower.catchUp(),
		clock,
		digest: options.cryptography.digest,
		log,
		onDenied: (find) => underWay.review((...asked) => endingOf(find, ...asked)),
	});
	const endedSessions = createEndedSessions({
		store,
		catchUp: () => follower.catchUp(),
		clock,
		onEnded: (ids) => underWay.review((evidence) => (isOf(ids, evidence) ? sessionEnding(evidence) : undefined)),
	});
	const underWay = createUnderWay({ judge: (...asked) => endingOf(revocations.find, ...asked), log });
	const pairs = createStoredPairs({
		store,
		sealing: options.sealing,
		catchUp: () => follower.catchUp(),
		clock,
		cryptography: options.cryptography,
		log,
	});
	const mintingKeys = createStoredMintingKeys({
		store,
		sealing: options.sealing,
		catchUp: () => follower.catchUp(),
		cryptography: options.cryptography,
		log,
	});
	const follower = createFollower({
		store,
		clock,
		timers,
		log,
		readers: [
			{
				ledger: revocations.ledger,
				apply(entries: readonly LedgerEntry[], how) {
					revocations.apply(entries, how);
					presence.changed();
				},
			},
			endedSessions,
			pairs,
			mintingKeys,
		],
	});
	const presence = createPresence({
		store,
		name: options.gateway,
		clock,
		timers,
		revision: () => follower.revisions().get(revocations.ledger) ?? 0,
	});
	/** As for a request: its session first, which may be denied where its token is not; then its token, by what `find` knows. */
	function endingOf(find: DenySet['find'], evidence: Evidence, principal: Principal): Ending | undefined {
		const ending = sessionEnding(evidence);
		if (ending !== undefined) return ending;
		const revocation = find(principal, evidence, clock.now() / 1000);
		if (revocation === undefined) return undefined;
		return { reason: 'token_revoked', check: 'revocation', found: inWords(revocation) };
	}

	let wasStale = false;
	let outages = 0;
	let cancelWatch: (() => void) | undefined;

	const isStale = (monotonic: number): boolean => isShared && monotonic - follower.freshAt > maxStaleness * 1000;

	function unknownSince(monotonic: number): string | undefined {
		if (failOpen || !isShared) return undefined;
		// A request that has waited for a key or an introspection is judged by what is known now, not when it came.
		if (!isStale(Math.max(monotonic, clock.monotonic()))) return undefined;
		return `the store has not answered for longer than max_staleness: ${follower.lastError ?? 'it was not asked'}`;
	}

	/** Says in the log what a request would only find out. */
	function watch(): void {
		const stale = isStale(clock.monotonic());
		if (stale && !wasStale) {
			outages += 1;
			const cause = follower.lastError;
			if (failOpen) log.error('the store is away: revocations may be missing, and requests are served on', { cause });
			else log.error('the store is away: guarded routes answer 503 store_unavailable', { cause });
		} else if (!stale && wasStale) log.info('the store is back, and what it had is taken in');
		wasStale = stale;
		cancelWatch = timers.after(watchInterval, watch);
	}

	return {
		store,
		sharedBuckets: options.sharedBuckets,
		sealing: options.sealing,
		revocations,
		endedSessions,
		underWay,
		pairs,
		mintingKeys,
		revoked: {
			deniedBy(principal, evidence) {
				const revocation = revocations.find(principal, evidence);
				return revocation === undefined ? undefined : inWords(revocation);
			},
			unknownSince,
		},
		presence,
		status() {
			const now = clock.monotonic();
			const age = (now - follower.freshAt) / 1000;
			return {
				type: store.type,
				state: isStale(now) ? 'stale' : 'fresh',
				age: isShared && Number.isFinite(age) ? age : isShared ? undefined : 0,
				failsClosed: !failOpen,
				lastError: follower.lastError,
				revisions: follower.revisions(),
				revocations: revocations.list().length,
				outages,
			};
		},
		async start() {
			if (!isShared) return follower.catchUp();
			await follower.start();
			presence.start();
			watch();
		},
		catchUp: () => follower.catchUp(),
		async close() {
			follower.stop();
			cancelWatch?.();
			await presence.stop();
			await store.close();
		},
	};
}

function inWords({ kind, by }: Revocation): string {
	return `revoked: ${kind}, by ${by}`;
}

function isOf(ids: ReadonlySet<string>, { session }: Evidence): boolean {
	return session !== undefined && ids.has(session);
}

function sessionEnding({ sessionEndedBy }: Evidence): Ending | undefined {
	const found = sessionEndedBy?.();
	return found === undefined ? undefined : { reason: 'session_ended', check: 'session', found };
}

/** State that ends with the process and that nobody shares: for whoever assembles without a store. */
export function createMemoryState(
	options: Pick<StateOptions, 'clock' | 'timers' | 'log' | 'cryptography'> & Partial<Pick<StateOptions, 'sealing'>>,
): State {
	const { clock, cryptography } = options;
	return createState({
		sealing: undefined,
		...options,
		// Whoever shares this state shares this process.
		sharedBuckets: (_, rule) => createLocalBuckets(rule),
		store: createMemoryStore({ clock, randomId: () => cryptography.digest(String(cryptography.randomBytes(16))) }),
		gateway: 'this',
		maxStaleness: 5,
		failOpen: false,
	});
}

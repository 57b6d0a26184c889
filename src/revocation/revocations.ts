/**
 * The revocations of this gateway: written to the store's ledger, followed from there, and asked on the hot path. What
 * was known to be revoked stays so until its time is over, even when the store has forgotten it; then it is told again.
 */
import type { Clock, Evidence, LedgerEntry, Log, Principal, Store } from '#core/index';
import { createDenySet, type DenySet } from './deny-set.ts';
import {
	type Denial,
	mergeRevocations,
	type Revocation,
	readRevocation,
	revocationId,
	writeRevocation,
} from './revocation.ts';

export const revocationLedger = 'revocations';

export interface Revocations {
	/** `now`: seconds since the epoch; default: when its request came. */
	find(principal: Principal, evidence: Evidence, now?: number): Revocation | undefined;
	/**
	 * Denies from now on, on every gateway that follows the store. Of two revocations of the same thing the result denies
	 * what either does. Rejects with StoreUnavailable, and with TooMany.
	 */
	revoke(denial: Denial, who: { readonly by: string; readonly note?: string }): Promise<Revocation>;
	/** Ends a revocation before its time; false when there is none. Rejects with StoreUnavailable. */
	lift(id: string): Promise<boolean>;
	get(id: string): Revocation | undefined;
	/** In force now, in the order in which this gateway learned of them. */
	list(): readonly Revocation[];
	/** Digest by which a token is revoked, of its identity. */
	digestOf(identity: string): string;
	/** For the follower of the store. */
	readonly ledger: string;
	apply(entries: readonly LedgerEntry[], how: { readonly isReset: boolean; readonly isLost: boolean }): void;
}

/** More would be a list of tokens, not of exceptions. */
export class TooMany extends Error {}

export interface RevocationsOptions {
	readonly store: Store;
	/** Brings this gateway up to what the store has now. */
	readonly catchUp: () => Promise<void>;
	readonly clock: Clock;
	readonly digest: (text: string) => string;
	readonly log: Log;
	/** Told of what is denied from now on: `find` knows nothing but that. Must not throw. */
	readonly onDenied?: (find: DenySet['find']) => void;
	/** Default 100,000. */
	readonly capacity?: number;
}

/** Seconds for which the store keeps an entry beyond its end, since clocks differ. */
const margin = 300;

export function createRevocations(options: RevocationsOptions): Revocations {
	const { store, catchUp, clock, digest, log, onDenied, capacity = 100_000 } = options;
	const denied = createDenySet({ digest });
	const revisions = new Map<string, number>();
	const nowSeconds = (): number => clock.now() / 1000;

	function enter(revocation: Revocation, expected: number): Promise<number | undefined> {
		const ttl = (Math.max(0, revocation.until - nowSeconds()) + margin) * 1000;
		return store.enter(revocationLedger, revocation.id, writeRevocation(revocation), { ttl, expected });
	}

	async function revoke(denial: Denial, { by, note }: { readonly by: string; readonly note?: string }) {
		const id = revocationId(denial, digest);
		const asked: Revocation = { ...denial, id, at: Math.floor(nowSeconds()), by, note };
		for (;;) {
			await catchUp();
			const before = denied.get(id);
			if (before === undefined && denied.size >= capacity) throw new TooMany(`there are ${capacity} revocations`);
			const merged = before === undefined ? asked : mergeRevocations(before, asked);
			// Somebody else may revoke the same thing at this moment: then their word is merged with ours.
			if ((await enter(merged, revisions.get(id) ?? 0)) === undefined) continue;
			await catchUp();
			return merged;
		}
	}

	function takeOne({ key, revision, value }: LedgerEntry, news: DenySet): void {
		if (value === undefined) {
			denied.remove(key);
			revisions.delete(key);
			return;
		}
		const revocation = readRevocation(key, value);
		if (revocation === undefined) {
			log.error('a revocation in the store is not understood by this version', { id: key });
			return;
		}
		denied.put(revocation);
		news.put(revocation);
		revisions.set(key, revision);
	}

	function take(entries: readonly LedgerEntry[]): void {
		const news = createDenySet({ digest });
		for (const entry of entries) takeOne(entry, news);
		if (news.size > 0) onDenied?.(news.find);
	}

	/** The store began anew: what is still in force here is told again. */
	async function restore(kept: readonly Revocation[]): Promise<void> {
		let restored = 0;
		for (const revocation of kept) if ((await enter(revocation, 0)) !== undefined) restored += 1;
		log.warn('revocations that the store had lost were written again', { known: kept.length, restored });
	}

	return {
		ledger: revocationLedger,
		find: denied.find,
		revoke,
		async lift(id) {
			await catchUp();
			const struck = (await store.strike(revocationLedger, id)) !== undefined;
			await catchUp();
			return struck;
		},
		get: (id) => denied.get(id),
		list() {
			denied.purge(nowSeconds());
			return denied.list();
		},
		digestOf: digest,
		apply(entries, { isReset, isLost }) {
			denied.purge(nowSeconds());
			if (!isReset) {
				take(entries);
				return;
			}
			const named = new Set(entries.map(({ key }) => key));
			const missing = denied.list().filter(({ id }) => !named.has(id));
			if (!isLost) for (const { id } of missing) denied.remove(id);
			revisions.clear();
			take(entries);
			if (isLost && missing.length > 0) {
				restore(missing).catch((error: unknown) => log.error('lost revocations could not be written again', { error }));
			}
		},
	};
}

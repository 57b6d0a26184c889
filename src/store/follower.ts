/**
 * Keeps ledgers in memory: asks the store for what changed, hands it on in order, and knows how old the answer is. Only
 * once everything up to the head was taken in does a reading count, so a gateway that was cut off has caught up before
 * it trusts itself again.
 */
import type { Clock, LedgerEntry, LedgerPosition, Log, Store, Timers } from '#core/index';

export interface LedgerReader {
	readonly ledger: string;
	/**
	 * Takes in changes, in order. `isReset`: `entries` is the whole ledger, and `isLost` says that it is another one than
	 * before, because the store lost it. Must not throw.
	 */
	apply(entries: readonly LedgerEntry[], how: { readonly isReset: boolean; readonly isLost: boolean }): void;
}

export interface StoreFollower {
	/** Begins: resolves after the first attempt to read every ledger, good or bad. */
	start(): Promise<void>;
	/** Reads now, from a moment that is not before this call. Rejects with StoreUnavailable. */
	catchUp(): Promise<void>;
	/** Monotonic milliseconds up to which every change of the store is known here; −Infinity before the first reading. */
	readonly freshAt: number;
	/** Revision that was applied, by ledger. */
	revisions(): ReadonlyMap<string, number>;
	/** Why the last reading failed; undefined after a good one. */
	readonly lastError: string | undefined;
	stop(): void;
}

export interface FollowerOptions {
	readonly store: Store;
	readonly clock: Clock;
	readonly timers: Timers;
	readonly log: Log;
	readonly readers: readonly LedgerReader[];
	/** Milliseconds between two readings; default 200. */
	readonly interval?: number;
}

const pageSize = 500;

export function createFollower(options: FollowerOptions): StoreFollower {
	const { store, clock, timers, log, readers, interval = 200 } = options;
	const positions = new Map<string, LedgerPosition>();
	let freshAt = Number.NEGATIVE_INFINITY;
	let lastError: string | undefined;
	let cancel: (() => void) | undefined;
	let isStopped = false;
	let running: Promise<void> | undefined;
	let queued: Promise<void> | undefined;

	async function read({ ledger, apply }: LedgerReader): Promise<void> {
		const before = positions.get(ledger);
		let position = before;
		/** A full copy is handed on as a whole, so that nothing is missing from it in between. */
		let copy: LedgerEntry[] | undefined = before === undefined ? [] : undefined;
		for (;;) {
			const changes = await store.changes(ledger, position, pageSize);
			if (changes.isReset) copy = [];
			if (copy === undefined) {
				if (changes.entries.length > 0) apply(changes.entries, { isReset: false, isLost: false });
				positions.set(ledger, changes.position);
			} else copy.push(...changes.entries);
			position = changes.position;
			if (position.revision >= changes.head) break;
		}
		if (copy === undefined) return;
		const isLost = before !== undefined && (before.epoch !== position.epoch || before.revision > position.revision);
		if (isLost) log.error('the store has lost what was in it', { ledger, revision: before.revision });
		apply(copy, { isReset: true, isLost });
		positions.set(ledger, position);
	}

	async function pass(): Promise<void> {
		const began = clock.monotonic();
		try {
			for (const reader of readers) await read(reader);
			freshAt = Math.max(freshAt, began);
			lastError = undefined;
		} catch (cause) {
			lastError = cause instanceof Error ? cause.message : String(cause);
			throw cause;
		}
	}

	/** One pass at a time; whoever asks while one is under way gets the next. */
	function catchUp(): Promise<void> {
		if (running === undefined) {
			running = pass().finally(() => {
				running = undefined;
			});
			return running;
		}
		queued ??= running
			.catch(() => {})
			.then(() => {
				queued = undefined;
				return catchUp();
			});
		return queued;
	}

	function plan(): void {
		if (isStopped) return;
		cancel = timers.after(interval, () => {
			catchUp().then(plan, plan);
		});
	}

	return {
		async start() {
			await catchUp().catch(() => {});
			plan();
		},
		catchUp,
		get freshAt() {
			return freshAt;
		},
		revisions: () => new Map(Array.from(positions, ([ledger, { revision }]) => [ledger, revision])),
		get lastError() {
			return lastError;
		},
		stop() {
			isStopped = true;
			cancel?.();
		},
	};
}

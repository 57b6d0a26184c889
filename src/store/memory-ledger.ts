/** One ledger in memory: the latest change of each key, in the order of revisions. */
import type { Clock, LedgerChanges, LedgerPosition } from '#core/index';

export interface MemoryLedger {
	enter(key: string, value: string, ttl: number | undefined, expected: number | undefined): number | 'full' | undefined;
	strike(key: string, expected: number | undefined): number | undefined;
	changes(after: LedgerPosition | undefined, limit: number): LedgerChanges;
}

interface Change {
	readonly revision: number;
	/** Undefined: struck. */
	readonly value: string | undefined;
	/** Monotonic milliseconds. */
	readonly until: number;
}

export interface MemoryLedgerOptions {
	readonly clock: Pick<Clock, 'monotonic'>;
	readonly epoch: string;
	readonly capacity: number;
}

export function createMemoryLedger({ clock, epoch, capacity }: MemoryLedgerOptions): MemoryLedger {
	/** A change takes its key to the end, so the order of the map is that of the revisions. */
	const latest = new Map<string, Change>();
	let head = 0;
	/** Revision of the last strike that is forgotten: a reader from before it cannot learn of it any more. */
	let floor = 0;

	function current(key: string): Change | undefined {
		const change = latest.get(key);
		return change?.value === undefined || change.until <= clock.monotonic() ? undefined : change;
	}

	function makeRoom(): boolean {
		if (latest.size < capacity) return true;
		const now = clock.monotonic();
		for (const [key, { until, value, revision }] of latest) {
			if (value === undefined) floor = Math.max(floor, revision);
			if (until <= now || value === undefined) latest.delete(key);
		}
		return latest.size < capacity;
	}

	function record(key: string, value: string | undefined, until: number): number {
		head += 1;
		latest.delete(key);
		latest.set(key, { revision: head, value, until });
		return head;
	}

	return {
		enter(key, value, ttl, expected) {
			if (expected !== undefined && (current(key)?.revision ?? 0) !== expected) return undefined;
			if (!latest.has(key) && !makeRoom()) return 'full';
			return record(key, value, ttl === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + ttl);
		},
		strike(key, expected) {
			const change = current(key);
			if (change === undefined || (expected !== undefined && change.revision !== expected)) return undefined;
			return record(key, undefined, Number.POSITIVE_INFINITY);
		},
		changes(after, limit) {
			const isReset =
				after !== undefined &&
				(after.epoch !== epoch || after.revision > head || (after.revision > 0 && after.revision < floor));
			const from = after === undefined || isReset ? 0 : after.revision;
			if (from === head) return { entries: [], position: { epoch, revision: head }, head, isReset };
			const now = clock.monotonic();
			const entries: LedgerChanges['entries'][number][] = [];
			for (const [key, { revision, value, until }] of latest) {
				if (revision <= from || until <= now) continue;
				if (entries.length === limit) {
					return { entries, position: { epoch, revision: entries.at(-1)?.revision ?? from }, head, isReset };
				}
				entries.push({ key, revision, value });
			}
			return { entries, position: { epoch, revision: head }, head, isReset };
		},
	};
}

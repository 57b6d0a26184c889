/**
 * Browser sessions that have ended, told to every gateway that shares the store. The store's record of a session is looked
 * at by the next request, and what is open makes none. They are kept apart from the revocations: logging out is no
 * exception, so it must not use up their number, nor stand in an operator's list of them.
 */
import type { Clock, LedgerEntry, Store } from '#core/index';

export const endedSessionsLedger = 'ended-sessions';

export interface EndedSessions {
	/**
	 * From now on the session of this id counts as ended, on every gateway that follows the store. `until`: seconds since
	 * the epoch at which its last access token has expired, so that nothing of it is open any more. Rejects with
	 * StoreUnavailable.
	 */
	tell(id: string, until: number): Promise<void>;
	/** Whether it is known here to have ended, not long ago. */
	has(id: string): boolean;
	/** For the follower of the store. */
	readonly ledger: string;
	apply(entries: readonly LedgerEntry[]): void;
}

export interface EndedSessionsOptions {
	readonly store: Pick<Store, 'enter'>;
	/** Brings this gateway up to what the store has now. */
	readonly catchUp: () => Promise<void>;
	readonly clock: Pick<Clock, 'now'>;
	/** Told of those that were not known before. */
	readonly onEnded: (ids: ReadonlySet<string>) => void;
	/** Default 100,000; of more, those that were told first are forgotten here. */
	readonly capacity?: number;
}

/** Seconds for which an entry is kept beyond its end, since clocks differ. */
const margin = 300;

export function createEndedSessions(options: EndedSessionsOptions): EndedSessions {
	const { store, catchUp, clock, onEnded, capacity = 100_000 } = options;
	/** Seconds since the epoch at which each is forgotten. */
	const known = new Map<string, number>();
	const seconds = () => clock.now() / 1000;

	const has = (id: string): boolean => (known.get(id) ?? 0) > seconds();

	/** How long a value of the store says; what it cannot say counts for nothing. */
	function keptUntil(value: string): number {
		const until = Number(value);
		return Number.isFinite(until) ? until + margin : 0;
	}

	return {
		ledger: endedSessionsLedger,
		async tell(id, until) {
			if (has(id)) return;
			const ttl = (Math.max(0, until - seconds()) + margin) * 1000;
			await store.enter(endedSessionsLedger, id, String(Math.ceil(until)), { ttl });
			await catchUp();
		},
		has,
		// Whatever becomes of the ledger, a session that has ended does not come back.
		apply(entries) {
			const now = seconds();
			for (const [id, until] of known) if (until <= now) known.delete(id);
			const news = new Set<string>();
			for (const { key, value } of entries) {
				const until = value === undefined ? 0 : keptUntil(value);
				if (until <= now || known.has(key)) continue;
				known.set(key, until);
				news.add(key);
			}
			for (const id of known.keys()) {
				if (known.size <= capacity) break;
				known.delete(id);
			}
			if (news.size > 0) onEnded(news);
		},
	};
}

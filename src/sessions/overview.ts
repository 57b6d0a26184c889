/** Sessions as an operator sees them: whose, since when, until when; never a token, and nothing that opens one. */
import type { Clock, Sealing, Store } from '#core/index';
import { placeOf, sessionSpace } from './handles.ts';
import { type Lifetimes, readSession, type Session, timeLeft } from './session.ts';

export interface ListedSession {
	readonly id: string;
	/** Name in the configuration. */
	readonly name: string;
	readonly issuer: string;
	readonly subject: string;
	readonly sid: string | undefined;
	/** Seconds since the epoch. */
	readonly createdAt: number;
	readonly seenAt: number;
	readonly expiresAt: number;
}

export interface SessionsOverview {
	/** At most `limit`, of this subject if one is named; rejects with StoreUnavailable. Those in sealed cookies are not here. */
	list(limit: number, subject: string | undefined): Promise<readonly ListedSession[]>;
	/** Ends the session of this id; false when there is none. Rejects with StoreUnavailable. */
	end(id: string): Promise<boolean>;
}

export interface OverviewOptions {
	/** Those that are kept in the store. */
	readonly kinds: readonly {
		readonly name: string;
		readonly lifetimes: Lifetimes;
		/** Why it has ended although it is still there; undefined: it has not. */
		readonly endedBy: (session: Session) => string | undefined;
	}[];
	readonly store: Store;
	readonly sealing: Sealing;
	readonly clock: Pick<Clock, 'now'>;
}

/** Records that are looked through at most. */
const mostRecords = 100_000;

export function createOverview({ kinds, store, sealing, clock }: OverviewOptions): SessionsOverview {
	function open(id: string, value: string): ListedSession | undefined {
		const now = clock.now() / 1000;
		for (const { name, lifetimes, endedBy } of kinds) {
			const text = sealing.open(value, placeOf(name, id));
			const session = text === undefined ? undefined : readSession(id, text);
			if (session === undefined || timeLeft(session, lifetimes, now) <= 0 || endedBy(session) !== undefined) continue;
			const { issuer, subject, sid, createdAt, seenAt } = session;
			return { id, name, issuer, subject, sid, createdAt, seenAt, expiresAt: now + timeLeft(session, lifetimes, now) };
		}
		return undefined;
	}

	return {
		async list(limit, subject) {
			const records = await store.list(sessionSpace, subject === undefined ? limit : mostRecords);
			return records
				.flatMap(({ key, value }) => open(key, value) ?? [])
				.filter((session) => subject === undefined || session.subject === subject)
				.slice(0, limit);
		},
		end: (id) => store.remove(sessionSpace, id),
	};
}

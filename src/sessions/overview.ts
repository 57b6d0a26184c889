/** Sessions as an operator sees them: whose, since when, until when; never a token, and nothing that opens one. */
import type { Clock, Sealing, Store } from '#core/index';
import type { EndSession } from './ending.ts';
import { placeOf, sessionSpace } from './handles.ts';
import { isSealedId } from './sealed-cookies.ts';
import { idleEndOf, type Lifetimes, readSession, type SessionMark, timeLeft } from './session.ts';

export interface ListedSession {
	readonly id: string;
	/** Name in the configuration. */
	readonly name: string;
	/** Name of the provider at which the user logged in. */
	readonly provider: string;
	readonly issuer: string;
	readonly subject: string;
	readonly sid: string | undefined;
	/** Seconds since the epoch. */
	readonly createdAt: number;
	readonly seenAt: number;
	readonly expiresAt: number;
}

export interface PageOfSessions {
	readonly sessions: readonly ListedSession[];
	/** `after` of the next page; undefined: this is the last one. */
	readonly next: string | undefined;
}

export interface SessionQuery {
	/** Sessions on the page, about: there may be some more. */
	readonly limit: number;
	/** Undefined: of whomever. */
	readonly subject: string | undefined;
	/** `next` of the page before; undefined: from the beginning. */
	readonly after: string | undefined;
}

export interface SessionsOverview {
	/**
	 * Those in the store; rejects with StoreUnavailable, and with a RangeError for an `after` that is none. A page of one
	 * subject may hold few, or none, and not be the last: it ends after so many records that were looked through.
	 */
	list(query: SessionQuery): Promise<PageOfSessions>;
	/** Names of the sessions in sealed cookies, of which nobody but the browsers knows. */
	readonly unlisted: readonly string[];
	/**
	 * Ends the session of this id; false when there is none. Of one in sealed cookies nobody knows whether there is: if there
	 * is, it ends. Rejects with StoreUnavailable.
	 */
	end(id: string): Promise<boolean>;
}

export interface OverviewOptions {
	/** Those that are kept in the store. */
	readonly kinds: readonly {
		readonly name: string;
		readonly provider: string;
		readonly lifetimes: Lifetimes;
		/** Why it has ended although it is still there; undefined: it has not. */
		readonly endedBy: (session: SessionMark) => string | undefined;
		readonly end: EndSession;
	}[];
	/** Those in sealed cookies. */
	readonly sealed: readonly { readonly name: string; readonly end: (id: string) => Promise<void> }[];
	/** Tells every gateway of the end of one that is of no kind. */
	readonly tellEnded: (id: string) => Promise<void>;
	readonly store: Store;
	readonly sealing: Sealing;
	readonly clock: Pick<Clock, 'now'>;
}

/** Records that are looked through for one page at most, and in one step. */
const mostRecords = 100_000;
const step = 1_000;

export function createOverview({ kinds, sealed, tellEnded, store, sealing, clock }: OverviewOptions): SessionsOverview {
	function open(id: string, value: string): ListedSession | undefined {
		const now = clock.now() / 1000;
		for (const { name, provider, lifetimes, endedBy } of kinds) {
			const text = sealing.open(value, placeOf(name, id));
			const session = text === undefined ? undefined : readSession(id, text);
			if (session === undefined || timeLeft(session, lifetimes, now) <= 0 || endedBy(session) !== undefined) continue;
			const { issuer, subject, sid, createdAt, seenAt } = session;
			const expiresAt = idleEndOf(session, lifetimes);
			return { id, name, provider, issuer, subject, sid, createdAt, seenAt, expiresAt };
		}
		return undefined;
	}

	return {
		async list({ limit, subject, after }) {
			const sessions: ListedSession[] = [];
			let next = after;
			for (let looked = 0; looked < mostRecords; ) {
				const wanted = subject === undefined ? limit - sessions.length : step;
				const page = await store.list(sessionSpace, wanted, next);
				const found = page.records.flatMap(({ key, value }) => open(key, value) ?? []);
				sessions.push(...found.filter((session) => subject === undefined || session.subject === subject));
				next = page.next;
				looked += page.records.length;
				if (next === undefined || sessions.length >= limit) break;
			}
			return { sessions, next };
		},
		unlisted: sealed.map(({ name }) => name),
		async end(id) {
			if (sealed.length > 0 && isSealedId(id)) {
				for (const kind of sealed) await kind.end(id);
				return true;
			}
			const record = await store.get(sessionSpace, id);
			if (record === undefined) return false;
			for (const { name, end } of kinds) {
				const text = sealing.open(record.value, placeOf(name, id));
				const session = text === undefined ? undefined : readSession(id, text);
				if (session === undefined) continue;
				await end(session);
				return true;
			}
			// Of sessions that the configuration no longer has, or sealed under a key that is gone: nobody can use it, and it goes.
			await tellEnded(id);
			return store.remove(sessionSpace, id);
		},
	};
}

/**
 * Sessions in the store: the cookie is a random handle and says nothing. The store knows the digest of the handle alone,
 * and the session sealed, so whoever reads the store can use none, and whoever writes it can plant none.
 */
import type { Clock, Cryptography, RequestView, Sealing, Store, StoredRecord } from '#core/index';
import { encodeBase64url } from '#formats/base64url';
import { type CookieSettings, clearCookie, cookieOf, type Keeper, type Kept, setCookie } from './keeper.ts';
import { type Lifetimes, readSession, type Session, timeLeft, writeSession } from './session.ts';

export interface HandleOptions {
	/** Name in the configuration: a session of one name is none of another. */
	readonly name: string;
	readonly cookie: CookieSettings;
	readonly lifetimes: Lifetimes;
	readonly store: Store;
	readonly sealing: Sealing;
	readonly clock: Pick<Clock, 'now'>;
	readonly cryptography: Pick<Cryptography, 'digest' | 'randomBytes'>;
}

export const sessionSpace = 'sessions';

/** Octets of a handle: too many to guess. */
const handleLength = 32;
const handlePattern = /^[A-Za-z0-9_-]{43}$/;

export function createHandles(options: HandleOptions): Keeper {
	const { name, cookie, lifetimes, store, sealing, clock, cryptography } = options;
	const seconds = () => clock.now() / 1000;

	function read(id: string, record: StoredRecord | undefined): Kept | undefined {
		if (record === undefined) return undefined;
		const text = sealing.open(record.value, placeOf(name, id));
		const session = text === undefined ? undefined : readSession(id, text);
		if (session === undefined || timeLeft(session, lifetimes, seconds()) <= 0) return undefined;
		return { session, version: record.version, cookies: [] };
	}

	async function write(session: Session, expected: string | null): Promise<string | undefined> {
		const ttl = timeLeft(session, lifetimes, seconds()) * 1000;
		if (ttl <= 0) return undefined;
		const value = sealing.seal(writeSession(session), placeOf(name, session.id));
		return store.put(sessionSpace, session.id, value, { ttl, expected });
	}

	async function save(kept: Kept, next: Session): Promise<Kept | undefined> {
		const version = await write(next, kept.version);
		return version === undefined ? undefined : { session: next, version, cookies: [] };
	}

	return {
		async create(fields) {
			const handle = encodeBase64url(cryptography.randomBytes(handleLength));
			const session = { ...fields, id: cryptography.digest(handle) };
			const version = await write(session, null);
			return version === undefined
				? undefined
				: { session, version, cookies: [setCookie(cookie.name, handle, cookie)] };
		},
		async find(request: RequestView) {
			const handle = cookieOf(request, cookie.name);
			if (handle === undefined || !handlePattern.test(handle)) return undefined;
			const id = cryptography.digest(handle);
			return read(id, await store.get(sessionSpace, id));
		},
		reload: async ({ session: { id } }) => read(id, await store.get(sessionSpace, id)),
		save,
		// Whoever wrote meanwhile has used it too.
		touch: async (kept) => (await save(kept, { ...kept.session, seenAt: seconds() })) ?? kept,
		async end({ id }) {
			await store.remove(sessionSpace, id);
		},
		clear: [clearCookie(cookie.name)],
	};
}

export function placeOf(sessions: string, id: string): readonly string[] {
	return [sessionSpace, sessions, id];
}

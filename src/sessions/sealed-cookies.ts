/**
 * Sessions in the browser's own cookie, sealed: nothing is stored for one that only comes and goes. What must be agreed
 * on among gateways still is in the store, and only for as long as it matters: that a session has ended, and the tokens
 * of a refresh until the browser has its new cookie.
 */
import type { Clock, Cryptography, HeaderList, Sealing, Store } from '#core/index';
import { member } from '#core/index';
import { encodeBase64url } from '#formats/base64url';
import { parseStrictJsonObject } from '#formats/strict-json';
import { mostPieces, pieceName } from './cookie-names.ts';
import { type CookieSettings, clearCookie, cookieOf, type Keeper, type Kept, setCookie } from './keeper.ts';
import { joinValue, splitValue } from './pieces.ts';
import { type Lifetimes, readSession, type Session, timeLeft, writeSession } from './session.ts';

export interface SealedCookieOptions {
	readonly name: string;
	readonly cookie: CookieSettings;
	readonly lifetimes: Lifetimes;
	readonly store: Store;
	readonly sealing: Sealing;
	readonly clock: Pick<Clock, 'now'>;
	readonly cryptography: Pick<Cryptography, 'randomBytes'>;
}

const space = 'session-changes';
const ended = 'ended';

/** Octets of an id: too many to guess, and told from the 32 of a handle's. */
const idLength = 16;
const idPattern = /^[A-Za-z0-9_-]{22}$/;

/** Whether this may be the id of a session in a cookie: whether there is one, the browser knows. */
export function isSealedId(id: string): boolean {
	return idPattern.test(id);
}

export function createSealedCookies(options: SealedCookieOptions): Keeper {
	const { name, cookie, lifetimes, store, sealing, clock, cryptography } = options;
	const seconds = () => clock.now() / 1000;
	const place = ['session-cookie', name];
	const changePlace = (id: string) => [space, name, id];

	/** Undefined: too large. */
	function cookiesOf(session: Session): HeaderList | undefined {
		const sealed = sealing.seal(JSON.stringify({ id: session.id, session: writeSession(session) }), place);
		return splitValue(cookie.name, sealed)?.map(([piece, value]) =>
			value === '' ? clearCookie(piece) : setCookie(piece, value, cookie),
		);
	}

	function open(sealed: string): Session | undefined {
		const text = sealing.open(sealed, place);
		const data = text === undefined ? undefined : parseStrictJsonObject(text);
		const [id, session] = data === undefined ? [] : [member(data, 'id'), member(data, 'session')];
		return typeof id === 'string' && typeof session === 'string' ? readSession(id, session) : undefined;
	}

	/** What the store knows beyond the cookie. */
	async function withChanges(known: Session): Promise<Kept | undefined> {
		const record = await store.get(space, known.id);
		if (record === undefined) return { session: known, version: null, cookies: [] };
		const text = sealing.open(record.value, changePlace(known.id));
		// A record that does not open may say that the session has ended.
		if (text === undefined || text === ended) return undefined;
		const changed = readSession(known.id, text);
		if (changed === undefined) return undefined;
		if (changed.generation <= known.generation) return { session: known, version: record.version, cookies: [] };
		const session = { ...changed, seenAt: Math.max(changed.seenAt, known.seenAt) };
		return { session, version: record.version, cookies: cookiesOf(session) ?? [] };
	}

	const alive = (kept: Kept | undefined): Kept | undefined =>
		kept === undefined || timeLeft(kept.session, lifetimes, seconds()) <= 0 ? undefined : kept;

	return {
		async create(fields) {
			const session = { ...fields, id: encodeBase64url(cryptography.randomBytes(idLength)) };
			const cookies = cookiesOf(session);
			return cookies === undefined ? undefined : { session, version: null, cookies };
		},
		async find(request) {
			const sealed = joinValue(cookie.name, (piece) => cookieOf(request, piece));
			const session = sealed === undefined ? undefined : open(sealed);
			if (session === undefined || timeLeft(session, lifetimes, seconds()) <= 0) return undefined;
			return alive(await withChanges(session));
		},
		reload: async ({ session }) => alive(await withChanges(session)),
		async save(kept, next) {
			const now = seconds();
			// Cookies with the tokens of before live as long as they are in use: from now on, whenever that was written down.
			const ttl = timeLeft({ ...next, seenAt: now }, lifetimes, now) * 1000;
			const cookies = cookiesOf(next);
			// Without its new tokens the browser would go on with those that are used up.
			if (ttl <= 0 || cookies === undefined) return undefined;
			const value = sealing.seal(writeSession(next), changePlace(next.id));
			const version = await store.put(space, next.id, value, { ttl, expected: kept.version });
			return version === undefined ? undefined : { session: next, version, cookies };
		},
		async touch(kept) {
			const session = { ...kept.session, seenAt: seconds() };
			return { session, version: kept.version, cookies: cookiesOf(session) ?? [] };
		},
		async end({ id, createdAt }) {
			const ttl = (createdAt + lifetimes.absolute - seconds()) * 1000;
			if (ttl > 0) await store.put(space, id, sealing.seal(ended, changePlace(id)), { ttl });
		},
		clear: Array.from({ length: mostPieces }, (_, index) => clearCookie(pieceName(cookie.name, index))),
	};
}

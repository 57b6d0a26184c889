/** Where sessions are kept: behind a handle in the store, or sealed in the browser's own cookie. Both keep the same promises. */
import type { HeaderList, RequestView } from '#core/index';
import { cookieValues } from '#formats/cookie';
import { type CookieAttributes, formatHostCookie } from '#formats/host-cookie';
import type { Session } from './session.ts';

/** A session as it was found, and what its cookie should be from now on. */
export interface Kept {
	readonly session: Session;
	/** Of the record in the store; null: there is none. */
	readonly version: string | null;
	/** `Set-Cookie` fields; empty: the browser’s cookie is right as it is. */
	readonly cookies: HeaderList;
}

/** As much as its end needs. */
export type EndedSession = Pick<Session, 'id' | 'createdAt'> & Partial<Pick<Session, 'accessExpiresAt'>>;

/** Every method rejects with StoreUnavailable when the store does not answer. */
export interface Keeper {
	/** Under a new cookie, whatever the browser had before. Undefined: it is too large for one. */
	create(session: Omit<Session, 'id'>): Promise<Kept | undefined>;
	/** The session of this request's cookie; undefined: none, altered, ended or run out. */
	find(request: RequestView): Promise<Kept | undefined>;
	/** What is known of it now; undefined: it has ended. */
	reload(kept: Kept): Promise<Kept | undefined>;
	/** Writes `next` in its place, durably; undefined, and nothing is changed, when somebody else wrote or ended it meanwhile. */
	save(kept: Kept, next: Session): Promise<Kept | undefined>;
	/** Notes that it is in use; what else was written meanwhile stays. */
	touch(kept: Kept): Promise<Kept>;
	/** From now on its cookie counts for nothing, on every gateway. */
	end(session: EndedSession): Promise<void>;
	/** `Set-Cookie` fields that remove it from the browser. */
	readonly clear: HeaderList;
}

export interface CookieSettings {
	/** With its `__Host-`. */
	readonly name: string;
	readonly sameSite: CookieAttributes['sameSite'];
	/** Seconds that the browser keeps it; undefined: until it ends. */
	readonly maxAge: number | undefined;
}

/** The only value of a cookie; undefined where there is none, or more than one. */
export function cookieOf(request: RequestView, name: string): string | undefined {
	if (request.headerCount('cookie') !== 1) return undefined;
	const [value, second] = cookieValues(request.header('cookie') ?? '', name);
	return second === undefined ? value : undefined;
}

export function setCookie(
	name: string,
	value: string,
	{ sameSite, maxAge }: Omit<CookieSettings, 'name'>,
): readonly [string, string] {
	return ['set-cookie', formatHostCookie(name, value, { sameSite, maxAge })];
}

export function clearCookie(name: string): readonly [string, string] {
	return ['set-cookie', formatHostCookie(name, '', { sameSite: 'Lax', maxAge: 0 })];
}

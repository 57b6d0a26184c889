/**
 * What the gateway keeps of a browser session. It leaves this process sealed only, in the store or in the cookie, and is
 * read back with the distrust that anything from outside deserves. All times in seconds since the epoch.
 */
import { isJsonObject, type JsonObject, member } from '#core/index';
import { parseStrictJsonObject } from '#formats/strict-json';

export interface Session {
	/** Names it in the store and in records: never the cookie itself, and never to be guessed from it backwards. */
	readonly id: string;
	/** Of the access token's provider. */
	readonly issuer: string;
	readonly subject: string;
	/** `sid` of the ID token: the session at the provider, for its logout tokens. */
	readonly sid: string | undefined;
	/** Claims for the page. */
	readonly claims: JsonObject;
	readonly createdAt: number;
	/** The last moment of use that was written down. */
	readonly seenAt: number;
	readonly accessToken: string;
	readonly accessExpiresAt: number;
	/** When the access token came. */
	readonly refreshedAt: number;
	readonly refreshToken: string | undefined;
	/** How often the tokens were replaced: of two copies the one with more is newer. */
	readonly generation: number;
}

/** What tells a session from others, with nothing that opens it. */
export type SessionMark = Pick<Session, 'id' | 'issuer' | 'subject' | 'sid' | 'createdAt'>;

export interface Lifetimes {
	/** Seconds without a request. */
	readonly idle: number;
	/** Seconds from the login on, whatever happens. */
	readonly absolute: number;
}

const version = 1;

export function writeSession(session: Session): string {
	const { id: _, ...kept } = session;
	return JSON.stringify({ v: version, ...kept });
}

/** Undefined for what is no session of this version. `id` is where it was found. */
export function readSession(id: string, text: string): Session | undefined {
	const data = parseStrictJsonObject(text);
	if (data === undefined || member(data, 'v') !== version) return undefined;
	const textOf = (name: string) => {
		const value = member(data, name);
		return typeof value === 'string' ? value : undefined;
	};
	const numberOf = (name: string) => {
		const value = member(data, name);
		return typeof value === 'number' ? value : undefined;
	};
	const claims = member(data, 'claims');
	const [issuer, subject, accessToken] = [textOf('issuer'), textOf('subject'), textOf('accessToken')];
	const [createdAt, seenAt] = [numberOf('createdAt'), numberOf('seenAt')];
	const [accessExpiresAt, refreshedAt] = [numberOf('accessExpiresAt'), numberOf('refreshedAt')];
	const generation = numberOf('generation');
	if (
		issuer === undefined ||
		subject === undefined ||
		accessToken === undefined ||
		createdAt === undefined ||
		seenAt === undefined ||
		accessExpiresAt === undefined ||
		refreshedAt === undefined ||
		generation === undefined ||
		!isJsonObject(claims)
	) {
		return undefined;
	}
	return {
		id,
		issuer,
		subject,
		sid: textOf('sid'),
		claims,
		createdAt,
		seenAt,
		accessToken,
		accessExpiresAt,
		refreshedAt,
		refreshToken: textOf('refreshToken'),
		generation,
	};
}

/** When it ends although it is in use, in seconds since the epoch: with its access token, where nothing brings another one. */
export function endOf(session: Session, { absolute }: Lifetimes): number {
	const { createdAt, accessExpiresAt, refreshToken } = session;
	const end = createdAt + absolute;
	return refreshToken === undefined ? Math.min(end, accessExpiresAt) : end;
}

/** When it ends if it is not used any more, in seconds since the epoch. */
export function idleEndOf(session: Session, lifetimes: Lifetimes): number {
	return Math.min(endOf(session, lifetimes), session.seenAt + lifetimes.idle);
}

/** Seconds that are left of it; 0 or less: it is over. */
export function timeLeft(session: Session, lifetimes: Lifetimes, now: number): number {
	return idleEndOf(session, lifetimes) - now;
}

/** Whether this use is worth writing down: the idle time is kept to a tenth, with at most one write in that time. */
export function isUseNews({ seenAt }: Session, { idle }: Lifetimes, now: number): boolean {
	return now - seenAt >= idle / 10;
}

/**
 * What a security event (RFC 8417) says about credentials that must not be used any more. A back-channel logout token is
 * one; a receiver of further events adds a reader here and a `typ` to those that it takes, and nothing else changes:
 * whoever delivers a token verifies it like any JWT of the provider, and everything behind this file is denials.
 */
import { isJsonObject, type JsonObject, member, type Principal } from '#core/index';
import type { RevocationKind } from './revocation.ts';

/** A denial whose end is for whoever knows how long the provider's tokens live. */
export interface EventDenial {
	readonly kind: Exclude<RevocationKind, 'digest' | 'jti' | 'key'>;
	readonly value: string;
	/** Seconds since the epoch. */
	readonly issuedBefore: number | undefined;
}

/** Reads the member of `events` under its URI. `token`: verified, of this provider. A string says what is wrong. */
export type EventReader = (event: JsonObject, token: Principal) => readonly EventDenial[] | string;

/** OpenID Connect Back-Channel Logout 1.0 §2.4. */
export const backChannelLogout = 'http://schemas.openid.net/event/backchannel-logout';

export const logoutReaders: ReadonlyMap<string, EventReader> = new Map([[backChannelLogout, readLogout]]);

/** `sub`, `sid` or both (§2.4); the tokens of the subject that were issued before it, and the session whatever it issues. */
function readLogout(_event: JsonObject, { subject, claims, issuedAt }: Principal): readonly EventDenial[] | string {
	const sid = member(claims, 'sid');
	if (sid !== undefined && (typeof sid !== 'string' || sid === '')) return 'sid is no text';
	if (subject === undefined && sid === undefined) return 'neither sub nor sid';
	const denials: EventDenial[] = [];
	if (sid !== undefined) denials.push({ kind: 'session', value: sid, issuedBefore: undefined });
	// Access tokens need not name their session. Other sessions of the subject get new ones with their refresh tokens.
	if (subject !== undefined) denials.push({ kind: 'subject', value: subject, issuedBefore: issuedAt });
	return denials;
}

/** What all events of a verified token deny; a string for a token that holds anything that no reader knows. */
export function readEvents(
	token: Principal,
	readers: ReadonlyMap<string, EventReader>,
): readonly EventDenial[] | string {
	const events = member(token.claims, 'events');
	if (!isJsonObject(events)) return 'events is no object';
	const entries = Object.entries(events);
	if (entries.length === 0) return 'events is empty';
	const denials: EventDenial[] = [];
	for (const [uri, event] of entries) {
		const reader = readers.get(uri);
		if (reader === undefined) return 'an event that is not known here';
		if (!isJsonObject(event)) return 'an event that is no object';
		const read = reader(event, token);
		if (typeof read === 'string') return read;
		denials.push(...read);
	}
	return denials;
}

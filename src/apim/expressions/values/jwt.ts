/** Tokens taken apart for `AsJwt()`, and for the variable that a policy which has verified one leaves behind. */
import { type JsonObject, type JsonValue, member } from '#core/index';
import { decodeBase64 } from '#formats/base64';
import { parseCompactJws } from '#formats/compact-jws';
import { decodeUtf8 } from '#formats/utf8';
import { arrayOf, types } from '../types/type.ts';
import { DictionaryValue, ListValue } from './collection.ts';
import type { BasicObject, JwtObject } from './context.ts';
import { DateTimeValue, fromUnixSeconds, isTick } from './date-time.ts';

/**
 * The token in `text`, which may have the scheme `Bearer` in front; null when it is none. Read as strictly as a token
 * that is verified, so that the two never differ. Not checked: the signature, and everything else.
 */
export function readJwt(text: string): JwtObject | null {
	const token = text.replace(/^Bearer +/i, '').trim();
	const parsed = parseCompactJws(token);
	return typeof parsed === 'string' ? null : jwtObject(parsed.header, parsed.claims, token);
}

/** As the properties of `Jwt` show it. `text` is the token itself. */
export function jwtObject(header: JsonObject, claims: JsonObject, text: string): JwtObject {
	const dictionary = new DictionaryValue(types.string, arrayOf(types.string));
	for (const [name, value] of Object.entries(claims)) {
		const values = Array.isArray(value) ? (value as readonly JsonValue[]).map(claimText) : [claimText(value)];
		dictionary.entries.set(name, { key: name, value: new ListValue('array', types.string, values) });
	}
	const audience = member(claims, 'aud');
	const audiences = Array.isArray(audience)
		? (audience as readonly JsonValue[])
		: audience === undefined
			? []
			: [audience];
	return {
		kind: 'Jwt',
		algorithm: textMember(header, 'alg') ?? '',
		type: textMember(header, 'typ') ?? '',
		id: textMember(claims, 'jti'),
		issuer: textMember(claims, 'iss'),
		subject: textMember(claims, 'sub'),
		audiences: audiences.map(claimText),
		expirationTime: timeMember(claims, 'exp'),
		notBefore: timeMember(claims, 'nbf'),
		issuedAt: timeMember(claims, 'iat'),
		claims: dictionary,
		text,
	};
}

/** Texts as they are, everything else as JSON writes it. */
function claimText(value: JsonValue): string {
	return typeof value === 'string' ? value : JSON.stringify(value);
}

function textMember(object: JsonObject, name: string): string | null {
	const value = member(object, name);
	return typeof value === 'string' ? value : null;
}

function timeMember(claims: JsonObject, name: string): DateTimeValue | null {
	const seconds = member(claims, name);
	if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return null;
	const ticks = fromUnixSeconds(BigInt(Math.floor(seconds)));
	return isTick(ticks) ? new DateTimeValue(ticks, 'Utc') : null;
}

/** User and password of `Basic …` (RFC 7617 §2); null when it is none. */
export function readBasic(text: string): BasicObject | null {
	const octets = decodeBase64(text.trim().replace(/^Basic +/i, ''));
	const pair = octets === null ? null : decodeUtf8(octets);
	const colon = pair?.indexOf(':') ?? -1;
	if (pair === null || colon < 0) return null;
	return { kind: 'BasicAuthCredentials', userId: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

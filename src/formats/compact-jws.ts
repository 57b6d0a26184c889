/**
 * The compact JWS (RFC 7515 §7.1) as it carries a JWT (RFC 7519 §7.2), read with the strictness of RFC 8725: one spelling
 * for one token, no extension that is not understood, no nesting. Nothing here is believed yet: no signature is checked.
 */
import { type JsonObject, member, type UnverifiedJws } from '#core/index';
import { decodeBase64urlInto, decodedLength } from './base64url.ts';
import { KnownTexts } from './known-texts.ts';
import { briefOctets } from './octets.ts';
import { decodeStrictJsonObject } from './strict-json.ts';
import { decodeUtf8, encodeAsciiInto, encodeUtf8 } from './utf8.ts';

/** Names that the specifications define themselves: RFC 7515 §4.1, RFC 7516 §4.1, RFC 7518 §4, RFC 7519 §4.1. */
const registeredNames: ReadonlySet<string> = new Set(
	(
		'alg jku jwk kid x5u x5c x5t x5t#S256 typ cty crit enc zip epk apu apv iv tag p2s p2c ' +
		'iss sub aud exp nbf iat jti'
	).split(' '),
);

/**
 * Takes a compact JWS apart. The answer is a string when it is not one: what is wrong, for the operator; it never holds a
 * part of the token. Checked: three segments; strict base64url, UTF-8 and JSON objects without repeated members; `alg` a
 * string that is not empty; `kid`, `typ` and `cty` strings where present; no `crit` (RFC 7515 §4.1.11: no extension is
 * understood), `b64` (RFC 7797 §7), `zip` or `enc`; no nested JWT (RFC 7519 §5.2). `jku`, `jwk`, `x5u` and `x5c` are left
 * alone and must stay unused. Not checked: the signature, `alg` against anything, the claims, and the length of the
 * token. An empty signature passes, so that `alg: none` is refused for what it is. Never throws.
 */
export function parseCompactJws(token: string): UnverifiedJws | string {
	const first = token.indexOf('.');
	const second = first < 0 ? -1 : token.indexOf('.', first + 1);
	if (second < 0 || token.includes('.', second + 1)) return segmentsFault(token);

	const coded = encodeToken(token);
	const header = readHeader(token, coded, first);
	if (typeof header === 'string') return header;
	const claims = decodeObject(coded, first + 1, second, 'payload', 2);
	if (typeof claims === 'string') return claims;
	const length = decodedLength(token.length - second - 1);
	const signature = briefOctets(Math.max(0, length));
	if (length < 0 || !decodeBase64urlInto(signature, coded, second + 1, token.length))
		return 'segment 3 is not base64url';
	const signingInput = briefOctets(second);
	signingInput.set(coded.subarray(0, second));
	return { header, claims, signingInput, signature };
}

/**
 * Whether `token` has the shape of a compact JWS: three segments, the first of which begins with a `{` in base64url.
 * Cheap, and says nothing more: what it lets through may still be malformed.
 */
export function looksLikeCompactJws(token: string): boolean {
	if (!isJoseObject(token)) return false;
	const first = token.indexOf('.');
	const second = first < 0 ? -1 : token.indexOf('.', first + 1);
	return second >= 0 && !token.includes('.', second + 1);
}

/** Whether `token` begins as a base64url JSON object without leading white space does. */
export function isJoseObject(token: string): boolean {
	// The octet `{` is the sextet `e` and two set bits at the top of the next one.
	return token.charCodeAt(0) === 0x65 && /[w-z0-9_-]/.test(token.charAt(1));
}

function segmentsFault(token: string): string {
	let segments = 1;
	for (let dot = token.indexOf('.'); dot >= 0 && segments < 6; dot = token.indexOf('.', dot + 1)) segments++;
	switch (segments) {
		case 1:
			return 'one segment: not a compact JWS';
		case 2:
			return 'two segments: is the signature cut off?';
		case 5:
			return 'five segments: an encrypted token (JWE), for which the provider has no decryption_keys';
		default:
			return segments === 4 ? 'four segments instead of three' : 'more than five segments instead of three';
	}
}

/** The token that is being read, and what one of its segments stands for: of no use once the reading has ended. */
const codedOctets = new Uint8Array(8_192);
const segmentOctets = new Uint8Array(6_144);

/** An octet a character. What is not ASCII becomes `!`, which is not base64url either. */
function encodeToken(token: string): Uint8Array {
	return encodeAsciiInto(token, codedOctets) ? codedOctets : encodeUtf8(token.replace(/[^\0-\x7f]/g, '!'));
}

/**
 * Headers by their whole segment, which says nothing about the tokens that begin with it: all tokens of a key begin alike.
 * Only those that are good get in, and nobody can change one.
 */
const headers = new KnownTexts<JsonObject>(256);

function readHeader(token: string, coded: Uint8Array, length: number): JsonObject | string {
	const known = headers.find(token.slice(0, length));
	if (known !== undefined) return known;
	const header = decodeObject(coded, 0, length, 'header', 1);
	if (typeof header === 'string') return header;
	const fault = headerFault(header);
	if (fault !== undefined) return fault;
	// A header with a key in it is one client's: it would push out those that come again.
	const isFlat = Object.values(header).every((value) => typeof value !== 'object');
	// Its own text: a part of the token's would keep the head of its request alive.
	const text = isFlat ? decodeUtf8(coded.subarray(0, length)) : null;
	if (text !== null) headers.keep(text, Object.freeze(header));
	return header;
}

function decodeObject(
	coded: Uint8Array,
	from: number,
	to: number,
	what: 'header' | 'payload',
	position: number,
): JsonObject | string {
	if (from === to) return `segment ${position} (${what}) is empty`;
	const length = decodedLength(to - from);
	const octets = length <= segmentOctets.length ? segmentOctets : new Uint8Array(length);
	if (length < 0 || !decodeBase64urlInto(octets, coded, from, to)) return `segment ${position} is not base64url`;
	const object = decodeStrictJsonObject(octets.subarray(0, length));
	if (object === null) return `${what} is not UTF-8`;
	return object ?? `${what} is not a JSON object, or repeats a member`;
}

function headerFault(header: JsonObject): string | undefined {
	const algorithm = member(header, 'alg');
	if (typeof algorithm !== 'string' || algorithm === '') return 'alg is missing, or not a string';
	for (const name of ['kid', 'typ', 'cty']) {
		const value = member(header, name);
		if (value !== undefined && typeof value !== 'string') return `${name} is not a string`;
	}
	if (Object.hasOwn(header, 'enc')) return 'header has enc: an encrypted token (JWE)';
	if (Object.hasOwn(header, 'b64')) return 'header has b64, which a JWT must not use (RFC 7797 §7)';
	if (Object.hasOwn(header, 'zip')) return 'header has zip: compression is not accepted';
	if (isNestedJwt(member(header, 'cty'))) return 'cty says JWT: nested tokens are not accepted';
	return Object.hasOwn(header, 'crit') ? critFault(header) : undefined;
}

/** Media types are compared without regard to case, and `application/` may be left out (RFC 7515 §4.1.10). */
function isNestedJwt(contentType: unknown): boolean {
	return typeof contentType === 'string' && /^(?:application\/)?jwt$/i.test(contentType.trim());
}

/** Any `crit` is refused; this only says why. */
function critFault(header: JsonObject): string {
	const names = member(header, 'crit');
	if (!Array.isArray(names)) return 'crit is not a list';
	if (names.length === 0) return 'crit is empty';
	const seen = new Set<string>();
	for (const name of names as readonly unknown[]) {
		if (typeof name !== 'string') return 'crit holds something that is not a string';
		if (registeredNames.has(name)) return `crit names ${name}, a registered parameter`;
		if (seen.has(name)) return 'crit names a parameter twice';
		if (!Object.hasOwn(header, name)) return 'crit names a parameter that the header lacks';
		seen.add(name);
	}
	return 'crit names an extension that is not understood';
}

/** A DPoP proof (RFC 9449 §4.2) taken apart, with the checks of §4.3 that need nothing but the proof. Nothing is believed. */
import { isJsonObject, type JsonObject, member, type UnverifiedJws } from '#core/index';
import { parseCompactJws } from './compact-jws.ts';

export interface UnverifiedProof {
	readonly jws: UnverifiedJws;
	/** `alg`, whatever it says. */
	readonly algorithm: string;
	/** Public members only; not yet known to be a key. */
	readonly jwk: JsonObject;
	readonly id: string;
	readonly method: string;
	readonly url: string;
	/** Seconds since the epoch. */
	readonly issuedAt: number;
	readonly tokenDigest: string | undefined;
	readonly nonce: string | undefined;
}

/** Characters: a proof with an RSA key of 8192 bits has about 3,500. */
const longest = 8_192;
/** Of `jti`; what is kept of it is a digest. */
const longestId = 256;
/** What a JWK must not have to be public (RFC 7517 §9.2, RFC 7518 §6.2.2, §6.3.2, §6.4, RFC 8037 §2). */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/**
 * The value of the one DPoP field, or what is wrong with it, in words that hold no part of it. Checked (§4.3, items 2–4,
 * 7 in part): one compact JWS, in the strict sense of `parseCompactJws`; `typ` is `dpop+jwt`, a media type and so without
 * regard to case (RFC 7515 §4.1.9); `jwk` is a JSON object without private members; `jti`, `htm` and `htu` are texts, `jti`
 * of 1 to 256 characters; `iat` is a number; `ath` and `nonce` are texts where present. Not checked: everything else.
 */
export function parseDpopProof(text: string): UnverifiedProof | string {
	if (text.length > longest) return `a proof of more than ${longest} characters`;
	const jws = parseCompactJws(text);
	if (typeof jws === 'string') return jws;
	const { header, claims } = jws;
	const algorithm = member(header, 'alg');
	if (typeof algorithm !== 'string') return 'alg is not a text';
	const type = member(header, 'typ');
	if (typeof type !== 'string' || !/^(?:application\/)?dpop\+jwt$/i.test(type)) return 'typ is not dpop+jwt';
	const jwk = member(header, 'jwk');
	if (!isJsonObject(jwk)) return 'jwk is not a JSON object';
	if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return 'jwk has private members';

	const id = member(claims, 'jti');
	if (typeof id !== 'string' || id === '' || id.length > longestId) {
		return `jti is not a text of 1 to ${longestId} characters`;
	}
	const method = member(claims, 'htm');
	if (typeof method !== 'string') return 'htm is not a text';
	const url = member(claims, 'htu');
	if (typeof url !== 'string') return 'htu is not a text';
	const issuedAt = member(claims, 'iat');
	if (typeof issuedAt !== 'number') return 'iat is not a number';
	const tokenDigest = member(claims, 'ath');
	if (tokenDigest !== undefined && typeof tokenDigest !== 'string') return 'ath is not a text';
	const nonce = member(claims, 'nonce');
	if (nonce !== undefined && typeof nonce !== 'string') return 'nonce is not a text';
	return { jws, algorithm, jwk, id, method, url, issuedAt, tokenDigest, nonce };
}

/**
 * What a token endpoint answers (RFC 6749 §5, RFC 8693 §2.2), read with suspicion: a token that we could not use or not
 * bound is none. Nothing of an answer goes into a message but a plain error code.
 */
import { type FetchedDocument, type JsonObject, type JsonValue, member } from '#core/index';
import { looksLikeCompactJws, parseCompactJws } from '#formats/compact-jws';
import { parseStrictJsonObject } from '#formats/strict-json';

export interface IssuedToken {
	readonly token: string;
	/** `issued_token_type` (RFC 8693 §2.2.1). */
	readonly type: string | undefined;
	/** `scope`; undefined: as asked for (RFC 6749 §5.1). */
	readonly scopes: readonly string[] | undefined;
	/** Seconds from the answer on that it lives, by `expires_in` and its own `exp`; undefined: nobody says. */
	readonly lifetime: number | undefined;
	readonly hasRefreshToken: boolean;
	/** What it says of itself where it is a JWT that can be read. Not verified: that is for whoever it is meant for. */
	readonly claims: JsonObject | undefined;
}

export type TokenAnswer =
	| { readonly kind: 'issued'; readonly issued: IssuedToken }
	/** `error` (RFC 6749 §5.2) where it is one plain word, else the status. */
	| { readonly kind: 'refused'; readonly error: string }
	/** No answer that means anything; the server's failure. */
	| { readonly kind: 'unusable'; readonly why: string };

/** Octets. What is longer fits into no request. */
const longestToken = 32_768;

/** `now`: seconds since the epoch. Never throws. */
export function readTokenAnswer({ status, body }: FetchedDocument, now: number): TokenAnswer {
	if (status === 200) return readIssued(body, now);
	const isRefusal = status >= 400 && status < 500 && status !== 408 && status !== 429;
	if (!isRefusal) return unusable(`the token endpoint answered ${status}`);
	const answer = parseStrictJsonObject(body);
	const error = answer === undefined ? undefined : member(answer, 'error');
	const isWord = typeof error === 'string' && /^[a-z_]{1,48}$/.test(error);
	return isWord ? { kind: 'refused', error } : unusable(`the token endpoint answered ${status} without an error code`);
}

function readIssued(body: string, now: number): TokenAnswer {
	const answer = parseStrictJsonObject(body);
	if (answer === undefined) return unusable('the token endpoint did not answer with a JSON object');
	const token = member(answer, 'access_token');
	if (typeof token !== 'string' || !isBearerToken(token)) {
		return unusable('the answer of the token endpoint holds no access_token that can be used');
	}
	const kind = member(answer, 'token_type');
	if (typeof kind !== 'string' || kind.toLowerCase() !== 'bearer') {
		return unusable('the token endpoint issued a token whose token_type is not Bearer');
	}
	const claims = claimsOf(token);
	const lifetime = readLifetime(answer, claims, now);
	if (typeof lifetime === 'string') return unusable(lifetime);
	const scope = member(answer, 'scope');
	if (scope !== undefined && scope !== null && typeof scope !== 'string') {
		return unusable('the scope in the answer of the token endpoint is not a string');
	}
	const type = member(answer, 'issued_token_type');
	return {
		kind: 'issued',
		issued: {
			token,
			type: typeof type === 'string' ? type : undefined,
			scopes: typeof scope === 'string' ? scopesIn(scope) : undefined,
			lifetime,
			hasRefreshToken: (member(answer, 'refresh_token') ?? null) !== null,
			claims,
		},
	};
}

/** RFC 6750 §2.1, so that it can stand in a header field. */
export function isBearerToken(text: string): boolean {
	return text.length <= longestToken && /^[A-Za-z0-9\-._~+/]+=*$/.test(text);
}

export function scopesIn(text: string): readonly string[] {
	return text.split(' ').filter((scope) => scope !== '');
}

/** What a token says of itself where it is a JWT that can be read. Not verified. */
export function claimsOf(token: string): JsonObject | undefined {
	if (!looksLikeCompactJws(token)) return undefined;
	const jws = parseCompactJws(token);
	return typeof jws === 'string' ? undefined : jws.claims;
}

/** The shortest of all that is said. Azure writes numbers as text, and on App Service the end in place of the time. */
function readLifetime(answer: JsonObject, claims: JsonObject | undefined, now: number): number | string | undefined {
	const said = numberOf(member(answer, 'expires_in'));
	const until = numberOf(member(answer, 'expires_on'));
	if (Number.isNaN(said) || Number.isNaN(until)) {
		return 'expires_in in the answer of the token endpoint is not a number';
	}
	const end = claims === undefined ? undefined : member(claims, 'exp');
	const bounds = [
		...(said === undefined ? [] : [said]),
		...(until === undefined ? [] : [until - now]),
		...(typeof end === 'number' ? [end - now] : []),
	];
	if (bounds.length === 0) return undefined;
	const lifetime = Math.min(...bounds);
	return lifetime > 0 ? lifetime : 'the token endpoint issued a token that has expired';
}

function unusable(why: string): TokenAnswer {
	return { kind: 'unusable', why };
}

/** NaN for what is no number. */
function numberOf(value: JsonValue | undefined): number | undefined {
	if (value === undefined || value === null) return undefined;
	if (typeof value === 'string' && /^[0-9]{1,10}$/.test(value)) return Number(value);
	return typeof value === 'number' ? value : Number.NaN;
}

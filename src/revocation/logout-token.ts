/**
 * Is this verified JWT a logout token that counts (OpenID Connect Back-Channel Logout 1.0 §2.6)? The signature, `iss` and
 * the algorithm have been checked by whoever calls this.
 */
import { member, type Principal } from '#core/index';
import { type EventDenial, logoutReaders, readEvents } from './security-events.ts';

export interface LogoutTokenRules {
	/** Any of. */
	readonly audience: readonly string[];
	/** Seconds by which clocks may differ. */
	readonly clockSkew: number;
	/** Seconds since the epoch. */
	readonly now: number;
}

/** Seconds for which a logout token may be under way. A provider that delivers later must make another one. */
export const logoutWindow = 300;

export interface LogoutToken {
	/** Of this issuer alone, and to be seen once. */
	readonly jti: string;
	readonly denials: readonly EventDenial[];
}

/** A string says what is wrong, and repeats nothing of the token. */
export function readLogoutToken(
	token: Principal,
	{ audience, clockSkew, now }: LogoutTokenRules,
): LogoutToken | string {
	const { type, audiences, issuedAt, expiresAt, claims } = token;
	// §2.4 recommends it; without it only the absence of a nonce would tell it from an ID token.
	if (type !== 'logout+jwt') return 'typ is not logout+jwt';
	if (!audiences.some((aud) => audience.includes(aud))) return 'aud is somebody else';
	if (issuedAt === undefined) return 'no iat';
	if (issuedAt > now + clockSkew) return 'iat is ahead';
	if (now - issuedAt > logoutWindow + clockSkew) return 'iat is too long ago';
	if (expiresAt !== undefined && now >= expiresAt + clockSkew) return 'it has expired';
	if (Object.hasOwn(claims, 'nonce')) return 'it has a nonce';
	const jti = member(claims, 'jti');
	if (typeof jti !== 'string' || jti === '') return 'no jti';
	const denials = readEvents(token, logoutReaders);
	return typeof denials === 'string' ? denials : { jti, denials };
}

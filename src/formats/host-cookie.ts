/** The Set-Cookie field as a server that is careful writes it (RFC 6265bis §4.1): one spelling, every attribute said. */

export interface CookieAttributes {
	readonly sameSite: 'Lax' | 'Strict';
	/** Seconds; undefined: until the browser ends; 0 or less removes it. */
	readonly maxAge: number | undefined;
}

/** RFC 6265bis §4.1.1 cookie-octet, without the characters that servers are known to read in two ways. */
const cookieValue = /^[A-Za-z0-9\-._~+/=]*$/;

/**
 * A `__Host-` cookie (§4.1.3.2): of this host alone, for every path, over TLS alone, out of reach of scripts. Throws for a
 * name or value that could be read as anything else.
 */
export function formatHostCookie(name: string, value: string, { sameSite, maxAge }: CookieAttributes): string {
	if (!isHostCookieName(name)) throw new Error('a session cookie begins with __Host-');
	if (!cookieValue.test(value)) throw new Error('a cookie value holds a character that it may not');
	const age = maxAge === undefined ? '' : `; Max-Age=${Math.max(0, Math.floor(maxAge))}`;
	return `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${sameSite}${age}`;
}

/** What follows the prefix is a token (RFC 9110 §5.6.2) of letters, digits, `.`, `_` and `-`. */
export function isHostCookieName(name: string): boolean {
	return /^__Host-[A-Za-z0-9._-]{1,64}$/.test(name);
}

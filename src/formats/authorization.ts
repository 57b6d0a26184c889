/** The Authorization field (RFC 9110 §11.6.2) and the b64token that Bearer and DPoP put in it (RFC 6750 §2.1, RFC 9449 §7.1). */

const schemeAndRest = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?: +([^ ][^]*))?$/;
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/;
/** Schemes whose credential is one b64token. */
const tokenSchemes: ReadonlySet<string> = new Set(['bearer', 'dpop']);

/** One credential, its scheme in lower case. */
export interface ParsedAuthorization {
	readonly scheme: string;
	readonly token: string;
}

/**
 * Scheme and credential of a field value, as received. `malformed` when there is no scheme, when anything but spaces
 * follows it, or when a `bearer` or `dpop` credential is not exactly one b64token: missing, quoted, with a comma or white
 * space in it, or a JSON text. The credential of any other scheme is returned unread, and may be empty. Not checked:
 * whether the token is of any use, and its length. Never throws.
 */
export function parseAuthorization(value: string): ParsedAuthorization | 'malformed' {
	const parsed = splitAuthorization(value);
	return parsed === 'malformed' || isWellFormed(parsed) ? parsed : 'malformed';
}

/** The same without a look at the credential: it may be anything, and is to be given to `isWellFormed` before it counts. */
export function splitAuthorization(value: string): ParsedAuthorization | 'malformed' {
	// As nearly every client writes it; the general form below reads it the same.
	if (value.startsWith('Bearer ') && value.charCodeAt(7) !== 0x20) return { scheme: 'bearer', token: value.slice(7) };
	const match = schemeAndRest.exec(value);
	if (match === null) return 'malformed';
	return { scheme: (match[1] ?? '').toLowerCase(), token: match[2] ?? '' };
}

/** Whether a `bearer` or `dpop` credential is one b64token. True for any other scheme, whatever stands behind it. */
export function isWellFormed({ scheme, token }: ParsedAuthorization): boolean {
	return !tokenSchemes.has(scheme) || b64token.test(token);
}

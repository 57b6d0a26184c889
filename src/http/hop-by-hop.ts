/**
 * Which field lines concern one connection only and never travel on (RFC 9110 §7.6.1), in either direction.
 */

/** Canonical names. */
const hopByHop: ReadonlySet<string> = new Set([
	'connection',
	'keep-alive',
	'proxy-connection',
	'proxy-authenticate',
	'proxy-authorization',
	'proxy-authentication-info',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
	'http2-settings',
]);

/**
 * Lower-case, and `-` for whatever is neither letter nor digit: backends that hand fields on as variables (CGI, RFC 3875
 * §4.1.18) write `_` for `-`, and some of them for every other character as well.
 */
export function canonicalName(name: string): string {
	const lower = name.toLowerCase();
	return /[^a-z0-9-]/.test(lower) ? lower.replaceAll(/[^a-z0-9]/g, '-') : lower;
}

/** True for a canonical name that never travels on. */
export function isHopByHop(canonical: string): boolean {
	return hopByHop.has(canonical);
}

/**
 * The fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): lists of structured fields (RFC
 * 9651), one item a limit. The draft counts in windows and a bucket has none, so `t` says when all of it is there again.
 */

/** Name of a limit that can stand in a quoted string as it is. */
export function isPolicyName(name: string): boolean {
	return /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name);
}

/** `"name";q=100;w=60`: that many requests in that many seconds. */
export function formatPolicy(name: string, quota: number, window: number): string {
	return `"${name}";q=${quota};w=${Math.max(1, Math.ceil(window))}`;
}

/** `"name";r=42;t=12`: requests that are left now, and seconds until all are there again. */
export function formatServiceLimit(name: string, remaining: number, seconds: number): string {
	return `"${name}";r=${remaining};t=${Math.ceil(seconds)}`;
}

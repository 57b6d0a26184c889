/**
 * Cross-site request forgery: a browser adds the cookie to whatever a page of another site makes it send, as far as
 * SameSite lets it, and to everything that pages of sibling domains send. So a request that may change something must
 * show where it comes from (Fetch Metadata, Origin of RFC 6454 §7), and a header that no form can send.
 */
import type { RequestView } from '#core/index';

export interface ForgeryRules {
	/** As browsers write it in `Origin`. */
	readonly origin: string;
	/** Lower-case name of the field that scripts must send; undefined: none is wanted. */
	readonly header: string | undefined;
}

/** RFC 9110 §9.2.1. */
const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** What is wrong with this request, in words for records; null: nothing. */
export function forgeryIn(request: RequestView, { origin, header }: ForgeryRules): string | null {
	// Browsers let every site open a WebSocket, and nobody but the server looks where it comes from (RFC 6455 §10.2).
	const isUpgrade = request.headerCount('upgrade') > 0 || request.method === 'CONNECT';
	if (safe.has(request.method)) return isUpgrade ? elsewhere(request, origin) : null;
	const problem = elsewhere(request, origin);
	if (problem !== null || header === undefined || isUpgrade) return problem;
	return request.headerCount(header) === 1 ? null : `no ${header} header`;
}

/** Whether this comes from anywhere but a page of this origin; who says nothing about it may come from anywhere. */
export function elsewhere(request: RequestView, origin: string): string | null {
	const origins = request.headerCount('origin');
	const sites = request.headerCount('sec-fetch-site');
	if (origins > 1 || sites > 1) return 'Origin or Sec-Fetch-Site more than once';
	if (origins === 0 && sites === 0) return 'neither Origin nor Sec-Fetch-Site';
	if (sites === 1 && request.header('sec-fetch-site') !== 'same-origin') return 'Sec-Fetch-Site is not same-origin';
	if (origins === 1 && request.header('origin') !== origin) return 'another Origin';
	return null;
}

/** Is this a person who goes to a page, or a script that calls an API? The one is sent to the login, the other one told. */
import type { RequestView } from '#core/index';

/** A GET that would show its answer as a page of its own. A frame is none: a login within one would be somebody else's page around it. */
export function isNavigation(request: RequestView): boolean {
	if (request.method !== 'GET' && request.method !== 'HEAD') return false;
	return request.headerCount('upgrade') === 0 && showsPage(request);
}

/**
 * Whether the browser shows the answer: by Fetch Metadata, where it sends that; else by an `Accept` that names HTML, as
 * older browsers send it with navigations and scripts do not.
 */
export function showsPage(request: RequestView): boolean {
	const mode = request.header('sec-fetch-mode');
	if (mode !== undefined) {
		const destination = request.header('sec-fetch-dest');
		return mode === 'navigate' && (destination === undefined || destination === 'document');
	}
	return /(?:^|[\s,])text\/html(?:[\s,;]|$)/i.test(request.header('accept') ?? '');
}

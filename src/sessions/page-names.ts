/** What records and metrics call the pages of sessions, in the place of a route's name. */

const pages = ['login', 'callback', 'logout', 'userinfo', 'backchannel_logout'] as const;
export type PageWord = (typeof pages)[number];

export function pageName(sessions: string, page: PageWord): string {
	return `sessions.${sessions}.${page}`;
}

/** Of all its pages. */
export function pageNames(sessions: string): readonly string[] {
	return pages.map((page) => pageName(sessions, page));
}

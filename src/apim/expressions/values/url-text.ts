/** The URLs of `context`. */
import type { UrlObject } from './context.ts';

const usual: Readonly<Record<string, number>> = { http: 80, https: 443, ws: 80, wss: 443 };

/** The whole URL; the port only when it is not the scheme's own. */
export function urlText(url: UrlObject): string {
	const port = usual[url.scheme] === url.port ? '' : `:${url.port}`;
	return `${url.scheme}://${url.host}${port}${url.path}${url.queryString}`;
}

/**
 * Resources as signatures name them: `sb://host/path`, `https://host/path`, or `host/path`. Compared part by part and
 * segment by segment, after the normalisation that request paths go through, so that both mean the same by a path.
 */
import { parseRequestTarget } from '../request-target.ts';

export interface Resource {
	/** Lower-case; empty where there is none. */
	readonly scheme: string;
	/** Host and port, lower-case. */
	readonly authority: string;
	/** Normalised; at least `/`. */
	readonly path: string;
}

const form =
	/^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?([A-Za-z0-9._-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?)(\/[^]*)?$/;
const defaultPorts: Readonly<Record<string, string>> = { http: ':80', https: ':443' };

/** Undefined for what is no resource: userinfo, a query, a fragment, or a path that can be read in two ways. */
export function parseResource(text: string): Resource | undefined {
	const match = form.exec(text);
	if (match === null) return undefined;
	const scheme = (match[1] ?? '').toLowerCase();
	const named = (match[2] ?? '').toLowerCase();
	const target = parseRequestTarget(match[3] ?? '/', { encodedSlash: false });
	if (typeof target === 'string' || target.query !== '') return undefined;
	const port = Object.hasOwn(defaultPorts, scheme) ? (defaultPorts[scheme] ?? '') : '';
	const authority = port !== '' && named.endsWith(port) ? named.slice(0, -port.length) : named;
	return { scheme, authority, path: target.path };
}

/** Whether `resource` lies within `root`: same scheme, same host and port, and at its path or below. */
export function isWithin(root: Resource, resource: Resource): boolean {
	return root.scheme === resource.scheme && root.authority === resource.authority && isBelow(root.path, resource.path);
}

/**
 * Whether `path` is `prefix` or lies below it, on a segment boundary: `/a` has `/a`, `/a/` and `/a/b` below it, but
 * neither `/ab` nor `/A`; `/a/` has `/a/b`, but not `/a`. Both normalised.
 */
export function isBelow(prefix: string, path: string): boolean {
	if (!path.startsWith(prefix)) return false;
	return prefix.endsWith('/') || path.length === prefix.length || path[prefix.length] === '/';
}

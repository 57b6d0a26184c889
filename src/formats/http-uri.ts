/**
 * An http or https URI without query and fragment, in the one spelling in which two of them are compared: case,
 * percent-encoding and path segments (RFC 3986 §6.2.2), scheme-based (§6.2.3). What differs beyond that is another URI: a
 * slash at the end, `:` and `%3A`, an empty segment.
 */
import { parseHost } from './host.ts';
import { normalisePath } from './request-target.ts';

export interface HttpUriParts {
	readonly scheme: 'http' | 'https';
	/** As `parseHost` gives it. */
	readonly host: string;
	readonly port: number | undefined;
	/** Normalised, without dot segments; begins with `/`. */
	readonly path: string;
}

const uri = /^(https?):\/\/([^/?#@\\]+)((?:\/[^?#]*)?)(?:[?#][^]*)?$/i;

/**
 * Undefined for what is no such URI, or is not one that Countersign routes: another scheme, userinfo, a host that
 * `parseHost` refuses, a bad percent-encoding, anything but printable ASCII before the query. Linear time.
 */
export function normaliseHttpUri(text: string): string | undefined {
	const match = uri.exec(text);
	if (match === null) return undefined;
	const [, scheme = '', authority = '', path = ''] = match;
	// RFC 3986 §3.2.3: an empty port is the default one.
	const host = parseHost(authority.endsWith(':') ? authority.slice(0, -1) : authority);
	if (host === undefined || /[^\x21-\x7e]|\\|%(?![0-9A-Fa-f]{2})/.test(path)) return undefined;
	return formatHttpUri({
		scheme: scheme.toLowerCase() === 'http' ? 'http' : 'https',
		host: host.name,
		port: host.port,
		path: withoutDotSegments(path === '' ? '/' : normalisePath(path)),
	});
}

export function formatHttpUri({ scheme, host, port, path }: HttpUriParts): string {
	const written = port === undefined || port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`;
	return `${scheme}://${host}${written}${path}`;
}

/** RFC 3986 §5.2.4 for a path that begins with `/`. */
function withoutDotSegments(path: string): string {
	if (!path.includes('/.')) return path;
	const kept: string[] = [];
	const segments = path.slice(1).split('/');
	for (const [index, segment] of segments.entries()) {
		const isDots = segment === '.' || segment === '..';
		if (segment === '..') kept.pop();
		if (!isDots) kept.push(segment);
		else if (index === segments.length - 1) kept.push('');
	}
	return `/${kept.join('/')}`;
}

/** The URL that a client called, as far as it counts for a DPoP proof: without query, in the one normal spelling. */
import type { Evidence } from '#core/index';
import { parseHost } from '#formats/host';
import { formatHttpUri } from '#formats/http-uri';
import type { HostMatcher } from './host-matcher.ts';

/**
 * The host in the URLs of a route; undefined: the one that a request names. A route for several hosts takes the one that it
 * was matched by; a route for every host takes that of `publicUrl`, so that nobody can pass on a proof that was made for
 * himself by naming his own host.
 */
export function hostOfUrls(host: HostMatcher | undefined, publicUrl: string | undefined): string | undefined {
	if (host !== undefined) return host.exact ? host.shape : undefined;
	return publicUrl === undefined ? undefined : originOf(publicUrl).host;
}

/**
 * Scheme and port are those of `publicUrl`, since something in front may have ended TLS; the host is the route's; the path
 * is that of the request. What a header claims about any of these is not looked at. Without `publicUrl` the connection and
 * Host stand for it.
 */
export function createUrlOf(publicUrl: string | undefined): (evidence: Evidence) => string {
	const known = publicUrl === undefined ? undefined : originOf(publicUrl);
	return ({ request, path, urlHost }) => {
		const asked = parseHost(request.host);
		return formatHttpUri({
			scheme: known?.scheme ?? request.scheme,
			host: urlHost ?? asked?.name ?? '',
			port: known === undefined ? asked?.port : known.port,
			path,
		});
	};
}

interface Origin {
	readonly scheme: 'http' | 'https';
	readonly host: string;
	readonly port: number | undefined;
}

/** Of an origin as the configuration has it: lower-case, without a path. */
function originOf(publicUrl: string): Origin {
	const authority = parseHost(publicUrl.slice(publicUrl.indexOf('//') + 2));
	if (authority === undefined) throw new Error('public_url is no origin');
	return { scheme: publicUrl.startsWith('https:') ? 'https' : 'http', host: authority.name, port: authority.port };
}

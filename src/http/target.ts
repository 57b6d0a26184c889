/** Which host a request is for, and whether its connection was made for that host. */
import type { RequestView } from '#core/index';
import { parseHost } from '#formats/host';
import { parseRequestTarget } from '#formats/request-target';
import type { Peer } from './peer.ts';

/** The authority of an absolute-form target, which stands above Host (RFC 9112 §3.2.2), or else Host as received. */
export function effectiveHost(view: RequestView): string {
	if (view.target.startsWith('/')) return view.host;
	const target = parseRequestTarget(view.target, { encodedSlash: true });
	return typeof target === 'string' ? view.host : (target.authority ?? view.host);
}

/**
 * Whether a request came on a connection whose TLS handshake named another host (421, RFC 9110 §15.5.20). Only where the
 * listener asks for client certificates: elsewhere a handshake decides nothing. A client that names no host in its
 * handshake contradicts nothing; what no host can be is for the route to refuse.
 */
export function isMisdirected(view: RequestView, peer: Peer): boolean {
	if (!peer.isMutual || peer.serverName === undefined) return false;
	const host = parseHost(effectiveHost(view));
	return host !== undefined && host.name !== parseHost(peer.serverName)?.name;
}

/**
 * The address that a request is counted for: of the peer of its connection. Only where that is a trusted proxy, what the
 * proxy says of its own peer, read from the end of X-Forwarded-For, so that nothing which a client wrote itself is read.
 */
import type { RequestView } from '#core/index';
import { formatIp, type IpAddress, parseIp } from '#formats/ip';

/** Proxies in a row that are followed. */
const mostHops = 16;

/** Peers whose addresses were read lately; bounded, since a flood of them empties it. */
const mostKnown = 10_000;

/**
 * IPv6 addresses count by their /64, which is what one customer has at least (RFC 6177 §2). `isTrusted`: of an address.
 * A trusted proxy that sends no readable X-Forwarded-For, or several, is counted itself.
 */
export function createClientAddress(isTrusted: (address: string) => boolean): (request: RequestView) => string {
	const known = new Map<string, { readonly name: string; readonly trusted: boolean }>();

	function peerOf(address: string): { readonly name: string; readonly trusted: boolean } {
		let peer = known.get(address);
		if (peer === undefined) {
			if (known.size >= mostKnown) known.clear();
			known.set(address, (peer = { name: networkOf(address), trusted: isTrusted(address) }));
		}
		return peer;
	}

	return (request) => {
		const peer = peerOf(request.peer);
		if (!peer.trusted || request.headerCount('x-forwarded-for') !== 1) return peer.name;
		let last = peer.name;
		const hops = (request.header('x-forwarded-for') ?? '').split(',').slice(-mostHops);
		for (const hop of hops.toReversed()) {
			const text = hop.trim();
			const address = parseIp(text);
			if (address === undefined) return last;
			last = network(address);
			if (!isTrusted(text)) return last;
		}
		return last;
	};
}

function networkOf(text: string): string {
	const zone = text.indexOf('%');
	const address = parseIp(zone < 0 ? text : text.slice(0, zone));
	return address === undefined ? 'unknown' : network(address);
}

function network(address: IpAddress): string {
	if (address.version === 4) return formatIp(address);
	return `${formatIp({ version: 6, parts: [...address.parts.slice(0, 4), 0, 0, 0, 0] })}/64`;
}

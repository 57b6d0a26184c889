/** How a connection to one endpoint is opened: plain or TLS, always verified, over both families of addresses. */
import { connect as connectPlain, isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls, createSecureContext } from 'node:tls';
import type { UpstreamTls } from '#core/index';
import { keepAliveDelay } from '../probing.ts';
import { Wire } from '../wire.ts';
import type { Addresses } from './addresses.ts';

export interface Connector {
	/** A wire that is connecting. */
	connect(): Wire;
	/** The event that says that it has. */
	readonly ready: 'connect' | 'secureConnect';
}

export interface Place {
	readonly isSecure: boolean;
	/** Name or address, IPv6 without brackets. */
	readonly host: string;
	readonly port: number;
	/** As it stands in a Host header: `host`, or `host:port` when the port is not the scheme's own. */
	readonly authority: string;
}

export function placeOfOrigin(origin: string): Place {
	const url = new URL(origin);
	const isSecure = url.protocol === 'https:';
	return {
		isSecure,
		host: url.hostname.replace(/^\[|\]$/g, ''),
		port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
		authority: url.host,
	};
}

/** Throws when certificate, key or authorities cannot be used. */
export function createConnector(place: Place, tls: UpstreamTls | undefined, addresses: Addresses): Connector {
	const { host, port } = place;
	const keepsAlive = { keepAlive: true, keepAliveInitialDelay: keepAliveDelay };
	const where = { host, port, lookup: addresses.lookup, autoSelectFamily: true, noDelay: true, ...keepsAlive };
	if (!place.isSecure) {
		return { ready: 'connect', connect: () => Wire.open((reading) => connectPlain({ ...reading, ...where })) };
	}
	const options: ConnectionOptions = {
		...where,
		secureContext: createSecureContext({
			...(tls?.ca === undefined ? {} : { ca: tls.ca }),
			...(tls?.certificate === undefined ? {} : { cert: tls.certificate }),
			...(tls?.key === undefined ? {} : { key: tls.key }),
		}),
		...serverName(tls?.serverName ?? host),
		// Said aloud, because an environment variable could unsay it.
		rejectUnauthorized: true,
		ALPNProtocols: ['http/1.1'],
	};
	let session: Buffer | undefined;
	return {
		ready: 'secureConnect',
		connect() {
			const socket = connectTls(session === undefined ? options : { ...options, session });
			socket.setNoDelay(true);
			socket.setKeepAlive(true, keepAliveDelay);
			socket.on('session', (next: Buffer) => {
				session = next;
			});
			socket.once('error', () => {
				session = undefined;
			});
			return Wire.of(socket);
		},
	};
}

/** SNI holds names only (RFC 6066 §3); the certificate is compared with the endpoint's address either way. */
function serverName(name: string): { readonly servername?: string } {
	return isIP(name) === 0 ? { servername: name } : {};
}

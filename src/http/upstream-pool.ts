/**
 * Connections to upstreams: one undici pool per endpoint, HTTP/1.1 alone, one request at a time on a connection.
 * Time-outs are the engine's own; nothing here follows redirects, decodes bodies or retries.
 */
import { isIP, type Socket } from 'node:net';
import { buildConnector, Pool } from 'undici';
import type { Upstream } from '#core/index';

/** Bytes of a response head. */
export const maxResponseHead = 64 * 1024;
/** Milliseconds; below what common servers allow, since a request sent as they close cannot always be repeated. */
const idle = 4_000;
const maxIdle = 60_000;

export interface Endpoint {
	readonly pool: Pool;
	/** As it stands in a Host header: `host`, or `host:port` when the port is not the scheme's own. */
	readonly authority: string;
	/** Name for SNI and for the pool's own bookkeeping: never the client's Host. */
	readonly serverName: string;
	/** A connection of its own, outside the pool; the callback gets an error or a connected socket. */
	connect(callback: (error: Error | null, socket: Socket | null) => void): void;
}

export interface UpstreamPools {
	/** Every endpoint once, in the order to try: round robin over calls. */
	endpoints(upstream: Upstream): readonly Endpoint[];
	/** Breaks off whatever is still open. */
	destroy(): Promise<void>;
}

export function createUpstreamPools(): UpstreamPools {
	const open = new Map<string, Endpoint>();
	const resolved = new WeakMap<Upstream, { readonly endpoints: readonly Endpoint[]; next: number }>();

	const endpoint = (origin: string, connectTimeout: number): Endpoint => {
		const key = `${connectTimeout} ${origin}`;
		let found = open.get(key);
		if (found === undefined) {
			found = openEndpoint(origin, connectTimeout);
			open.set(key, found);
		}
		return found;
	};

	return {
		endpoints(upstream) {
			let known = resolved.get(upstream);
			if (known === undefined) {
				known = { endpoints: upstream.endpoints.map((origin) => endpoint(origin, upstream.connectTimeout)), next: 0 };
				resolved.set(upstream, known);
			}
			const count = known.endpoints.length;
			if (count < 2) return known.endpoints;
			const first = known.next;
			known.next = (first + 1) % count;
			return [...known.endpoints.slice(first), ...known.endpoints.slice(0, first)];
		},
		async destroy() {
			await Promise.all([...open.values()].map((each) => each.pool.destroy()));
			open.clear();
		},
	};
}

function openEndpoint(origin: string, connectTimeout: number): Endpoint {
	const url = new URL(origin);
	const name = url.hostname.replace(/^\[|\]$/g, '');
	// Said aloud, because an environment variable could unsay it.
	const build = buildConnector({ allowH2: false, timeout: connectTimeout, rejectUnauthorized: true });
	const target = { hostname: name, host: url.host, protocol: url.protocol, port: url.port };
	// SNI holds names only (RFC 6066 §3); the certificate is compared with the endpoint's address either way.
	const options = isIP(name) === 0 ? { ...target, servername: name } : target;
	const pool = new Pool(url.origin, {
		connect: (_, callback) => build(options, callback),
		pipelining: 1,
		allowH2: false,
		keepAliveTimeout: idle,
		keepAliveMaxTimeout: maxIdle,
		headersTimeout: 0,
		bodyTimeout: 0,
		maxHeaderSize: maxResponseHead,
	});
	return {
		pool,
		authority: url.host,
		serverName: name,
		// On failure undici gives the error alone.
		connect: (callback) => build(options, (...[error, socket]) => callback(error, error === null ? socket : null)),
	};
}

/**
 * Connections to upstreams, by endpoint. The one used last is used next, so that a quiet hour leaves few of them.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Upstream } from '#core/index';
import type { Sweep } from './sweep.ts';
import { type Leaseholder, type Shelf, UpstreamConnection } from './upstream-connection.ts';

/** Milliseconds; below what common servers allow, since a request sent as they close cannot always be repeated. */
export const defaultIdle = 4_000;
const maxIdle = 60_000;
/** Milliseconds by which a connection is given up before the upstream said it would close it. */
const idleMargin = 1_000;
/** Milliseconds that an endpoint to which no connection came about is asked last. */
const distrust = 5_000;

/** One origin of an upstream. */
export class Endpoint implements Shelf {
	/** As it stands in a Host header: `host`, or `host:port` when the port is not the scheme's own. */
	readonly authority: string;
	/** Monotonic milliseconds until which it is asked only when no other is left. */
	distrustedUntil = 0;
	readonly #isSecure: boolean;
	readonly #host: string;
	readonly #port: number;
	readonly #connectTimeout: number;
	readonly #sweep: Sweep;
	readonly #idle: UpstreamConnection[] = [];
	readonly #open = new Set<UpstreamConnection>();
	#session: Buffer | undefined;

	constructor(origin: string, connectTimeout: number, sweep: Sweep) {
		const url = new URL(origin);
		this.authority = url.host;
		this.#isSecure = url.protocol === 'https:';
		this.#host = url.hostname.replace(/^\[|\]$/g, '');
		this.#port = url.port === '' ? (this.#isSecure ? 443 : 80) : Number(url.port);
		this.#connectTimeout = connectTimeout;
		this.#sweep = sweep;
	}

	/** An idle connection, from now on leased to `holder`; undefined without one. */
	reuse(holder: Leaseholder): UpstreamConnection | undefined {
		for (let found = this.#idle.pop(); found !== undefined; found = this.#idle.pop()) {
			if (!found.socket.writable || found.deadline <= this.#sweep.now) {
				found.destroy();
				continue;
			}
			found.lease(holder);
			return found;
		}
		return undefined;
	}

	/** A new connection, leased to `holder`, which hears when it is there. Resolves names anew each time. */
	open(holder: Leaseholder): UpstreamConnection {
		const socket = this.#isSecure ? this.#connectTls() : this.#connectPlain();
		const ready = this.#isSecure ? 'secureConnect' : 'connect';
		const connection = new UpstreamConnection(socket, ready, holder, this.#sweep, this);
		connection.deadline = this.#sweep.in(this.#connectTimeout);
		this.#open.add(connection);
		return connection;
	}

	/**
	 * Takes a connection back on which request and response are complete. `keepAlive` is the seconds for which the upstream
	 * said it keeps it; undefined: it said nothing.
	 */
	shelve(connection: UpstreamConnection, keepAlive: number | undefined): void {
		const idle = keepAlive === undefined ? defaultIdle : Math.min(keepAlive * 1_000 - idleMargin, maxIdle);
		if (idle <= 0 || !connection.socket.writable) {
			connection.destroy();
			return;
		}
		connection.rest(idle);
		this.#idle.push(connection);
	}

	forget(connection: UpstreamConnection): void {
		this.#open.delete(connection);
		const index = this.#idle.indexOf(connection);
		if (index >= 0) this.#idle.splice(index, 1);
	}

	distrust(): void {
		this.distrustedUntil = this.#sweep.now + distrust;
	}

	destroy(): void {
		for (const connection of this.#open) connection.destroy();
		this.#idle.length = 0;
	}

	#connectPlain(): Socket {
		return connectPlain({ host: this.#host, port: this.#port, noDelay: true });
	}

	#connectTls(): Socket {
		const name = this.#host;
		const socket = connectTls({
			host: name,
			port: this.#port,
			// SNI holds names only (RFC 6066 §3); the certificate is compared with the endpoint's address either way.
			...(isIP(name) === 0 ? { servername: name } : {}),
			// Said aloud, because an environment variable could unsay it.
			rejectUnauthorized: true,
			ALPNProtocols: ['http/1.1'],
			...(this.#session === undefined ? {} : { session: this.#session }),
		});
		socket.setNoDelay(true);
		socket.on('session', (session: Buffer) => {
			this.#session = session;
		});
		socket.once('error', () => {
			this.#session = undefined;
		});
		return socket;
	}
}

export interface UpstreamPools {
	/** Every endpoint once, in the order to try: round robin over calls, those that failed just now last. */
	endpoints(upstream: Upstream): readonly Endpoint[];
	/** Breaks off whatever is still open. */
	destroy(): void;
}

interface Known {
	readonly endpoints: readonly Endpoint[];
	next: number;
}

export function createUpstreamPools(sweep: Sweep): UpstreamPools {
	const open = new Map<string, Endpoint>();
	const resolved = new WeakMap<Upstream, Known>();

	const endpointAt = (origin: string, connectTimeout: number): Endpoint => {
		const key = `${connectTimeout} ${origin}`;
		let found = open.get(key);
		if (found === undefined) {
			found = new Endpoint(origin, connectTimeout, sweep);
			open.set(key, found);
		}
		return found;
	};

	return {
		endpoints(upstream) {
			let known = resolved.get(upstream);
			if (known === undefined) {
				known = { endpoints: upstream.endpoints.map((origin) => endpointAt(origin, upstream.connectTimeout)), next: 0 };
				resolved.set(upstream, known);
			}
			const { endpoints, next } = known;
			if (endpoints.length < 2) return endpoints;
			known.next = (next + 1) % endpoints.length;
			const inTurn = [...endpoints.slice(next), ...endpoints.slice(0, next)];
			const isTrusted = (endpoint: Endpoint): boolean => endpoint.distrustedUntil <= sweep.now;
			return [...inTurn.filter(isTrusted), ...inTurn.filter((endpoint) => !isTrusted(endpoint))];
		},
		destroy() {
			for (const endpoint of open.values()) endpoint.destroy();
			open.clear();
		},
	};
}

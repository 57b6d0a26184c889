/** Connections to one endpoint. The one used last is used next, so that a quiet hour leaves few of them. */
import type { Log, Upstream } from '#core/index';
import type { Sweep } from '../sweep.ts';
import { Addresses, type Lookup } from './addresses.ts';
import type { Candidate } from './balance.ts';
import { type Connector, createConnector, placeOfOrigin } from './connector.ts';
import { EndpointHealth, type EndpointState } from './endpoint-health.ts';
import { type Leaseholder, type Shelf, UpstreamConnection } from './upstream-connection.ts';

/** Milliseconds for which an unused connection is kept at most. */
export const maxIdleTime = 60_000;
/** Milliseconds by which a connection is given up before the upstream said it would close it. */
export const idleMargin = 1_000;

export interface EndpointOptions {
	readonly upstream: Upstream;
	readonly sweep: Sweep;
	readonly lookup: Lookup;
	/** Default: over the network. */
	readonly createConnector?: typeof createConnector;
	readonly log: Log;
	/** Told when a connection, or room for one, has become free, and when the endpoint is trusted again or no longer. */
	freed(): void;
}

export class Endpoint implements Shelf, Candidate {
	readonly origin: string;
	readonly authority: string;
	readonly connector: Connector;
	/** Connections that end their request are closed: nobody will ask for this endpoint again. */
	isRetired = false;
	readonly #options: EndpointOptions;
	readonly #sweep: Sweep;
	readonly #maxConnections: number;
	readonly #addresses: Addresses;
	/** Undefined: there is no other one and no check, so it is asked whatever happens. */
	readonly #health: EndpointHealth | undefined;
	readonly #failureStatuses: ReadonlySet<number> | undefined;
	readonly #idle: UpstreamConnection<Endpoint>[] = [];
	/** Idle ones, those still connecting, and those that have become tunnels too. */
	readonly #open = new Set<UpstreamConnection<Endpoint>>();

	/** Throws when the TLS settings cannot be used. */
	constructor(origin: string, options: EndpointOptions) {
		const { upstream, sweep, lookup } = options;
		const place = placeOfOrigin(origin);
		this.origin = origin;
		this.authority = place.authority;
		this.#options = options;
		this.#sweep = sweep;
		this.#maxConnections = upstream.pool.maxConnections;
		this.#addresses = new Addresses(place.host, upstream.pool.resolveAfter, lookup, sweep);
		this.connector = (options.createConnector ?? createConnector)(place, upstream.tls, this.#addresses);
		const isAlone = upstream.endpoints.length === 1;
		if (!isAlone) this.#health = new EndpointHealth(upstream.ejection);
		else if (upstream.healthCheck !== undefined) {
			this.#health = new EndpointHealth({ ...upstream.ejection, failures: Number.POSITIVE_INFINITY });
		}
		const { statuses } = upstream.ejection;
		this.#failureStatuses = statuses.length === 0 ? undefined : new Set(statuses);
	}

	get inFlight(): number {
		return this.#open.size - this.#idle.length;
	}

	get open(): number {
		return this.#open.size;
	}

	get idle(): number {
		return this.#idle.length;
	}

	get state(): EndpointState {
		return this.#health?.state ?? 'available';
	}

	get hasRoom(): boolean {
		return this.#idle.length > 0 || this.#open.size < this.#maxConnections;
	}

	isAvailable(now: number): boolean {
		return this.#health?.isAvailable(now) ?? true;
	}

	/** Monotonic milliseconds from which on it is trusted if nothing happens before; Infinity: something has to. */
	get availableFrom(): number {
		return this.#health?.availableFrom ?? Number.NEGATIVE_INFINITY;
	}

	/** A connection from now on leased to `holder`, idle or new; undefined when there are too many. `fresh`: only a new one. */
	lease(holder: Leaseholder, fresh: boolean): UpstreamConnection<Endpoint> | undefined {
		const reused = fresh ? undefined : this.#reuse(holder);
		if (reused !== undefined) return reused;
		if (this.#open.size >= this.#maxConnections) {
			const oldest = this.#idle[0];
			if (oldest === undefined) return undefined;
			oldest.destroy();
		}
		return this.#connect(holder);
	}

	/** Takes notice that a request goes there. */
	picked(): void {
		this.#health?.picked(this.#sweep.now);
	}

	/** The head of a response has come. */
	answered(status: number): void {
		if (this.#health === undefined) return;
		if (this.#failureStatuses?.has(status) === true) this.failed(`it answered ${status}`);
		else if (this.#health.succeeded(this.#sweep.now)) this.#turned('an upstream endpoint answers again', undefined);
	}

	/** No connection, no answer in time, or a response that broke off. `why`: for the log. */
	failed(why: string): void {
		if (this.#health?.failed(this.#sweep.now) === true)
			this.#turned('an upstream endpoint is left out for a while', why);
	}

	/** What the active health check says now. */
	checked(isHealthy: boolean, why: string): void {
		if (this.#health === undefined || this.#health.isUnhealthy !== isHealthy) return;
		this.#health.isUnhealthy = !isHealthy;
		if (isHealthy) this.#health.restore(this.#sweep.now);
		this.#turned(isHealthy ? 'an upstream endpoint is healthy again' : 'an upstream endpoint is unhealthy', why);
	}

	/**
	 * Takes a connection back on which request and response are complete. `keepAlive` is the seconds for which the upstream
	 * said it keeps it; undefined: it said nothing.
	 */
	shelve(connection: UpstreamConnection<Endpoint>, keepAlive: number | undefined): void {
		const { maxIdle, idleTimeout } = this.#options.upstream.pool;
		const idle = keepAlive === undefined ? idleTimeout : Math.min(keepAlive * 1_000 - idleMargin, maxIdleTime);
		if (idle <= 0 || this.isRetired || this.#idle.length >= maxIdle || !connection.wire.socket.writable) {
			connection.destroy();
			return;
		}
		connection.rest(idle);
		this.#idle.push(connection);
		this.#options.freed();
	}

	forget(connection: UpstreamConnection<Endpoint>): void {
		if (!this.#open.delete(connection)) return;
		const index = this.#idle.lastIndexOf(connection);
		if (index >= 0) this.#idle.splice(index, 1);
		this.#options.freed();
	}

	/** Closes what nobody uses, now and from now on. */
	retire(): void {
		this.isRetired = true;
		for (const connection of this.#idle.slice()) connection.destroy();
	}

	/** Breaks off whatever is still open, except tunnels. */
	destroy(): void {
		for (const connection of Array.from(this.#open)) connection.destroy();
	}

	#reuse(holder: Leaseholder): UpstreamConnection<Endpoint> | undefined {
		this.#addresses.freshen();
		const { generation } = this.#addresses;
		for (let found = this.#idle.pop(); found !== undefined; found = this.#idle.pop()) {
			if (found.generation !== generation && this.#addresses.has(found.wire.socket.remoteAddress)) {
				found.generation = generation;
			}
			if (found.generation === generation && found.wire.socket.writable && found.deadline > this.#sweep.now) {
				found.lease(holder);
				return found;
			}
			found.destroy();
		}
		return undefined;
	}

	#connect(holder: Leaseholder): UpstreamConnection<Endpoint> {
		const { connect, ready } = this.connector;
		const connection = new UpstreamConnection(connect(), ready, holder, this.#sweep, this);
		connection.generation = this.#addresses.generation;
		connection.deadline = this.#sweep.in(this.#options.upstream.connectTimeout);
		this.#open.add(connection);
		return connection;
	}

	/** It is trusted again, or no longer. When the last one is not, those that were left out count again. */
	#turned(message: string, why: string | undefined): void {
		const fields = { endpoint: this.origin, ...(why === undefined ? {} : { why }) };
		if (this.state === 'available') this.#options.log.info(message, fields);
		else this.#options.log.warn(message, fields);
		this.#options.freed();
	}
}

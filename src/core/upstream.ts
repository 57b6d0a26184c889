/** The service behind a route: where it is, how it is reached, and how much of it may be used at once. */

export interface Upstream {
	/** For logs and metrics: the endpoints' origins. */
	readonly name: string;
	/** At least one. Origin only: `http://host:port` or `https://host:port`. */
	readonly endpoints: readonly string[];
	/** Milliseconds from the request's last byte, or the last byte seen, to the response head. */
	readonly timeout: number;
	/** Milliseconds between two pieces of a response's body; 0: no limit. */
	readonly bodyTimeout: number;
	/** Milliseconds to a connection. */
	readonly connectTimeout: number;
	/** True: the client's Host travels on; false: the endpoint's own. */
	readonly preserveHost: boolean;
	readonly pool: PoolSettings;
	readonly ejection: EjectionSettings;
	/** Undefined: endpoints are judged by the requests that they answer alone. */
	readonly healthCheck: HealthCheckSettings | undefined;
	/** Undefined: the authorities that Node.js knows, the endpoint's own name, no certificate of ours. Of `https:` only. */
	readonly tls: UpstreamTls | undefined;
}

/** What may be open and waiting at once. Routes whose upstreams have equal settings share one pool. */
export interface PoolSettings {
	/** Connections to one endpoint, tunnels included. */
	readonly maxConnections: number;
	/** Connections to one endpoint that nobody uses. */
	readonly maxIdle: number;
	/**
	 * Milliseconds that an unused connection is kept, unless the upstream's `Keep-Alive` names a time: that one less a
	 * second counts then, up to a minute.
	 */
	readonly idleTimeout: number;
	/** Requests and tunnels under way, waiting ones included; Infinity: as many as connections and queue hold. */
	readonly maxRequests: number;
	/** Requests that wait for a connection. */
	readonly maxWaiting: number;
	/** Milliseconds that one waits. */
	readonly waitTimeout: number;
	/** Milliseconds for which the addresses of a name are used before it is resolved anew. */
	readonly resolveAfter: number;
}

/** When an endpoint that fails requests is left out. The last one that is left is always asked. */
export interface EjectionSettings {
	/** Failures in a row: no connection, no answer in time, a response that breaks off, one of `statuses`. */
	readonly failures: number;
	/** Statuses of a response that count as failures. */
	readonly statuses: readonly number[];
	/** Milliseconds of the first ejection; each that follows soon doubles it, up to `maxTime`. */
	readonly time: number;
	readonly maxTime: number;
}

/** A request of our own to each endpoint, again and again. Nothing of any client is in it. */
export interface HealthCheckSettings {
	/** With its query. */
	readonly path: string;
	/** Milliseconds from the end of one check to the next. */
	readonly interval: number;
	/** Milliseconds for one check, the connection included. */
	readonly timeout: number;
	/** Checks in a row that bring an endpoint back, and that take it out. */
	readonly healthy: number;
	readonly unhealthy: number;
	/** Empty: every status from 200 to 299. */
	readonly statuses: readonly number[];
}

/** PEM texts. */
export interface UpstreamTls {
	/** In place of the authorities that Node.js knows. */
	readonly ca: string | undefined;
	/** Name to ask for (SNI) and to find in the certificate; undefined: the endpoint's host. */
	readonly serverName: string | undefined;
	/** What we present (RFC 8446 §4.4.2). */
	readonly certificate: string | undefined;
	readonly key: string | undefined;
}

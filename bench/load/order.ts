/** What the load generator is asked to do, and what it found. Both cross a process boundary: plain data only. */

export interface Target {
	readonly port: number;
	readonly tls: boolean;
	/** Processes whose processor time is taken at begin and end. */
	readonly pids: readonly number[];
}

export interface Order extends Target {
	/** File with the credential of one request a line: header fields, separated by tabs. Used in turn. */
	readonly credentials: string;
	/** Used in turn. */
	readonly paths: readonly string[];
	/** Bytes of a POST's body; 0: GET. */
	readonly body: number;
	/** A new connection for each request. */
	readonly close: boolean;
	readonly connections: number;
	readonly pace: Pace;
}

/**
 * `closed`: each connection asks again as soon as it is answered. `once`: the same, until every credential has been used
 * once. `open`: requests come at `rate` a second, Poisson-distributed, whether or not those before are answered.
 * Times in milliseconds.
 */
export type Pace =
	| { readonly kind: 'closed'; readonly warmUp: number; readonly duration: number }
	| { readonly kind: 'once'; readonly limit: number }
	| { readonly kind: 'open'; readonly rate: number; readonly warmUp: number; readonly duration: number };

export interface Result {
	/** Requests answered while measuring. */
	readonly requests: number;
	/** Seconds. */
	readonly elapsed: number;
	/** Answers other than 200, broken connections, and requests of an open loop that were never answered. */
	readonly errors: number;
	/** The first of them. */
	readonly problem: string | undefined;
	/** Milliseconds. */
	readonly p50: number;
	readonly p99: number;
	/** Microseconds of processor time of `pids` per request; undefined without /proc. */
	readonly processor: number | undefined;
}

export type Reply = { readonly result: Result } | { readonly failure: string };

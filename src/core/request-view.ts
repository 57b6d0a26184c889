/**
 * What the decision may know of a request: cheap reads over whatever the front door has. No front door decides
 * anything, so none can be laxer than another.
 */
export interface RequestView {
	/** Method as received; case-sensitive (RFC 9110 §9.1). */
	readonly method: string;
	/** Request target as received: origin-form with its query, or absolute-form (RFC 9112 §3.2). Not decoded. */
	readonly target: string;
	/** How this connection reached us: from the listener, never from a header. */
	readonly scheme: 'http' | 'https';
	/** `Host` as received; empty when the request has none. The front door has refused a repeated one. */
	readonly host: string;
	/** Number of field lines with this lower-case name. */
	headerCount(name: string): number;
	/** Value of the first field line with this lower-case name, as received, each char one octet (latin1). */
	header(name: string): string | undefined;
	/** Address of the peer of this connection: never from a header. */
	readonly peer: string;
	/** Server name of the TLS handshake, lower-case; undefined without TLS or SNI. */
	readonly serverName: string | undefined;
}

/** Field lines in order, names as they go on the wire. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

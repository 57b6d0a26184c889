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
	/** All field lines in their order, names as they came. Makes a list: for who must see them all. */
	fields(): HeaderList;
	/** Address of the peer of this connection: never from a header. */
	readonly peer: string;
	/** Server name of the TLS handshake, lower-case; undefined without TLS or SNI. */
	readonly serverName: string | undefined;
	/** What the client presented in the TLS handshake; undefined without TLS, or when it presented nothing. */
	readonly clientCertificate: ClientCertificate | undefined;
}

/** A certificate whose key the client has proven to hold. */
export interface ClientCertificate {
	/** SHA-256 of the DER encoding, base64url: `x5t#S256` of RFC 8705 §3.1. */
	readonly thumbprint: string;
	/** Whether it chains to an authority that the listener names. Where none is required, anybody may have issued it. */
	readonly isVouchedFor: boolean;
	/** What stands in it; undefined where that cannot be read. Read when it is asked for. */
	readonly details: CertificateDetails | undefined;
}

/** X.509 (RFC 5280 §4.1). Hexadecimal is upper-case, without separators; times are seconds since the epoch. */
export interface CertificateDetails {
	/** SHA-1 of the DER encoding: a name that other systems have for it, and no proof of anything. */
	readonly thumbprint: string;
	/** Distinguished names, most specific part first: `CN=client, O=Example`. */
	readonly subject: string;
	readonly issuer: string;
	/** Undefined where the issuer's certificate was not presented. */
	readonly issuerThumbprint: string | undefined;
	readonly serialNumber: string;
	readonly notBefore: number;
	readonly notAfter: number;
	readonly commonNames: readonly string[];
	/** Of the alternative names, lower-case. */
	readonly dnsNames: readonly string[];
}

/** Field lines in order, names as they go on the wire. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

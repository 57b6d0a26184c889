/**
 * The client certificate of a request: that of its connection, or the one that a trusted TLS terminator tells of. Where a
 * terminator is configured, its own certificate is never taken for the client's, and what anybody else writes into the
 * field is not read.
 */
import type { ClientCertificate, RequestView } from '#core/index';
import { encodeBase64url } from '#formats/base64url';
import { type CertificateFormat, parseToldCertificate } from '#formats/told-certificate';

/** A trusted peer told of a certificate that cannot be read: that is never the same as none. */
export interface CertificateFault {
	readonly reason: 'credential_malformed' | 'credential_repeated';
	readonly found: string;
}

export type CertificateOf = (request: RequestView) => ClientCertificate | CertificateFault | undefined;

export interface ToldCertificates {
	/** Lower-case. */
	readonly field: string;
	readonly format: CertificateFormat;
	/** Whether the peer with this address is a trusted proxy. */
	readonly isTrusted: (address: string) => boolean;
	/** SHA-256, base64url. */
	readonly digest: (octets: Uint8Array) => string;
}

/** `told`: undefined where no terminator is configured. */
export function createCertificateOf(told: ToldCertificates | undefined): CertificateOf {
	if (told === undefined) return (request) => request.clientCertificate;
	const { field, format, isTrusted, digest } = told;
	return (request) => {
		if (!isTrusted(request.peer)) return request.clientCertificate;
		const count = request.headerCount(field);
		if (count > 1) return { reason: 'credential_repeated', found: `${count} fields ${field}` };
		const value = request.header(field) ?? '';
		// Terminators that cannot leave the field out send it empty where the client showed no certificate.
		if (value === '') return undefined;
		const certificate = parseToldCertificate(value, format);
		if (typeof certificate === 'string') return malformed(field, certificate);
		const { der, sha256 } = certificate;
		const said = sha256 === undefined ? undefined : encodeBase64url(sha256);
		const thumbprint = der === undefined ? said : digest(der);
		if (thumbprint === undefined) return malformed(field, 'no certificate');
		if (said !== undefined && said !== thumbprint) return malformed(field, 'Hash and Cert are of two certificates');
		return { thumbprint, isVouchedFor: false, details: undefined };
	};
}

function malformed(field: string, why: string): CertificateFault {
	return { reason: 'credential_malformed', found: `${field}: ${why}` };
}

/** Tokens that are bound to a client certificate (RFC 8705 §3): this request must have come with that very certificate. */
import type { ClientCertificate, Evidence, JsonValue, Reason, RequestView } from '#core/index';

/** The certificate of a request, or why it cannot be read. */
export type CertificateOf = (
	request: RequestView,
) => ClientCertificate | { readonly reason: Reason; readonly found: string } | undefined;

/** `thumbprint`: `x5t#S256` of the token, in whatever form it is. Compared octet for octet: no other spelling counts. */
export function judgeCertificate(
	thumbprint: JsonValue,
	evidence: Evidence,
	certificateOf: CertificateOf,
): Reason | null {
	const certificate = certificateOf(evidence.request);
	if (certificate === undefined) {
		evidence.found = 'a token that is bound to a certificate, and no client certificate';
		return 'binding_missing';
	}
	if ('reason' in certificate) {
		evidence.found = certificate.found;
		return certificate.reason;
	}
	if (certificate.thumbprint === thumbprint) return null;
	evidence.found = `a client certificate with x5t#S256 ${certificate.thumbprint}, which is not the token’s`;
	return 'binding_mismatch';
}

/** `validate-client-certificate` over the certificate whose key the client has proven to hold in the TLS handshake. */
import type { CertificateDetails } from '#core/index';
import type { CertificateIdentity, Place, ValidateClientCertificate } from '../statements/statement.ts';
import type { Failure } from './failure.ts';
import type { PolicyRun } from './policy-run.ts';

/** One identity must match in all that it names. The handshake has checked the times, where the certificate is trusted. */
export function judgeCertificate(
	{ kind, trust, ignoreError, identities }: ValidateClientCertificate,
	place: Place,
	run: PolicyRun,
): Failure | null {
	const certificate = run.evidence.request.clientCertificate;
	const refuse = (message: string): Failure | null => {
		if (ignoreError) return null;
		run.evidence.check = 'binding';
		run.evidence.expected = 'a client certificate that the policy takes';
		run.evidence.found = message;
		return {
			kind: 'failure',
			source: kind,
			reason: 'ClientCertificateInvalid',
			message,
			place,
			own: certificate === undefined ? 'binding_missing' : 'binding_mismatch',
			status: 403,
			wording: undefined,
			headers: [],
		};
	};
	if (certificate === undefined) return refuse('Client certificate was not presented.');
	if (trust && !certificate.isVouchedFor) return refuse('Client certificate is not trusted.');
	const { details } = certificate;
	if (details === undefined) return refuse('Client certificate cannot be read.');
	const { now } = run.evidence;
	if (now < details.notBefore || now >= details.notAfter) return refuse('Client certificate is not within its time.');
	if (identities.length === 0 || identities.some((identity) => matches(identity, details))) return null;
	return refuse('Client certificate is none of those that are allowed.');
}

function matches(identity: CertificateIdentity, details: CertificateDetails): boolean {
	const equal = (wanted: string | undefined, found: string) => wanted === undefined || wanted === found;
	return (
		equal(identity.thumbprint, details.thumbprint) &&
		equal(identity.serialNumber?.replace(/^0+(?=.)/, ''), details.serialNumber.replace(/^0+(?=.)/, '')) &&
		equal(identity.subject, details.subject) &&
		equal(identity.issuerSubject, details.issuer) &&
		equal(identity.issuerThumbprint, details.issuerThumbprint ?? '') &&
		(identity.commonName === undefined || details.commonNames.includes(identity.commonName)) &&
		(identity.dnsName === undefined || details.dnsNames.includes(identity.dnsName.toLowerCase()))
	);
}

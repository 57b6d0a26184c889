/** What stands in a client certificate, as far as anybody asks. */
import type { X509Certificate } from 'node:crypto';
import type { CertificateDetails } from '#core/index';

/** Undefined for what node cannot tell the times of. */
export function certificateDetails(certificate: X509Certificate): CertificateDetails | undefined {
	const notBefore = Date.parse(certificate.validFrom) / 1000;
	const notAfter = Date.parse(certificate.validTo) / 1000;
	if (!Number.isFinite(notBefore) || !Number.isFinite(notAfter)) return undefined;
	const { issuerCertificate } = certificate;
	const subject = nameParts(certificate.subject);
	return {
		thumbprint: plainHexadecimal(certificate.fingerprint),
		subject: shown(subject),
		issuer: shown(nameParts(certificate.issuer)),
		issuerThumbprint: issuerCertificate === undefined ? undefined : plainHexadecimal(issuerCertificate.fingerprint),
		serialNumber: certificate.serialNumber.toUpperCase(),
		notBefore,
		notAfter,
		commonNames: subject.filter((part) => part.startsWith('CN=')).map((part) => part.slice(3)),
		dnsNames: (certificate.subjectAltName ?? '').split(', ').flatMap((name) =>
			// A name that node had to quote is no plain host name.
			/^DNS:[A-Za-z0-9.*_-]+$/.test(name) ? [name.slice(4).toLowerCase()] : [],
		),
	};
}

function plainHexadecimal(fingerprint: string): string {
	return fingerprint.replaceAll(':', '').toUpperCase();
}

/** Node writes one part a line, in the order of the encoding, and escapes line breaks. */
function nameParts(name: string | undefined): readonly string[] {
	return (name ?? '').split('\n').filter((part) => part !== '');
}

/** Most specific part first, as .NET and RFC 4514 §2.1 write it. */
function shown(parts: readonly string[]): string {
	return parts.toReversed().join(', ');
}

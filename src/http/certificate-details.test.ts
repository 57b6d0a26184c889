import { createHash, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { selfSigned } from '../../test/support/self-signed.ts';
import { certificateDetails } from './certificate-details.ts';

test('a certificate as other systems name it', () => {
	const certificate = new X509Certificate(selfSigned().certificate);
	const details = certificateDetails(certificate);
	expect(details).toMatchObject({
		thumbprint: createHash('sha1').update(certificate.raw).digest('hex').toUpperCase(),
		serialNumber: certificate.serialNumber,
		issuerThumbprint: undefined,
		notBefore: Date.parse(certificate.validFrom) / 1000,
		notAfter: Date.parse(certificate.validTo) / 1000,
	});
	const names = certificate.subject.split('\n').filter((part) => part.startsWith('CN='));
	expect(details?.commonNames).toEqual(names.map((part) => part.slice(3)));
	expect(details?.subject.split(', ').toReversed()).toEqual(certificate.subject.split('\n'));
});

import { expect, test } from 'vitest';
import { type CertificateDetails, Evidence } from '#core/index';
import { requestView } from '../../../test/support/request-view.ts';
import type { CertificateIdentity, ValidateClientCertificate } from '../statements/statement.ts';
import { judgeCertificate } from './client-certificate.ts';
import type { PolicyRun } from './policy-run.ts';

const place = {
	file: 'p.xml',
	position: { line: 1, column: 1 },
	scope: 'api',
	section: 'inbound',
	path: 'x',
	id: undefined,
};
const thumbprint = '00112233445566778899AABBCCDDEEFF00112233';
const details: CertificateDetails = {
	thumbprint,
	subject: 'CN=client, O=Example',
	issuer: 'CN=authority',
	issuerThumbprint: undefined,
	serialNumber: '0A0B',
	notBefore: 1_000,
	notAfter: 2_000,
	commonNames: ['client'],
	dnsNames: ['client.example.com'],
};
const nobody: CertificateIdentity = {
	thumbprint: undefined,
	serialNumber: undefined,
	commonName: undefined,
	subject: undefined,
	dnsName: undefined,
	issuerSubject: undefined,
	issuerThumbprint: undefined,
};

interface Case {
	readonly isVouchedFor?: boolean;
	readonly now?: number;
	readonly identity?: Partial<CertificateIdentity>;
	readonly statement?: Partial<ValidateClientCertificate>;
	readonly without?: boolean;
}

function judged({ isVouchedFor = true, now = 1_500, identity, statement, without = false }: Case): string {
	const clientCertificate = without ? undefined : { thumbprint: 'x', isVouchedFor, details };
	const evidence = new Evidence({ ...requestView(), clientCertificate }, now, 0);
	const identities = identity === undefined ? [] : [{ ...nobody, ...identity }];
	const rules = {
		kind: 'validate-client-certificate',
		trust: true,
		ignoreError: false,
		identities,
		...statement,
	} as const;
	const failure = judgeCertificate(rules, place, { evidence } as PolicyRun);
	return failure === null ? 'passes' : `${failure.status} ${failure.own}`;
}

test.each<readonly [string, Case, string]>([
	['a trusted certificate', {}, 'passes'],
	['none', { without: true }, '403 binding_missing'],
	['none, ignored', { without: true, statement: { ignoreError: true } }, 'passes'],
	['one that nobody vouches for', { isVouchedFor: false }, '403 binding_mismatch'],
	[
		'one that nobody vouches for, by its thumbprint',
		{ isVouchedFor: false, statement: { trust: false }, identity: { thumbprint } },
		'passes',
	],
	['before its time', { now: 999 }, '403 binding_mismatch'],
	['after its time', { now: 2_000 }, '403 binding_mismatch'],
	['by its thumbprint', { identity: { thumbprint } }, 'passes'],
	['another thumbprint', { identity: { thumbprint: thumbprint.replace('0', '1') } }, '403 binding_mismatch'],
	[
		'by its names',
		{ identity: { subject: 'CN=client, O=Example', commonName: 'client', dnsName: 'Client.example.com' } },
		'passes',
	],
	[
		'one of two that differs',
		{ identity: { commonName: 'client', issuerSubject: 'CN=other' } },
		'403 binding_mismatch',
	],
	['by its serial number', { identity: { serialNumber: 'A0B' } }, 'passes'],
	['an issuer that was not presented', { identity: { issuerThumbprint: thumbprint } }, '403 binding_mismatch'],
])('%s', (_, given, expected) => {
	expect(judged(given)).toBe(expected);
});

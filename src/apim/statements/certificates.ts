/** `validate-client-certificate` and `authentication-certificate`. */
import type { PolicyElement } from '../policy-text/document.ts';
import type { Reading } from './reading.ts';
import type { AuthenticationCertificate, CertificateIdentity, ValidateClientCertificate } from './statement.ts';

const identityAttributes = [
	'thumbprint',
	'serial-number',
	'common-name',
	'subject',
	'dns-name',
	'issuer-subject',
	'issuer-thumbprint',
];

export function readValidateClientCertificate(
	element: PolicyElement,
	reading: Reading,
): ValidateClientCertificate | undefined {
	const checks = ['validate-revocation', 'validate-trust', 'validate-not-before', 'validate-not-after'];
	reading.expect(element, [...checks, 'ignore-error'], ['identities']);
	const flag = (name: string, fallback: boolean): boolean => {
		const value = reading.boolean(element, name, fallback);
		if (value.kind === 'constant') return value.value;
		reading.error('expression_not_allowed', value.position, `${name} cannot be an expression`);
		return fallback;
	};
	if (flag('validate-revocation', true)) {
		const position = element.attributes.get('validate-revocation')?.position ?? element.position;
		if (reading.surroundings.uncheckedRevocation) {
			const message = 'revocation of certificates is not looked up here (apim.insecure_unchecked_revocation)';
			reading.warn('revocation_unchecked', position, message);
		} else {
			const either =
				'write validate-revocation="false" here, or apim.insecure_unchecked_revocation: true for all policies';
			reading.error('not_supported', position, `revocation of certificates is not looked up: ${either}, to go without`);
		}
	}
	for (const name of ['validate-not-before', 'validate-not-after']) {
		if (!flag(name, true)) {
			reading.warn(
				'certificate_times',
				element.position,
				`the times of a certificate are checked whatever ${name} says`,
			);
		}
	}
	const holder = reading.only(element, 'identities');
	if (holder !== undefined) {
		reading.expect(holder, [], ['identity']);
		if (holder.children.length === 0)
			reading.error('list_empty', holder.position, '<identities> without any <identity>');
	}
	const identities = (holder?.children ?? []).flatMap((child) =>
		child.name === 'identity' ? (readIdentity(child, reading) ?? []) : [],
	);
	const trust = flag('validate-trust', true);
	if (!trust && (holder === undefined || identities.some(({ thumbprint }) => thumbprint === undefined))) {
		const message = 'validate-trust="false" without thumbprints: anybody can make a certificate that passes';
		reading.warn('any_certificate', element.position, message);
	}
	const ignoreError = flag('ignore-error', false);
	return { kind: 'validate-client-certificate', trust, ignoreError, identities };
}

/** One that the configuration has: a policy that brings its own (`body`, `password`) has a private key in it. */
export function readAuthenticationCertificate(
	element: PolicyElement,
	reading: Reading,
): AuthenticationCertificate | undefined {
	reading.expect(element, ['thumbprint', 'certificate-id', 'body', 'password']);
	const own = element.attributes.get('body') ?? element.attributes.get('password');
	if (own !== undefined) {
		return reading.error(
			'not_supported',
			own.position,
			'a certificate within the policy is not supported: name one of apim.certificates by certificate-id',
		);
	}
	const byId = element.attributes.has('certificate-id');
	if (byId === element.attributes.has('thumbprint')) {
		return reading.error('attribute_missing', element.position, 'expected one of thumbprint and certificate-id');
	}
	const name = byId ? 'certificate-id' : 'thumbprint';
	const written = reading.requiredConstant(element, name);
	if (written === undefined) return undefined;
	const position = element.attributes.get(name)?.position ?? element.position;
	if (byId) return { kind: 'authentication-certificate', certificate: written, position };
	const certificate = written.replaceAll(/[ :]/g, '').toUpperCase();
	if (!/^[0-9A-F]{40}$/.test(certificate)) {
		return reading.error('value_invalid', position, 'thumbprint: expected 40 hexadecimal digits');
	}
	return { kind: 'authentication-certificate', certificate, position };
}

function readIdentity(element: PolicyElement, reading: Reading): CertificateIdentity | undefined {
	reading.expect(element, identityAttributes);
	const read = (name: string) => (element.attributes.has(name) ? reading.requiredConstant(element, name) : undefined);
	const hexadecimal = (name: string, digits: RegExp) => {
		const text = read(name)?.replaceAll(/[ :]/g, '').toUpperCase();
		if (text !== undefined && !digits.test(text))
			reading.error('value_invalid', element.position, `${name}: expected hexadecimal digits`);
		return text;
	};
	if (!identityAttributes.some((name) => element.attributes.has(name))) {
		return reading.error(
			'attribute_missing',
			element.position,
			`<identity> needs one of ${identityAttributes.join(', ')}`,
		);
	}
	return {
		thumbprint: hexadecimal('thumbprint', /^[0-9A-F]{40}$/),
		serialNumber: hexadecimal('serial-number', /^[0-9A-F]{1,80}$/),
		commonName: read('common-name'),
		subject: read('subject'),
		dnsName: read('dns-name'),
		issuerSubject: read('issuer-subject'),
		issuerThumbprint: hexadecimal('issuer-thumbprint', /^[0-9A-F]{40}$/),
	};
}

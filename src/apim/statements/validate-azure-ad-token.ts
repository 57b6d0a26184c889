/** `validate-azure-ad-token`: `validate-jwt` with what is known of Microsoft Entra ID. */
import type { PolicyElement } from '../policy-text/document.ts';
import type { Reading } from './reading.ts';
import { readClaims, readFailure, readKeys, readOutput, readTokenPlace, type ValidateJwt } from './validate-jwt.ts';

const attributes = [
	'tenant-id',
	'header-name',
	'query-parameter-name',
	'token-value',
	'failed-validation-httpcode',
	'failed-validation-error-message',
	'output-token-variable-name',
];
const children = [
	'client-application-ids',
	'backend-application-ids',
	'audiences',
	'required-claims',
	'decryption-keys',
];

export function readValidateAzureAdToken(element: PolicyElement, reading: Reading): ValidateJwt | undefined {
	reading.expect(element, attributes, children);
	const token = readTokenPlace(element, reading, 'Authorization');
	const tenant = reading.required(element, 'tenant-id');
	if (token === undefined || tenant === undefined) return undefined;
	return {
		kind: 'validate-azure-ad-token',
		token,
		...readFailure(element, reading),
		requireExpiration: { kind: 'constant', value: true },
		requireScheme: { kind: 'constant', text: 'Bearer', position: element.position },
		clockSkew: { kind: 'constant', value: 0 },
		output: readOutput(element, reading),
		configurations: [],
		signingKeys: [],
		decryptionKeys: readKeys(element, 'decryption-keys', reading),
		audiences: reading.list(element, 'audiences', 'audience'),
		issuers: [],
		claims: readClaims(element, reading),
		clients: reading.list(element, 'client-application-ids', 'application-id'),
		backends: reading.list(element, 'backend-application-ids', 'application-id'),
		tenant,
	};
}

/**
 * Policy files that people have published, where a collection of them lies beside the repository: each one runs, or is
 * refused for the reasons in the table, with its place. What is not in the table is tried too: it must not crash the reader.
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { namedValuesIn } from '#apim/statements/named-values';
import { validationsIn } from '#assembly/apim-keys';
import { checkPolicy } from '#assembly/apim-policies';
import { nodeCryptography } from '#runtime/node/cryptography';
import { apim } from './support/definition.ts';

const folder = join(import.meta.dirname, '../../shared/apim-policies');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.xml')) : [];
const key = Buffer.alloc(32, 5).toString('base64');
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** End of the file's name → what keeps it from running, apart from what bodies hold. */
const refused: Readonly<Record<string, readonly string[]>> = {
	'ghcp-byok-foundry__entra-policy.xml': [
		'cache-lookup-value',
		'send-request',
		'cache-store-value',
		'llm-token-limit',
		'llm-emit-token-metric',
	],
	'dynamic-cors__admin-load-cache.xml': ['cache-store-value'],
	'dynamic-cors__apim-policies__admin-load-cache.xml': ['cache-store-value'],
	'default-ai-product-policy.xml': ['rate-limit'],
	'CheckInboundIPIsInAFDServiceTagRangeOnConsumptionTier.policy.xml': [
		'cache-lookup-value',
		'send-request',
		'cache-store-value',
	],
	'Handle_Power_Query_access_request_to_custom_API.policy.xml': ['find-and-replace'],
	'Perform_basic_authentication.policy.xml': ['authentication-certificate'],
	'Request_OAuth2_access_token_from_SAP_using_AAD_JWT_token.xml': [
		'cache-lookup-value',
		'send-request',
		'cache-store-value',
		'find-and-replace',
	],
	// A defect of the file: `@(context.Response.StatusCode` is not closed.
	'Use_custom_error_messages_for_jwt-validate_policy_with_on-error_handler.xml': ['syntax 19:39'],
	// A defect of the file: a key of four octets decrypts nothing.
	'Test.Decompiling__TestData__validate-jwt.xml': ['key_unusable 6:5'],
};

function check(text: string): ReturnType<typeof checkPolicy> {
	const urls = /endpoint|oidc/i;
	const values = namedValuesIn(text).map((name): [string, string] => [
		name,
		urls.test(name)
			? 'https://idp.example.com/.well-known/openid-configuration'
			: name === 'signing-key'
				? key
				: 'value',
	]);
	const pem = (object: KeyObject) =>
		object.export({ type: object.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();
	const definition = apim({
		namedValues: Object.fromEntries(values),
		placeholders: {
			jwt_signing_key: key,
			hr_member_role_id: 'role',
			'tenant-id': '6c3d1111-2222-3333-4444-5555aaaabbbb',
		},
		certificates: [{ id: 'cert-1', certificate: pem(publicKey), key: pem(privateKey) }],
		allowedOpenidHosts: ['login.microsoftonline.com'],
	});
	return checkPolicy([{ scope: 'api', file: 'policy.xml', text }], definition, nodeCryptography);
}

for (const file of files) {
	const [, why] = Object.entries(refused).find(([end]) => file.endsWith(end)) ?? [];
	test(`${file}: ${why === undefined ? 'runs' : `is refused for ${why.join(', ')}`}`, () => {
		const text = readFileSync(join(folder, file), 'utf8');
		const { policy, findings } = check(text);
		const errors = findings.filter(({ severity, rule }) => severity === 'error' && rule !== 'body_unread');
		const causes = new Set(
			errors.map(({ rule, message, position }) =>
				rule === 'statement_unsupported'
					? (/<([a-z-]+)>/.exec(message)?.[1] ?? '')
					: `${rule} ${position.line}:${position.column}`,
			),
		);
		expect([...causes]).toEqual(why ?? []);
		// No check of a token is lost on the way: as many as stand in the file outside of comments.
		const written = text.replaceAll(/<!--[^]*?-->/g, '').match(/<validate-(jwt|azure-ad-token)\b/g) ?? [];
		if (policy !== undefined) expect(validationsIn(policy.sections.inbound)).toHaveLength(written.length);
	});
}

test('what stands here of the collection is what lies there', () => {
	const unknown = Object.keys(refused).filter((end) => !files.some((file) => file.endsWith(end)));
	expect(files.length === 0 ? [] : unknown).toEqual([]);
});

/**
 * Policy files that people have published, where a collection of them lies beside the repository: each one runs, or is
 * refused for the reasons in the guide's table, with its place.
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
import { selfSigned } from './support/self-signed.ts';

const folder = join(import.meta.dirname, '../../shared/apim-policies');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.xml')) : [];
const key = Buffer.alloc(32, 5).toString('base64');
/** Stands for the one that a policy shows to its upstream. */
const shown = selfSigned();
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The table of the guide: file as it is named here → what keeps it from running. */
const told: ReadonlyMap<string, readonly string[]> = new Map(
	Array.from(
		readFileSync(join(import.meta.dirname, '../docs/guides/azure-api-management-files.md'), 'utf8').matchAll(
			/^\| (\S+\/\S+) \| ([^|]+) \| (?:yes)? \| ([^|]+) \|$/gm,
		),
		([, repository = '', path = '', outcome = '']) => [
			`${repository}/${path}`.replaceAll('/', '__').replaceAll(' ', '_'),
			Array.from(outcome.matchAll(/`([^`]+)`/g), ([, cause = '']) => cause),
		],
	),
);

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
		certificates: [
			{ id: 'cert-1', certificate: pem(publicKey), key: pem(privateKey) },
			{ id: 'AD36D13743694E49BD05E05CA1316331670A9605', ...shown },
		],
		allowedOpenidHosts: ['login.microsoftonline.com'],
	});
	return checkPolicy([{ scope: 'api', file: 'policy.xml', text }], definition, nodeCryptography);
}

for (const file of files) {
	const why = told.get(file) ?? [];
	test(`${file}: ${why.length === 0 ? 'runs' : `is refused for ${why.join(', ')}`}`, () => {
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
		expect([...causes]).toEqual(why);
		// No check of a token is lost on the way: as many as stand in the file outside of comments.
		const written = text.replaceAll(/<!--[^]*?-->/g, '').match(/<validate-(jwt|azure-ad-token)\b/g) ?? [];
		if (policy !== undefined) expect(validationsIn(policy.sections.inbound)).toHaveLength(written.length);
	});
}

test('the table of the guide names the files that lie there, and counts them rightly', () => {
	if (files.length > 0) expect([...told.keys()].toSorted()).toEqual(files.toSorted());
	const guide = readFileSync(join(import.meta.dirname, '../docs/guides/azure-api-management-files.md'), 'utf8');
	const runs = [...told.values()].filter((causes) => causes.length === 0).length;
	const validating = guide.match(/\| yes \|/g)?.length;
	const validatingRuns = guide.match(/\| yes \| runs \|/g)?.length;
	expect(guide).toContain(`${runs} of the ${told.size} run.`);
	expect(guide).toContain(
		`Of the ${validating} in which a token is validated outside of comments, ${validatingRuns} do`,
	);
});

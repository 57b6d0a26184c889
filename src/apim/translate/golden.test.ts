/**
 * What `import apim` makes of each shape of policy, held against files: `countersign.yaml` and `report.txt` beside the policy.
 * What it writes is a good configuration, given the environment that it names, and no secret is in it.
 */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decryptionKeyProblems } from '#assembly/decryption-keys';
import { apimProblems, localKeyProblems } from '#assembly/index';
import { loadConfigText } from '#config/load';
import { nodeCryptography } from '#runtime/node/cryptography';
import { findCertificates, readIssuers, readNamedValues } from '../../cli/apim-files.ts';
import { configurationText, type Imported, importPolicies } from '../../cli/imported-policies.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const shapes = readdirSync(fixtures);
const scopes = ['global', 'product', 'api'] as const;

/** Private keys are made anew: of these a configuration names the file alone. */
const privateKey = generateKeyPairSync('rsa', { modulusLength: 2_048 })
	.privateKey.export({ type: 'pkcs8', format: 'pem' })
	.toString();

test('there are shapes', () => {
	expect(shapes.length).toBeGreaterThan(40);
});

interface Shape {
	readonly folder: string;
	readonly namedValues: Readonly<Record<string, string>>;
	readonly read: (path: string) => Promise<string>;
}

function shapeOf(name: string, namedValues: Readonly<Record<string, string>>): Shape {
	const folder = join(fixtures, name);
	return {
		folder,
		namedValues,
		read: async (path) =>
			path.endsWith('.key') ? privateKey : readFile(path.startsWith('/') ? path : join(folder, path), 'utf8'),
	};
}

async function valuesOf(name: string): Promise<Shape['namedValues']> {
	const file = join(fixtures, name, 'values.json');
	return readNamedValues(existsSync(file) ? file : undefined);
}

async function importShape({ folder, namedValues, read }: Shape): Promise<Imported> {
	const names = readdirSync(folder);
	const there = (file: string) => (existsSync(join(folder, file)) ? join(folder, file) : undefined);
	const certificates = Object.keys(await findCertificates(there('certificates'))).map((id) => [
		id,
		{ certificate: `certificates/${id}.pem`, ...(id === 'encryption' ? { key: `certificates/${id}.key` } : {}) },
	]);
	return importPolicies(['policy.xml'], {
		namedValues,
		certificates: Object.fromEntries(certificates),
		fragments: names.flatMap((file) => {
			const id = /^fragment-(.*)\.xml$/.exec(file)?.[1];
			return id === undefined ? [] : [[id, file] as const];
		}),
		outside: scopes.flatMap((scope) => (names.includes(`${scope}.xml`) ? [{ scope, file: `${scope}.xml` }] : [])),
		issuers: await readIssuers(there('openid.json')),
		keepPolicies: false,
		upstream: 'https://orders.example.com',
		folder,
		readFile: read,
	});
}

test.each(shapes)('%s', async (name) => {
	const namedValues = await valuesOf(name);
	const shape = shapeOf(name, namedValues);
	const { config, report, refused, files } = await importShape(shape);
	const written = configurationText(config);
	await expect(written).toMatchFileSnapshot(join(shape.folder, 'countersign.yaml'));
	await expect(report).toMatchFileSnapshot(join(shape.folder, 'report.txt'));

	const secrets = Object.values(namedValues).filter((value) => value.length > 8);
	for (const value of secrets) expect(written + report).not.toContain(value);
	expect(refused).toEqual(name === 'refused' ? ['policy.xml'] : []);
	expect(files.map(({ outcome, notes }) => outcome === 'kept' && notes.length === 0)).toEqual([false]);
	const loaded = await loadConfigText(written, {
		folder: shape.folder,
		env: Object.fromEntries(
			Object.entries(namedValues).map(([key, value]) => [key.toUpperCase().replaceAll('-', '_'), value]),
		),
		readFile: shape.read,
		checkKeys: (keys) => localKeyProblems(keys, nodeCryptography),
		checkDecryptionKey: (key) => decryptionKeyProblems(key, nodeCryptography),
		checkPolicy: (policy, apim, context) => apimProblems(policy, apim, nodeCryptography, context),
	});
	expect(loaded.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
	expect(loaded.definition?.routes).toHaveLength(refused.length === 0 ? 1 : 0);
});

test('some shapes are kept, and those are all', async () => {
	const kept: string[] = [];
	for (const name of shapes) {
		const { files } = await importShape(shapeOf(name, await valuesOf(name)));
		if (files.some(({ outcome }) => outcome === 'kept')) kept.push(name);
	}
	expect(kept).toMatchInlineSnapshot(`
		[
		  "azure-ad-token-domain",
		  "azure-ad-token-multi-tenant",
		  "azure-ad-token-of-the-request",
		  "backend-not-forwarded",
		  "backend-rewritten",
		  "check-absent",
		  "checks-two",
		  "choose",
		  "credential-deleted",
		  "credential-replaced",
		  "decryption-key-in-the-policy",
		  "headers-kept",
		  "managed-identity-before",
		  "managed-identity-deleted",
		  "on-error",
		  "on-error-after-the-answer",
		  "openid-config-and-keys",
		  "openid-config-any-tenant-with-issuers",
		  "openid-config-of-id-tokens",
		  "openid-config-of-the-request",
		  "openid-config-unknown",
		  "openid-configs-two-with-issuers",
		  "outbound-at-the-response",
		  "output-variable-used",
		  "placeholders",
		  "required-claims-kept",
		  "scopes-kept",
		  "signing-key-in-the-policy",
		  "signing-key-with-id",
		  "signing-key-without-issuers",
		  "signing-keys-rsa-without-id",
		  "signing-keys-two",
		  "status-other",
		  "token-value",
		  "without-expiration",
		]
	`);
});

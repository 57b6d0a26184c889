/**
 * docs/guides/azure-api-management.md is held to its word: the policy of API Management's own documentation runs as it
 * stands there, with the one thing that its author has to fill in and without, and the command line does what it shows.
 */
import { execFile } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { apimProblems } from '#assembly/index';
import { loadConfig } from '#config/load';
import { nodeCryptography } from '#runtime/node/cryptography';
import { type GuardedGateway, startGuardedGateway } from './support/guarded-gateway.ts';
import { signJws } from './support/sign-jws.ts';
import { tempDir, writeIn } from './support/temp-dir.ts';

const guide = readFileSync(join(import.meta.dirname, '../docs/guides/azure-api-management.md'), 'utf8');
const policy = /^```xml\n(.*?)^```$/ms.exec(guide)?.[1] ?? '';
const configuration = /^```yaml\n(.*?)^```$/ms.exec(guide)?.[1] ?? '';

const tenant = '6c3d1111-2222-3333-4444-5555aaaabbbb';
const key = Buffer.alloc(32, 9);
const other = createSecretKey(Buffer.alloc(32, 8));
const issuerOf = (id: string) => `https://login.microsoftonline.com/${id}/v2.0`;

function token(claims: Readonly<Record<string, unknown>>, signer = createSecretKey(key), alg = 'HS256'): string {
	const now = Math.floor(Date.now() / 1000);
	const payload = { aud: 'api://orders', sub: 'user', iat: now, exp: now + 300, ...claims };
	return signJws({ header: JSON.stringify({ alg, typ: 'JWT' }), payload, key: signer, algorithm: 'HS256' });
}

let asItStands: GuardedGateway;
let filledIn: GuardedGateway;

async function start(text: string): Promise<GuardedGateway> {
	const config = parse(configuration) as {
		apim: { named_values: Record<string, string> };
		routes: Record<string, unknown>[];
	};
	return startGuardedGateway(
		(upstream): Readonly<Record<string, unknown>> => ({
			apim: { ...config.apim, named_values: { ...config.apim.named_values, 'signing-key': key.toString('base64') } },
			routes: config.routes.map((route) => ({ ...route, upstream })),
		}),
		{ files: { 'policy.xml': text } },
	);
}

beforeAll(async () => {
	asItStands = await start(policy);
	filledIn = await start(policy.replace('{tenantId}', tenant));
});
afterAll(async () => {
	await asItStands.stop();
	await filledIn.stop();
});

const template = issuerOf('{tenantId}');

type Make = (issuer: string, wrong: string) => string | undefined;

const tokens: readonly (readonly [name: string, make: Make, status: number])[] = [
	['a good token', (iss) => token({ iss }), 200],
	['one for two audiences', (iss) => token({ iss, aud: ['x', 'api://orders'] }), 200],
	['none', () => undefined, 401],
	['another issuer', (_, iss) => token({ iss }), 401],
	['another audience', (iss) => token({ iss, aud: 'api://other' }), 401],
	['expired', (iss) => token({ iss, exp: Math.floor(Date.now() / 1000) - 1 }), 401],
	['another key', (iss) => token({ iss }, other), 401],
	['unsigned', (iss) => token({ iss }, undefined, 'none'), 401],
];

async function expectStatus(rig: GuardedGateway, given: string | undefined, status: number): Promise<void> {
	const { response, forwarded } = await rig.send({
		target: '/orders/7',
		...(given === undefined ? {} : { token: given }),
	});
	expect([response.status, forwarded.length]).toEqual([status, status === 200 ? 1 : 0]);
	if (status !== 401) return;
	const message = 'Unauthorized. Access token is missing or invalid.';
	expect(JSON.parse(response.body)).toEqual({ statusCode: 401, message });
}

test.each(tokens)('the policy as it stands in the documentation: %s', async (_, make, status) => {
	await expectStatus(asItStands, make(template, issuerOf(tenant)), status);
});

test.each(tokens)('the policy with a tenant: %s', async (_, make, status) => {
	await expectStatus(filledIn, make(issuerOf(tenant), template), status);
});

test('the placeholder is pointed out at the start', () => {
	expect(asItStands.gateway.log.join('\n')).toContain('placeholder_unrendered');
	expect(filledIn.gateway.log.join('\n')).not.toContain('placeholder_unrendered');
});

const run = promisify(execFile);
const main = join(import.meta.dirname, '../src/cli/main.ts');

async function countersign(
	folder: string,
	...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
	try {
		const done = await run(process.execPath, ['--conditions=countersign-source', main, ...args], { cwd: folder });
		return { code: 0, ...done };
	} catch (error) {
		const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
		return { code, stdout, stderr };
	}
}

test('`apim test` shows each statement, and its exit status is what a pipeline needs', async () => {
	const folder = tempDir();
	writeIn(folder, 'policy.xml', policy.replace('{tenantId}', tenant));
	writeIn(
		folder,
		'values.json',
		JSON.stringify({ 'signing-key': key.toString('base64'), 'api-audience': 'api://orders' }),
	);
	writeIn(folder, 'token.txt', token({ iss: issuerOf(tenant) }));
	const base = [
		'apim',
		'test',
		'policy.xml',
		'--named-values',
		'values.json',
		'--request',
		'GET https://api.example.com/orders/7',
	];
	const [passed, refused] = await Promise.all([
		countersign(folder, ...base, '--token-file', 'token.txt'),
		countersign(folder, ...base),
	]);
	expect(passed).toMatchObject({ code: 0, stderr: '' });
	expect(passed.stdout).toMatch(/^✓ policy\.xml:4 +inbound +validate-jwt$/m);
	expect(passed.stdout).toContain('forwarded: /orders/7');
	expect(refused.code).toBe(1);
	expect(refused.stdout).toMatch(
		/^✗ policy\.xml:4 +inbound +validate-jwt {2}refused: TokenNotPresent \(credential_missing\)$/m,
	);
	expect(refused.stderr).toContain('expected forward, got 401');
	for (const { stdout, stderr } of [passed, refused]) expect(stdout + stderr).not.toContain(key.toString('base64'));
});

test('`import apim` writes a configuration without secrets, and says what cannot be run', async () => {
	const folder = tempDir();
	writeIn(folder, 'orders.xml', policy.replace('{tenantId}', tenant));
	writeIn(
		folder,
		'cached.xml',
		'<policies><inbound><base/><cache-lookup-value key="x" variable-name="y"/></inbound></policies>',
	);
	writeIn(
		folder,
		'values.json',
		JSON.stringify({ 'signing-key': key.toString('base64'), 'api-audience': 'api://orders' }),
	);
	const { code, stdout, stderr } = await countersign(
		folder,
		'import',
		'apim',
		'orders.xml',
		'cached.xml',
		'--named-values',
		'values.json',
	);
	expect(code).toBe(1);
	expect(parse(stdout)).toEqual({
		listen: '127.0.0.1:8080',
		apim: { named_values: { 'signing-key': '${env:SIGNING_KEY}', 'api-audience': '${env:API_AUDIENCE}' } },
		routes: [{ name: 'orders', path: '/orders/**', apim_policy: './orders.xml', upstream: 'http://127.0.0.1:9001' }],
	});
	expect(stderr).toContain('cached.xml: cannot be run');
	expect(stderr).toContain('cached.xml:1:27 <cache-lookup-value> is not supported');
	expect(stdout + stderr).not.toContain(key.toString('base64'));
	// What it wrote can be checked as it is.
	writeIn(folder, 'gateway.yaml', stdout);
	const env = { SIGNING_KEY: key.toString('base64'), API_AUDIENCE: 'api://orders' };
	const checked = await loadConfig(join(folder, 'gateway.yaml'), {
		readFile: (path) => readFile(path, 'utf8'),
		env,
		checkPolicy: (read, apim) => apimProblems(read, apim, nodeCryptography),
	});
	expect(checked.diagnostics).toEqual([]);
	expect(checked.definition?.routes).toHaveLength(1);
});

test('the files that the guide names are there', async () => {
	await expect(readFile(join(import.meta.dirname, '../docs/configuration.md'), 'utf8')).resolves.toContain(
		'apim_policy',
	);
});

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
const key = Buffer.from(Array.from({ length: 32 }, (_, i) => 9 + 7 * i));
const other = createSecretKey(Buffer.alloc(32, 8));
const issuerOf = (id: string) => `https://login.microsoftonline.com/${id}/v2.0`;

function token(claims: Readonly<Record<string, unknown>>, signer = createSecretKey(key), alg = 'HS256'): string {
	const now = Math.floor(Date.now() / 1000);
	const payload = { aud: 'api://orders', sub: 'user', iat: now, exp: now + 300, ...claims };
	return signJws({ header: JSON.stringify({ alg, typ: 'JWT' }), payload, key: signer, algorithm: 'HS256' });
}

let asItStands: GuardedGateway;
let filledIn: GuardedGateway;
/** What the guide shows of its translation. */
let translated: GuardedGateway;

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
	const config = (yamlBlocks[1] ?? '')
		.replace('${env:SIGNING_KEY}', key.toString('base64'))
		.replace('${env:API_AUDIENCE}', 'api://orders');
	translated = await startGuardedGateway((upstream) => withUpstream(config, upstream));
});
afterAll(async () => {
	await asItStands.stop();
	await filledIn.stop();
	await translated.stop();
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

test('`apim test` runs outbound over the response that is assumed', async () => {
	const folder = tempDir();
	const outbound =
		'<set-header name="X-Was"><value>@(context.Response.StatusCode + " " + context.Response.StatusReason + context.Response.Headers.GetValueOrDefault("X-A","-") + "{{name}}")</value></set-header>' +
		'<choose>\n<when condition="@(context.Response.StatusCode == 404)">\n<return-response>\n<set-status code="410" /><set-body>gone</set-body>\n</return-response></when></choose>' +
		'<set-variable name="x" value="@(int.Parse(context.Response.Headers.GetValueOrDefault("X-N","1")))" />';
	writeIn(folder, 'policy.xml', `<policies>\n<inbound />\n<outbound>${outbound}</outbound>\n</policies>`);
	writeIn(folder, 'values.json', '{"name":"hidden-value"}');
	const ask = (...args: readonly string[]) =>
		countersign(folder, 'apim', 'test', 'policy.xml', '--named-values', 'values.json', ...args);
	const [usual, missing, failing, wrong] = await Promise.all([
		ask(),
		ask('--response', '404 Not Found', '--expect', '410'),
		ask('--response-header', 'X-N: none', '--expect', '500', '--json'),
		ask('--response', '101'),
	]);
	expect(usual.code).toBe(0);
	expect(usual.stdout).toMatch(
		/^✓ policy\.xml:3 +outbound +choose$[^]*^forwarded: \/$[^]*^response: 200$\n {2}x-was: 200 OK-/m,
	);
	expect(usual.stdout).not.toContain('hidden-value');
	expect(missing.code).toBe(0);
	expect(missing.stdout).toMatch(
		/^→ policy\.xml:5 +outbound +return-response {2}answered: 410$[^]*^answered: 410$[^]* {2}gone$/m,
	);
	expect([failing.code, JSON.parse(failing.stdout)]).toMatchObject([0, { status: 500, reason: 'internal_error' }]);
	expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--response')]);
});

function withUpstream(text: string, upstream: string): Readonly<Record<string, unknown>> {
	const config = parse(text) as { readonly routes: readonly Readonly<Record<string, unknown>>[] };
	return { ...config, routes: config.routes.map((route) => ({ ...route, upstream })) };
}

const yamlBlocks = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text ?? '');
const importedKey = key.toString('base64');
const values = { 'signing-key': importedKey, 'api-audience': 'api://orders' };
const branching = `<policies>\n<inbound>\n<base />\n<choose>\n<when condition="@(context.Request.Method == "GET")">\n${/<validate-jwt[^]*<\/validate-jwt>/.exec(policy)?.[0] ?? ''}\n</when>\n</choose>\n</inbound>\n</policies>`;

async function importInto(
	folder: string,
	...options: readonly string[]
): Promise<Awaited<ReturnType<typeof countersign>>> {
	writeIn(folder, 'orders.xml', policy.replace('{tenantId}', tenant));
	writeIn(folder, 'invoices.xml', branching);
	writeIn(
		folder,
		'cached.xml',
		'<policies><inbound><base/><cache-lookup-value key="x" variable-name="y"/></inbound></policies>',
	);
	writeIn(folder, 'values.json', JSON.stringify(values));
	return countersign(
		folder,
		'import',
		'apim',
		'orders.xml',
		'invoices.xml',
		'cached.xml',
		'--named-values',
		'values.json',
		...options,
	);
}

const asItIs = (name: string) => ({
	name,
	path: `/${name}/**`,
	apim_policy: `./${name}.xml`,
	upstream: 'http://127.0.0.1:9001',
});

test('`import apim` translates what it can, keeps the rest, writes no secret, and says what cannot be run', async () => {
	const folder = tempDir();
	const { code, stdout, stderr } = await importInto(folder);
	expect(code).toBe(1);
	const shown = parse(yamlBlocks[1] ?? '') as { readonly providers: unknown; readonly routes: readonly unknown[] };
	expect(parse(stdout)).toEqual({
		listen: '127.0.0.1:8080',
		apim: { named_values: { 'signing-key': '${env:SIGNING_KEY}', 'api-audience': '${env:API_AUDIENCE}' } },
		providers: shown.providers,
		routes: [...shown.routes, asItIs('invoices')],
	});
	const report = /^```text\norders\.xml: translated\n(.*?)^invoices/ms.exec(guide)?.[1] ?? 'nothing';
	expect(stderr).toContain(`orders.xml: translated\n${report}`);
	expect(stderr).toMatch(
		/^invoices\.xml: kept as a policy\n( {2}kept .*\n)* {2}kept invoices\.xml:4:1 choose depends on the request$/m,
	);
	expect(stderr).toContain('cached.xml: cannot be run');
	expect(stderr).toContain('cached.xml:1:27 <cache-lookup-value> is not supported');
	expect(stderr).toContain('1 translated, 1 kept as a policy, 1 cannot be run');
	expect(stdout + stderr).not.toContain(importedKey);
	// What it wrote can be checked as it is.
	writeIn(folder, 'gateway.yaml', stdout);
	const checked = await loadConfig(join(folder, 'gateway.yaml'), {
		readFile: (path) => readFile(path, 'utf8'),
		env: { SIGNING_KEY: importedKey, API_AUDIENCE: 'api://orders' },
		checkPolicy: (read, apim) => apimProblems(read, apim, nodeCryptography),
	});
	expect(checked.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
	expect(checked.definition?.routes).toHaveLength(2);
});

test('`import apim --keep-policies` translates nothing, and --json tells of each file', async () => {
	const folder = tempDir();
	const { code, stdout, stderr } = await importInto(folder, '--keep-policies', '--json');
	expect([code, stderr]).toEqual([1, '']);
	const imported = JSON.parse(stdout) as { readonly config: unknown; readonly files: unknown };
	expect(imported.config).toEqual({
		listen: '127.0.0.1:8080',
		apim: { named_values: { 'signing-key': '${env:SIGNING_KEY}', 'api-audience': '${env:API_AUDIENCE}' } },
		routes: [asItIs('orders'), asItIs('invoices')],
	});
	expect(imported.files).toEqual([
		{ file: 'orders.xml', outcome: 'kept', notes: [] },
		{ file: 'invoices.xml', outcome: 'kept', notes: [] },
		{ file: 'cached.xml', outcome: 'refused', notes: [] },
	]);
});

test('`import apim` puts scopes around, and takes issuers from a file', async () => {
	const folder = tempDir();
	const metadata = 'https://idp.example.com/.well-known/openid-configuration';
	const check = `<validate-jwt header-name="Authorization"><openid-config url="${metadata}"/><audiences><audience>api</audience></audiences></validate-jwt>`;
	writeIn(folder, 'global.xml', `<policies><inbound>${check}</inbound></policies>`);
	writeIn(folder, 'orders.xml', '<policies><inbound><base/></inbound></policies>');
	writeIn(folder, 'open.xml', '<policies><inbound><trace source="x"/></inbound></policies>');
	writeIn(folder, 'openid.json', JSON.stringify({ [metadata]: { issuer: 'https://idp.example.com/' } }));
	const args = ['import', 'apim', 'orders.xml', 'open.xml', '--global', 'global.xml', '--json'];
	const [known, unknown] = await Promise.all([
		countersign(folder, ...args, '--openid', 'openid.json'),
		countersign(folder, ...args),
	]);
	const routesOf = (stdout: string) => (JSON.parse(stdout) as { config: { routes: unknown } }).config.routes;
	const open = {
		...asItIs('open'),
		apim_policy: { global: './global.xml', api: './open.xml' },
	};
	expect(known.code).toBe(0);
	expect(routesOf(known.stdout)).toMatchObject([{ name: 'orders', providers: ['idp.example.com'] }, open]);
	expect(routesOf(unknown.stdout)).toEqual([
		{ ...asItIs('orders'), apim_policy: { global: './global.xml', api: './orders.xml' } },
		open,
	]);
});

test.each(tokens)('the policy with a tenant, translated: %s', async (_, make, status) => {
	const text = make(issuerOf(tenant), template);
	const { response, forwarded } = await translated.send({
		target: '/orders/7',
		...(text === undefined ? {} : { token: text }),
	});
	expect([response.status, forwarded.length]).toEqual([status, status === 200 ? 1 : 0]);
});

test('the files that the guide names are there', async () => {
	await expect(readFile(join(import.meta.dirname, '../docs/configuration.md'), 'utf8')).resolves.toContain(
		'apim_policy',
	);
});

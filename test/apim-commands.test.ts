/** `import apim` and `apim test` at the command line: what they must not say, and what they say of files as others write them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { policyOf } from './support/policy-gateway.ts';
import { secretKey, signJws, testKey } from './support/sign-jws.ts';
import { tempDir, writeIn } from './support/temp-dir.ts';

const main = join(import.meta.dirname, '../src/cli/main.ts');

interface Said {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** `files` and then the command in their folder. */
async function countersign(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Said> {
	const folder = tempDir();
	for (const [name, content] of Object.entries(files)) writeIn(folder, name, content);
	try {
		const run = promisify(execFile)(process.execPath, ['--conditions=countersign-source', main, ...args], {
			cwd: folder,
		});
		return { code: 0, ...(await run) };
	} catch (error) {
		return error as Said;
	}
}

const secret = 'a-key-of-the-backend';
const values = JSON.stringify({ 'backend-key': secret });

test.each([
	['<set-variable name="v" value="@(Sign("{{backend-key}}"))" />', `@(Sign("{{backend-key}}"))`],
	['<ip-filter action="allow"><address>{{backend-key}}</address></ip-filter>', '{{backend-key}} is no address'],
])('what is wrong beside a named value is said without its value: %s', async (statement, message) => {
	const files = { 'p.xml': policyOf(statement), 'values.json': values };
	const imported = await countersign(files, 'import', 'apim', 'p.xml', '--named-values', 'values.json', '--json');
	const tested = await countersign(files, 'apim', 'test', 'p.xml', '--named-values', 'values.json');
	expect([imported.code, tested.code]).toEqual([1, 1]);
	const { report } = JSON.parse(imported.stdout) as { readonly report: string };
	expect(report).toContain(message);
	expect(tested.stderr).toContain(message);
	for (const { stdout, stderr } of [imported, tested]) expect(stdout + stderr).not.toContain(secret);
});

test.each([[[]], [['--json']]])('apim test names named values and the token where they go %s', async (options) => {
	const token = signJws({
		header: { alg: 'HS256' },
		key: secretKey('a-secret-of-the-provider-of-tokens'),
		payload: { sub: 'a' },
	});
	const header = (name: string, value: string) =>
		`<set-header name="${name}" exists-action="override"><value>${value}</value></set-header>`;
	const { code, stdout, stderr } = await countersign(
		{
			'p.xml': policyOf(
				header('X-Functions-Key', '{{backend-key}}') +
					header('X-Token', '@(context.Request.Headers.GetValueOrDefault("Authorization",""))') +
					header('X-Area', 'north'),
			),
			'values.json': values,
			'token.txt': `Bearer ${token}\n`,
		},
		'apim',
		'test',
		'p.xml',
		'--named-values',
		'values.json',
		'--token-file',
		'token.txt',
		...options,
	);
	expect(code).toBe(0);
	for (const shown of ['{{backend-key}}', '(the token)', 'north']) expect(stdout).toContain(shown);
	for (const hidden of [secret, token]) expect(stdout + stderr).not.toContain(hidden);
});

test.each([
	['an object behind a byte order mark', `\ufeff${values}`],
	['the list of the command line of Azure', JSON.stringify([{ displayName: 'backend-key', name: 'x', value: secret }])],
	[
		'the list of its API',
		JSON.stringify({ value: [{ name: 'x', properties: { displayName: 'backend-key', value: secret } }], count: 1 }),
	],
])('named values are read from %s', async (_, content) => {
	const policy = policyOf(
		'<set-header name="X-Key" exists-action="override"><value>{{backend-key}}</value></set-header>',
	);
	const files = { 'p.xml': policy, 'values.json': content };
	const { code, stdout, stderr } = await countersign(files, 'apim', 'test', 'p.xml', '--named-values', 'values.json');
	expect([code, stderr]).toEqual([0, expect.not.stringContaining('error')]);
	expect(stdout).toContain('X-Key: {{backend-key}}');
});

test.each(['nonsense', 'ftp://example.com', 'https://'])('--upstream %s is a wrong command line', async (upstream) => {
	const { code, stdout, stderr } = await countersign(
		{ 'p.xml': policyOf('') },
		'import',
		'apim',
		'p.xml',
		'--upstream',
		upstream,
	);
	expect([code, stdout]).toEqual([2, '']);
	expect(stderr).toContain('--upstream is an http or https URL');
});

test('no named value is taken from a variable that every machine has', async () => {
	const names = ['user', 'path', 'http-proxy', 'api-user'];
	const policy = policyOf(`<set-variable name="v" value="${names.map((name) => `{{${name}}}`).join('')}" />`);
	const { stdout } = await countersign(
		{ 'p.xml': policy, 'values.json': JSON.stringify(Object.fromEntries(names.map((name) => [name, 'x']))) },
		'import',
		'apim',
		'p.xml',
		'--named-values',
		'values.json',
		'--json',
	);
	expect((JSON.parse(stdout) as { config: { apim: unknown } }).config.apim).toEqual({
		named_values: {
			user: '${env:APIM_USER}',
			path: '${env:APIM_PATH}',
			'http-proxy': '${env:APIM_HTTP_PROXY}',
			'api-user': '${env:API_USER}',
		},
	});
});

test('a backend with a statement that is not supported is not said to forward nothing', async () => {
	const policy = policyOf('').replace(
		'<backend><base />',
		'<backend><retry condition="@(true)" count="1" interval="1"><forward-request /></retry>',
	);
	const { stderr } = await countersign({ 'p.xml': policy }, 'import', 'apim', 'p.xml');
	expect(stderr).toContain('<retry> is not supported');
	expect(stderr).not.toContain('not_forwarded');
});

test('a token that a key of metadata may have signed is not refused while the metadata cannot be had', async () => {
	const [own, published] = [testKey('ES256', 'own'), testKey('ES256', 'published')];
	const url = 'https://idp.example.com/.well-known/openid-configuration';
	const keys = `<openid-config url="${url}"/><issuer-signing-keys><key certificate-id="own"/></issuer-signing-keys>`;
	const payload = { iss: 'https://idp.example.com/', exp: Math.floor(Date.now() / 1000) + 300 };
	const header = { alg: 'ES256', kid: published.kid };
	const files = {
		'p.xml': policyOf(`<validate-jwt header-name="Authorization">${keys}</validate-jwt>`),
		'own.pem': own.pem,
		'token.txt': signJws({ header, payload, key: published }),
		'openid.json': JSON.stringify({ [url]: { issuer: payload.iss, jwks: { keys: [published.jwk] } } }),
	};
	const args = ['apim', 'test', 'p.xml', '--token-file', 'token.txt', '--certificates', '.'];
	const [without, beside] = await Promise.all([
		countersign(files, ...args),
		countersign(files, ...args.concat('--openid', 'openid.json')),
	]);
	expect(without.stdout).toContain('answered: 503 (keys_unavailable)');
	expect(beside.stdout).toContain('forwarded: /');
});

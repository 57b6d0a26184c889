/**
 * docs/guides/self-hosted-gateway-tokens.md is held to its word: its configuration, its curl line, its table of refusals and
 * what it says of tokens that end, with the audit log in a file as an operator has it.
 */
import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeGatewayToken } from '#apim/gateway-tokens/token';
import { loadConfig } from '#config/load';
import { type Gateway, startGateway } from '#gateway/start-gateway';
import { importSigningSecret } from '#runtime/node/signing';
import { readMetrics } from './support/metrics.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { tempDir, writeIn } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

const guide = await readFile(new URL('../docs/guides/self-hosted-gateway-tokens.md', import.meta.url), 'utf8');
const configuration = /^```yaml\n(.*?)^```$/ms.exec(guide)?.[1] ?? '';
const script = /^```sh\n(.*?)^```$/ms.exec(guide)?.[1] ?? '';
const refusals = [...guide.matchAll(/^\| (.+) \| (\d{3}) \| `(\w+)` \|$/gm)].map(([, what = '', status, code]) => ({
	what,
	status: Number(status),
	code,
}));

const hasCurl = spawnSync('curl', ['--version']).status === 0;
const day = 24 * 3600 * 1000;
const ahead = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();
const folder = tempDir();
let provider: TestProvider;
let upstream: RecordingUpstream;
let gateway: Gateway;
let adminUrl = '';

beforeAll(async () => {
	provider = await createTestProvider();
	upstream = await recordingUpstream({ closedBy: 'caller' });
	const text = configuration
		.replace('127.0.0.1:8080', '127.0.0.1:0')
		.replace('127.0.0.1:9090', '127.0.0.1:0')
		.replace('${env:STORE_KEY}', randomBytes(32).toString('base64'))
		.replace('https://idp.example.com/', provider.issuer)
		.replace('http://127.0.0.1:9001', upstream.url);
	gateway = await startGateway({
		configFile: writeIn(folder, 'gateway.yaml', `${text}audit: { file: ./audit.jsonl }\n`),
		log: { info() {}, warn() {}, error() {} },
	});
	adminUrl = gateway.adminUrl ?? '';
	for (const name of ['edge-gw-01', 'paused']) {
		await call('/keys', { provider: 'contoso', name, scopes: ['configuration:read'] });
	}
	await call('/keys/disable', { provider: 'contoso', name: 'paused' });
});

afterAll(async () => {
	await gateway.stop();
	await upstream.close();
	await provider.stop();
});

const adminToken = (scope = 'gateway:admin gateway:keys') => provider.issue({ aud: 'countersign-admin', scope });

async function call(path: string, body: unknown, token: string | undefined = adminToken(), type = 'application/json') {
	const response = await fetch(adminUrl + path, {
		method: 'POST',
		headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), 'content-type': type },
		body: JSON.stringify(body),
	});
	const text = await response.text();
	return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

const path = (action: string, query = '?api-version=2024-05-01', name = 'edge-gw-01') =>
	`/subscriptions/s/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/contoso/gateways/${name}/${action}${query}`;

async function get(token: string): Promise<number> {
	const authorization = `GatewayKey ${token}`;
	const response = await fetch(`${gateway.url}/configuration/apis`, { headers: { authorization } });
	await response.arrayBuffer();
	return response.status;
}

async function curl(expiry: string): Promise<string> {
	const env = { ...process.env, ADMIN: adminUrl, SUBSCRIPTION: 'subid', ADMIN_TOKEN: adminToken(), EXPIRY: expiry };
	const { stdout } = await promisify(execFile)('sh', ['-c', script], { env });
	return (JSON.parse(stdout) as { readonly value: string }).value;
}

/** Records of the audit file that are events of this kind, once there are any. */
async function events(kind: string): Promise<readonly Record<string, unknown>[]> {
	const read = () =>
		readFileSync(join(folder, 'audit.jsonl'), 'utf8')
			.split('\n')
			.filter((line) => line !== '')
			.map((line) => JSON.parse(line) as Record<string, unknown>)
			.filter(({ event }) => event === kind);
	await expect.poll(() => read().length, { timeout: 5_000 }).toBeGreaterThan(0);
	return read();
}

/** How each call of the table is made; several where the row says `or`. */
const good = { keyType: 'primary', expiry: ahead(day) };
const calls: readonly (() => readonly ReturnType<typeof call>[])[] = [
	() => [call(path('generateToken', ''), good)],
	() => [
		call(path('generateToken', '?api-version=2013-01-01'), good),
		call(path('generateToken', '?api-version=2024-05-01&api-version=2024-05-01'), good),
	],
	() => [call(path('generateToken'), { ...good, keyType: 'third' }), call(path('regenerateKey'), {})],
	() =>
		['2025-06-30T00:00:00Z', ahead(31 * day), 'soon'].map((expiry) => call(path('generateToken'), { ...good, expiry })),
	() => [call(path('listKeys'), {}, ''), call(path('listKeys'), {}, provider.issue())],
	() => [
		call(path('listKeys'), {}, adminToken('gateway:admin')),
		call(path('listKeys'), {}, adminToken('gateway:keys')),
	],
	() => [
		call(path('listKeys', undefined, 'nobody'), {}),
		call(path('listKeys').replace('/contoso/', '/fabrikam/'), {}),
	],
	() => [call(path('generateToken', undefined, 'paused'), good)],
	() => [call(path('generateToken'), good, undefined, 'text/plain')],
];

test('the guide has what this test looks for', () => {
	expect(script).toContain('generateToken');
	expect(refusals).toHaveLength(calls.length);
});

test('its configuration has no fault, and not even a word of advice', async () => {
	const { diagnostics } = await loadConfig(writeIn(folder, 'guide.yaml', configuration), {
		readFile: (file) => readFile(file, 'utf8'),
		env: { STORE_KEY: randomBytes(32).toString('base64') },
	});
	expect(diagnostics).toEqual([]);
});

test.skipIf(!hasCurl)('its curl line: a token that opens the route, until its key is regenerated', async () => {
	const token = await curl(ahead(20 * day));
	expect(await get(token)).toBe(200);
	expect(upstream.requests.at(-1)?.values('x-gateway')).toEqual(['edge-gw-01']);
	expect(upstream.requests.at(-1)?.values('authorization')).toEqual([]);
	expect((await call(path('regenerateKey'), { keyType: 'primary' })).status).toBe(204);
	expect(await get(token)).toBe(401);
	expect(await get(await curl(ahead(20 * day)))).toBe(200);
});

test.each(refusals.map((row, index) => ({ ...row, index })))('$what: $status', async ({ status, code, index }) => {
	const answers = await Promise.all(calls[index]?.() ?? []);
	expect(answers.length).toBeGreaterThan(0);
	for (const answer of answers) expect(answer).toMatchObject({ status, body: { error: { code } } });
});

test('a token that ends soon, and one that has ended, in metrics and audit log; one with time left is not there', async () => {
	const { body } = await call(path('listKeys'), {});
	const token = (expiresAt: number) =>
		makeGatewayToken({ gateway: 'edge-gw-01', key: String(body['secondary']), expiresAt }, { importSigningSecret });
	const now = Math.floor(Date.now() / 1000);
	const [fresh, near, ended] = await Promise.all([token(now + 20 * 86400), token(now + 86400), token(now - 86400)]);
	expect([await get(fresh), await get(near), await get(near), await get(ended)]).toEqual([200, 200, 200, 401]);
	const told = { provider: 'contoso', gateway: 'edge-gw-01', token_id: expect.any(String) };
	const minute = (seconds: number) => new Date(Math.floor(seconds / 60) * 60_000).toISOString();
	expect(await events('gateway_token_near_expiry')).toMatchObject([{ ...told, expires_at: minute(now + 86400) }]);
	expect(await events('gateway_token_expired')).toMatchObject([{ ...told, expires_at: minute(now - 86400) }]);
	const { value } = readMetrics((await gateway.metrics()).body);
	const count = (state: string) =>
		value('countersign_gateway_tokens_total', { provider: 'contoso', gateway: 'edge-gw-01', state });
	expect([count('near_expiry'), count('expired')]).toEqual([2, 1]);
});

test('who asked for what is in the audit log, and neither key nor token', async () => {
	const changes = await events('change');
	const actions = new Set(changes.map(({ action }) => action));
	for (const action of ['gateway_token_generate', 'gateway_keys_list', 'key_regenerate'])
		expect(actions).toContain(action);
	const { body } = await call(path('listKeys'), {});
	const log = readFileSync(join(folder, 'audit.jsonl'), 'utf8');
	for (const half of ['primary', 'secondary']) expect(log).not.toContain(String(body[half]).slice(0, 20));
});

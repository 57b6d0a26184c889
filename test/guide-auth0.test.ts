/** docs/guides/auth0.md is held to its word: its configuration, its requests and its table, over real HTTP. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoApplication, ordersApi, reader, recordsApi, writer } from '#cli/demo/applications';
import { type AuthorizationServer, startAuthorizationServer } from '#cli/demo/authorization-server';
import { type SampleApi, startSampleApi } from '#cli/demo/sample-api';
import { fetchToken } from '#cli/demo/token-request';
import { loadConfig } from '#config/load';
import { type Gateway, startGateway } from '#gateway/start-gateway';
import type { AuditRecord } from '#observe/audit-record';
import { systemClock } from '#runtime/node/clock';
import { alter } from './support/sign-jws.ts';
import { tempDir, writeIn } from './support/temp-dir.ts';

const guide = await readFile(new URL('../docs/guides/auth0.md', import.meta.url), 'utf8');
const blocks = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
const [configuration = '', demoProvider = ''] = blocks;

/** The only block within a list item. */
const claimRules = /^ {2}```yaml\n(.*?)^ {2}```$/ms.exec(guide)?.[1] ?? '';

/** The table of refusals: request, status, challenge, reason. */
const rows = [...guide.matchAll(/^\| (.+?) \| (\d{3})\b[^|]*\| (.+?) \| `(\w+)` \|$/gm)].map((match) => ({
	request: match[1] ?? '',
	status: Number(match[2]),
	challenge: match[3] ?? '',
	reason: match[4] ?? '',
}));

const folder = tempDir();
const traveller: DemoApplication = { ...reader, id: 'traveller-app', lifetime: 7200 };
let now = 0;
let provider: AuthorizationServer;
let stranger: AuthorizationServer;
let api: SampleApi;
let gateway: Gateway;

/** The guide's configuration with the guide's own replacement for the preset, at the addresses of this run. */
function configFor(issuer: string, more: string): string {
	const routes = configuration.slice(configuration.indexOf('routes:'));
	return `listen: 127.0.0.1:0\n${more}${demoProvider}\n${routes}`
		.replaceAll('http://127.0.0.1:9002/', issuer)
		.replaceAll('http://127.0.0.1:9001', api.url);
}

beforeAll(async () => {
	provider = await startAuthorizationServer(0, [reader, writer, traveller, recordsClient]);
	stranger = await startAuthorizationServer(0);
	api = await startSampleApi(0);
	const audit = `audit: { file: ${JSON.stringify(join(folder, 'audit.jsonl'))} }\n`;
	gateway = await startGateway({
		configFile: writeIn(folder, 'gateway.yaml', configFor(provider.issuer, audit)),
		runtime: { clock: { ...systemClock, now: () => systemClock.now() + now } },
	});
});

afterAll(async () => {
	await Promise.all([gateway.stop(), provider.stop(), stranger.stop(), api.stop()]);
});

const recordsClient: DemoApplication = { ...reader, id: 'records-app', grants: { [recordsApi]: ['records:read'] } };

async function bearer(application: DemoApplication, audience = ordersApi, from = provider): Promise<string> {
	return `Bearer ${(await fetchToken(from.tokenEndpoint, application, audience)).token}`;
}

function get(authorization?: string, url = gateway.url): Promise<Response> {
	return fetch(`${url}/orders/42`, authorization === undefined ? {} : { headers: { authorization } });
}

/** How the request of each row is made. */
const requests: Readonly<Record<string, () => Promise<Response>>> = {
	credential_missing: () => get(),
	scheme_unsupported: () => get('Basic YTpi'),
	token_expired: async () => {
		const authorization = await bearer(reader);
		now = 3_600_000 + 6000;
		try {
			return await get(authorization);
		} finally {
			now = 0;
		}
	},
	signature_invalid: async () => get(alter(await bearer(reader), 2, 100)),
	audience_mismatch: async () => get(await bearer(recordsClient, recordsApi)),
	issuer_unknown: async () => get(await bearer(reader, ordersApi, stranger)),
	token_lifetime_exceeded: async () => get(await bearer(traveller)),
	scope_insufficient: async () =>
		fetch(`${gateway.url}/orders`, { method: 'POST', headers: { authorization: await bearer(reader) } }),
};

async function auditRecords(): Promise<readonly AuditRecord[]> {
	const lines = (await readFile(join(folder, 'audit.jsonl'), 'utf8')).split('\n').filter((line) => line !== '');
	return lines.map((line) => JSON.parse(line) as AuditRecord);
}

/** The audit file is written in batches, after the answer. */
function audited(reason: string | undefined): Promise<AuditRecord> {
	return expect
		.poll(async () => (await auditRecords()).findLast((record) => record.reason === reason), { timeout: 10_000 })
		.toBeDefined()
		.then(async () => {
			const record = (await auditRecords()).findLast((candidate) => candidate.reason === reason);
			if (record === undefined) throw new Error('the record has gone again');
			return record;
		});
}

test('the guide has what this test looks for', () => {
	expect(blocks.length).toBe(2);
	expect(claimRules).toContain('purpose_of_use');
	expect(rows.length).toBe(10);
	const elsewhere = ['claim_missing', 'keys_unavailable'];
	expect(new Set(rows.map((row) => row.reason))).toEqual(new Set([...Object.keys(requests), ...elsewhere]));
});

test('its configuration has no fault', async () => {
	const { definition, diagnostics } = await loadConfig(writeIn(folder, 'auth0.yaml', configuration), {
		readFile: (file) => readFile(file, 'utf8'),
		env: {},
	});
	expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
	const auth0 = definition?.providers.find(({ name }) => name === 'auth0');
	expect(auth0?.issuers).toEqual(['https://example.eu.auth0.com/']);
	expect(auth0?.keys).toMatchObject({ from: 'url', url: 'https://example.eu.auth0.com/.well-known/jwks.json' });
	expect(auth0?.extraScopeClaims).toEqual(['permissions']);
});

test('a request that passes', async () => {
	const response = await fetch(`${gateway.url}/orders/42`, {
		headers: { authorization: await bearer(reader), 'x-user-id': 'somebody-else' },
	});
	expect(response.status).toBe(200);
	const { headers } = (await response.json()) as { headers: Record<string, string> };
	expect(headers['x-user-id']).toBe('reader-app@clients');
	expect(headers).not.toHaveProperty('authorization');
	expect(await audited(undefined)).toMatchObject({ decision: 'allow', status: 200, route: 'orders-read' });
});

test('permissions count as scopes, and with extra_scope_claims: [] they do not', async () => {
	const { token } = await fetchToken(provider.tokenEndpoint, writer, ordersApi, 'orders:read');
	const write = (url: string) =>
		fetch(`${url}/orders`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: 'item=stamp' });
	expect((await write(gateway.url)).status).toBe(200);

	const text = configFor(provider.issuer, '').replace('extra_scope_claims: [permissions]', 'extra_scope_claims: []');
	const strict = await startGateway({ configFile: writeIn(folder, 'strict.yaml', text), onAudit() {} });
	try {
		expect((await write(strict.url)).status).toBe(403);
	} finally {
		await strict.stop();
	}
});

test.each(rows.filter((row) => Object.hasOwn(requests, row.reason)))(
	'$request: $status, $reason',
	async ({ status, challenge, reason }) => {
		const before = api.requests();
		const response = await requests[reason]?.();
		expect(response?.status).toBe(status);
		const field = response?.headers.get('www-authenticate') ?? '';
		expect(field).toMatch(/^Bearer\b/);
		const parts = [...challenge.matchAll(/`(\w+="[^"]*")`/g)].map((match) => match[1] ?? '');
		for (const part of parts) expect(field).toContain(part);
		expect(field.includes('error=')).toBe(parts.length > 0);
		expect(await audited(reason)).toMatchObject({ decision: 'deny', status });
		expect(api.requests()).toBe(before);
	},
);

test('the audit record that the guide shows', async () => {
	await requests['scope_insufficient']?.();
	const shown = /```json\n(.*?)```/s.exec(guide)?.[1] ?? '';
	const expected = JSON.parse(shown.replaceAll('YOUR_CLIENT_ID', 'reader-app')) as object;
	expect(await audited('scope_insufficient')).toMatchObject(expected);
});

test('claim_missing, with the claims of section 6', async () => {
	const indented = claimRules.replaceAll(/^ {2}/gm, '    ');
	const text = configFor(provider.issuer, '').replace('    scopes: [orders:read]\n', (line) => line + indented);
	const records: AuditRecord[] = [];
	const other = await startGateway({
		configFile: writeIn(folder, 'claims.yaml', text),
		onAudit: (record) => records.push(record),
	});
	try {
		const response = await get(await bearer(reader), other.url);
		expect(response.status).toBe(403);
		expect(response.headers.get('www-authenticate')).toBeNull();
		await expect.poll(() => records[0]?.reason).toBe('claim_missing');
	} finally {
		await other.stop();
	}
});

test('keys_unavailable while the provider was never there', async () => {
	const gone = await startAuthorizationServer(0, [reader]);
	const authorization = await bearer(reader, ordersApi, gone);
	await gone.stop();
	const records: AuditRecord[] = [];
	const other = await startGateway({
		configFile: writeIn(folder, 'gone.yaml', configFor(gone.issuer, '')),
		log: { info() {}, warn() {}, error() {} },
		onAudit: (record) => records.push(record),
	});
	try {
		const response = await get(authorization, other.url);
		expect(response.status).toBe(503);
		expect(response.headers.get('www-authenticate')).toBeNull();
		expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
		await expect.poll(() => records[0]?.reason).toBe('keys_unavailable');
	} finally {
		await other.stop();
	}
});

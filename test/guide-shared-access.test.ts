/** docs/guides/shared-access-signatures.md is held to its word: its configuration, its code, its tables, over real HTTP. */
import { mkdirSync, renameSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '#config/load';
import { type Gateway, startGateway } from '#gateway/start-gateway';
import type { AuditRecord } from '#observe/audit-record';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { farAway, secondaryKey, senderKey, signSas } from './support/sign-sas.ts';
import { tempDir, writeIn } from './support/temp-dir.ts';

type Sign = (resource: string, keyName: string, key: string, lifetime: number) => string;

const guide = await readFile(new URL('../docs/guides/shared-access-signatures.md', import.meta.url), 'utf8');
const [configuration = '', inTheUrl = ''] = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)].map(
	(match) => match[1] ?? '',
);
const code = /^```js\n(.*?)^```$/ms.exec(guide)?.[1] ?? '';

/** The cells of the table in the section of this heading. */
function table(heading: string): readonly (readonly string[])[] {
	const section = guide.slice(guide.indexOf(heading)).split(/^## /m)[1] ?? '';
	const lines = section.split('\n').filter((line) => line.startsWith('|'));
	return lines.slice(2).map((line) =>
		line
			.split('|')
			.slice(1, -1)
			.map((cell) => cell.trim()),
	);
}

const codes = (cell: string | undefined) => Array.from((cell ?? '').matchAll(/`([^`]+)`/g), (match) => match[1] ?? '');
const refusals = table('## 5. When a request is refused').map(([, status, error, reason]) => ({
	status: Number(status),
	error: codes(error)[0],
	reason: codes(reason)[0] ?? '',
}));
const openings = table('## 3. What a signature opens').map(([resource, opens, closed]) => ({
	resource: codes(resource)[0] ?? '',
	opens: codes(opens),
	closed: codes(closed),
}));

const folder = tempDir();
const records: AuditRecord[] = [];
const root = 'sb://bus.example.net';
let upstream: RecordingUpstream;
let gateway: Gateway;
let sign: Sign;

beforeAll(async () => {
	({ sign } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { sign: Sign });
	upstream = await recordingUpstream({ closedBy: 'caller' });
	mkdirSync(join(folder, 'keys'));
	writeIn(folder, 'keys/sensors-primary', `${senderKey}\n`);
	writeIn(folder, 'keys/sensors-secondary', secondaryKey);
	writeIn(folder, 'keys/lost', 'Hd2Kq9Lw4Rt7Yv1Zx6Cb3Nm8Pf5Gs0Ja');
	const text = configuration
		.replace('127.0.0.1:8080', '127.0.0.1:0')
		.replaceAll('http://127.0.0.1:9001', upstream.url)
		.replace('    max_lifetime:', `${inTheUrl}    max_lifetime:`);
	gateway = await startGateway({
		configFile: writeIn(folder, 'gateway.yaml', text),
		log: { info() {}, warn() {}, error() {} },
		onAudit: (record) => records.push(record),
	});
});

afterAll(async () => {
	await gateway.stop();
	await upstream.close();
});

const good = (resource = `${root}/telemetry`, key = senderKey, lifetime = 600) =>
	sign(resource, 'sensors', key, lifetime);

function get(authorization: string | undefined, path = '/telemetry/7'): Promise<Response> {
	return fetch(`${gateway.url}${path}`, authorization === undefined ? {} : { headers: { authorization } });
}

/** The reason of one request, once it is recorded; undefined for one that passed. */
async function reasonOf(request: Promise<Response>): Promise<string | undefined> {
	const before = records.length;
	await (await request).arrayBuffer();
	await expect.poll(() => records.length).toBe(before + 1);
	return records[before]?.reason;
}

/** How the request of each row is made. */
const requests: Readonly<Record<string, () => Promise<Response>>> = {
	credential_missing: () => get(undefined),
	scheme_unsupported: () => get(good().replace('SharedAccessSignature', 'GatewayKey')),
	token_malformed: () => get(`${good()}&se=${farAway}`),
	key_unknown: () => get(sign(`${root}/telemetry`, 'lost', 'Hd2Kq9Lw4Rt7Yv1Zx6Cb3Nm8Pf5Gs0Ja', 600)),
	signature_invalid: () => get(good(undefined, 'some other key altogether')),
	token_expired: () => get(good(undefined, senderKey, -60)),
	token_lifetime_exceeded: () => get(good(undefined, senderKey, 7200)),
	audience_mismatch: () => get(good('sb://other.example.net/telemetry')),
	resource_mismatch: () => get(good(`${root}/telemetry/8`)),
	scope_insufficient: () => get(good(`${root}/commands`), '/commands/1'),
};

test('the guide has what this test looks for', () => {
	expect(inTheUrl).toContain('insecure_query');
	expect(openings).toHaveLength(4);
	expect(refusals.map(({ reason }) => reason)).toEqual(Object.keys(requests));
});

test('its configuration has no fault, and not even a word of advice', async () => {
	const { diagnostics } = await loadConfig(writeIn(folder, 'guide.yaml', configuration), {
		readFile: (file) => readFile(file, 'utf8'),
		env: {},
	});
	expect(diagnostics).toEqual([]);
});

test('its code signs what passes, and the upstream sees who it was', async () => {
	expect((await get(good())).status).toBe(200);
	const request = upstream.requests.at(-1);
	expect(request?.values('x-user-id')).toEqual(['sensors']);
	expect(request?.values('x-client')).toEqual(['sensors']);
	expect(request?.values('authorization')).toEqual([]);
});

test.each(refusals)('$reason: $status', async ({ status, error, reason }) => {
	const asked = requests[reason]?.();
	if (asked === undefined) throw new Error(`no request for ${reason}`);
	const forwarded = upstream.requests.length;
	expect(await reasonOf(asked)).toBe(reason);
	const response = await asked;
	expect(response.status).toBe(status);
	const challenge = response.headers.get('www-authenticate');
	if (status === 401) expect(challenge).toMatch(/^SharedAccessSignature\b/);
	expect(/error="([^"]*)"/.exec(challenge ?? '')?.[1]).toBe(error);
	expect(upstream.requests).toHaveLength(forwarded);
});

test.each(openings)('$resource', async ({ resource, opens, closed }) => {
	const authorization = good(resource);
	expect(opens.length).toBeGreaterThan(0);
	for (const path of opens) expect(await reasonOf(get(authorization, path)), path).toBeUndefined();
	for (const path of closed) {
		const reason = await reasonOf(get(authorization, path));
		// The route itself has no /telemetry-old and no /Telemetry.
		expect(['resource_mismatch', 'route_not_found'], path).toContain(reason);
	}
});

test('in the URL', async () => {
	const response = await fetch(`${gateway.url}/telemetry/7?a=1&signature=${encodeURIComponent(good())}`);
	expect(response.status).toBe(200);
	expect(upstream.requests.at(-1)?.target).toBe('/telemetry/7?a=1');
});

test('a key that is replaced in its file stops working, also for a signature that passed before', async () => {
	const before = `SharedAccessSignature ${signSas({ resource: `${root}/telemetry`, skn: 'sensors', se: Math.floor(Date.now() / 1000) + 900 })}`;
	expect((await get(before)).status).toBe(200);
	const renewed = 'Nw8Kq2Lw4Rt7Yv1Zx6Cb3Nm8Pf5Gs0Jb';
	renameSync(writeIn(folder, 'keys/new', renewed), join(folder, 'keys/sensors-primary'));
	await gateway.reload();
	expect(await reasonOf(get(before))).toBe('signature_invalid');
	expect((await get(good(undefined, secondaryKey))).status).toBe(200);
	expect((await get(good(undefined, renewed))).status).toBe(200);
});

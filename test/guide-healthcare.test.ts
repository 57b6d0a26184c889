/**
 * examples/healthcare.yaml and its guide are held to their word: the file is checked as it is, then run over real TLS with
 * certificates of the test's own, and each condition that is missing is refused with the reason of the guide's table.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '#config/load';
import type { Reason } from '#core/index';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { requestBytes, type Seen, type SentRequest } from './support/guarded-gateway.ts';
import { clientOn } from './support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { type SelfSigned, selfSigned, thumbprintOf } from './support/self-signed.ts';
import { testKey } from './support/sign-jws.ts';
import { tempDir, writeIn } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';
import { ownCertificate, secureSocket } from './support/tls-gateway.ts';

const example = join(import.meta.dirname, '../examples/healthcare.yaml');
const text = readFileSync(example, 'utf8');
const guide = readFileSync(join(import.meta.dirname, '../docs/guides/healthcare.md'), 'utf8');
const block = (language: string, index = 0): string =>
	[...guide.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))][index]?.[1] ?? '';
const claims = JSON.parse(block('json')) as Readonly<Record<string, unknown>>;

const ca = selfSigned({ commonName: 'clients', isAuthority: true });
const client = selfSigned({ commonName: 'ward', issuer: ca });
const other = selfSigned({ commonName: 'other ward', issuer: ca });

let provider: TestProvider;
let upstream: RecordingUpstream;
let gateway: TestGateway;

beforeAll(async () => {
	const audience = 'https://records.hospital.example';
	provider = await createTestProvider({ audience, keys: [testKey('ES256', 'hospital')] });
	upstream = await recordingUpstream({ closedBy: 'caller' });
	const config = [
		['127.0.0.1:8443', '127.0.0.1:0'],
		['http://127.0.0.1:9001', upstream.url],
		['https://idp.hospital.example/', provider.issuer],
		['demonstration-keys/server.pem', 'server.pem'],
		['demonstration-keys/server.key', 'server.key'],
		['demonstration-keys/clients-ca.pem', 'clients-ca.pem'],
	].reduce((config, [written = '', own = '']) => {
		if (!config.includes(written)) throw new Error(`the example has no ${written}`);
		return config.replace(written, own);
	}, text);
	gateway = await startTestGateway(config, {
		files: {
			'server.pem': ownCertificate.certificate,
			'server.key': ownCertificate.key,
			'clients-ca.pem': ca.certificate,
		},
	});
});
afterAll(async () => {
	await gateway.stop();
	await upstream.close();
	await provider.stop();
});

/** As the guide's token, of this test's provider and bound to the client's certificate, with these claims laid over. */
function issue(
	more: Readonly<Record<string, unknown>> = {},
	options: Parameters<TestProvider['issue']>[1] = {},
): string {
	return provider.issue(
		{ ...claims, iss: provider.issuer, cnf: { 'x5t#S256': thumbprintOf(client) }, ...more },
		options,
	);
}

async function send(request: SentRequest, certificate: SelfSigned = client): Promise<Seen> {
	const socket = await secureSocket(gateway.url, { cert: certificate.certificate, key: certificate.key });
	const connection = clientOn(socket);
	const [records, arrived] = [gateway.records.length, upstream.requests.length];
	connection.send(requestBytes({ target: '/records/7', host: 'localhost', ...request }));
	const response = await connection.response();
	const record = await gateway.record(records + 1);
	return { response, record, forwarded: upstream.requests.slice(arrived) };
}

test('the example is good as it is, without a warning, and stands whole in the guide', async () => {
	const { definition, diagnostics } = await loadConfig(example, {
		readFile: (path) => readFile(path, 'utf8'),
		env: {},
	});
	expect(diagnostics).toEqual([]);
	expect(definition?.routes).toHaveLength(1);
	expect(text.endsWith(`\n\n${block('yaml')}`)).toBe(true);
});

test('everything is there: the record is served, and the service learns who and what for', async () => {
	const spoofed = [
		['X-User-Id', 'director'],
		['X_Purpose_Of_Use', 'EMERGENCY'],
	] as const;
	const { response, forwarded } = await send({ token: issue(), headers: spoofed });
	expect(response.status).toBe(200);
	expect(forwarded).toHaveLength(1);
	const [request] = forwarded;
	expect(request?.values('x-user-id')).toEqual(['nurse-7']);
	expect(request?.values('x-purpose-of-use')).toEqual(['TREATMENT']);
	expect(request?.lines.filter((line) => /^(authorization|client-cert|x_)/i.test(line))).toEqual([]);
	expect((await send({ token: issue({ purpose_of_use: 'EMERGENCY' }) })).response.status).toBe(200);
});

const now = () => Math.floor(Date.now() / 1000);
const ways: readonly (readonly [missing: string, send: () => Promise<Seen>])[] = [
	['a token', () => send({})],
	['a token that is an access token: an ID token', () => send({ token: issue({}, { header: { typ: 'JWT' } }) })],
	['a token of this authorization server', () => send({ token: issue({ iss: 'https://idp.hospital.example.evil/' }) })],
	['a token that still lives', () => send({ token: issue({ iat: now() - 400, exp: now() - 100 }) })],
	['a token that lives five minutes at most', () => send({ token: issue({ exp: now() + 302 }) })],
	['a token that is bound to a certificate', () => send({ token: issue({ cnf: undefined }) })],
	['a token that is bound to this certificate', () => send({ token: issue() }, other)],
	['a token for this service', () => send({ token: issue({ aud: 'https://billing.hospital.example' }) })],
	['the scope `records:read`', () => send({ token: issue({ scope: 'records:write' }) })],
	['a purpose', () => send({ token: issue({ purpose_of_use: undefined }) })],
	['one of the two purposes', () => send({ token: issue({ purpose_of_use: 'BILLING' }) })],
	['any training', () => send({ token: issue({ training: undefined }) })],
	['the privacy training, completed', () => send({ token: issue({ training: { privacy: 'expired' } }) })],
	['a method that only reads', () => send({ method: 'DELETE', token: issue() })],
];

const rows = guide
	.slice(guide.indexOf('| what is missing |'))
	.split('\n\n')[0]
	?.split('\n')
	.slice(2)
	.map((line) => line.split('|').map((cell) => cell.trim()));

test('the table names exactly the conditions that are tested', () => {
	expect(rows?.map(([, missing]) => missing)).toEqual(ways.map(([missing]) => missing));
});

test.each(ways)('without %s', async (missing, ask) => {
	const [, , status, reason = ''] = rows?.find(([, name]) => name === missing) ?? [];
	const { response, record, forwarded } = await ask();
	expect({ status: response.status, reason: record.reason }).toEqual({
		status: Number(status),
		reason: reason.replaceAll('`', '') as Reason,
	});
	expect(forwarded).toEqual([]);
	// One claim is told from the other by what was expected and found.
	if (missing.includes('purpose')) expect(record.found).toMatch(/^purpose_of_use: /);
	if (missing.includes('training')) expect(record.found).toMatch(/^\/training\/privacy: /);
});

test.each([
	['none', undefined],
	['one of another authority', selfSigned({ issuer: selfSigned({ isAuthority: true, commonName: 'elsewhere' }) })],
	['one that has expired', selfSigned({ issuer: ca, from: Date.UTC(2020, 0, 1), to: Date.UTC(2021, 0, 1) })],
	['one that it signed itself', selfSigned()],
])('a client with %s does not get as far as a request', async (_, certificate) => {
	const records = gateway.records.length;
	const shown = certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key };
	const socket = await secureSocket(gateway.url, shown).catch(() => undefined);
	const connection = socket === undefined ? undefined : clientOn(socket);
	connection?.send(requestBytes({ target: '/records/7', host: 'localhost', token: issue() }));
	await expect(
		connection === undefined ? undefined : connection.response().catch(() => undefined),
	).resolves.toBeUndefined();
	expect(gateway.records).toHaveLength(records);
});

test.skipIf(!hasOpenssl())('the commands of the guide make certificates that the example takes', async () => {
	const folder = tempDir();
	execFileSync('sh', ['-e', '-c', block('sh')], { cwd: folder, stdio: 'ignore' });
	const copy = writeIn(folder, 'gateway.yaml', text.replaceAll('demonstration-keys/', ''));
	const { diagnostics } = await loadConfig(copy, { readFile: (path) => readFile(path, 'utf8'), env: {} });
	expect(diagnostics).toEqual([]);
	execFileSync('openssl', ['verify', '-CAfile', 'clients-ca.pem', 'client.pem'], { cwd: folder, stdio: 'ignore' });
});

function hasOpenssl(): boolean {
	try {
		execFileSync('openssl', ['version'], { stdio: 'ignore' });
		return true;
	} catch {
		return false;
	}
}

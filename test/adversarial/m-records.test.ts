/** Group M: what a request can write into logs and records (M28), and what other origins may read (M29). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gateway, InvalidConfigError, startGateway } from '#gateway/start-gateway';
import type { AuditRecord } from '#observe/audit-record';
import { createLog } from '#runtime/node/log';
import { startTestGateway } from '../support/gateway.ts';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { exchange, type RawResponse } from '../support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from '../support/recording-upstream.ts';
import { testKey } from '../support/sign-jws.ts';
import { tempDir, writeIn } from '../support/temp-dir.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

const folder = tempDir();
const auditFile = join(folder, 'audit.jsonl');
const logged: string[] = [];
const origin = 'https://app.example.com';

let provider: TestProvider;
let upstream: RecordingUpstream;
let gateway: Gateway;
let cors: GuardedGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256')] });
	upstream = await recordingUpstream({ closedBy: 'caller' });
	const providers = { idp: { issuer: provider.issuer, audience: provider.audience } };
	const config = {
		listen: '127.0.0.1:0',
		audit: { file: auditFile },
		providers: {
			...providers,
			query: {
				issuer: 'https://query.example.com/',
				audience: provider.audience,
				jwks: { keys: [testKey('ES256').jwk] },
				token_from: [{ insecure_query: 'access_token' }],
			},
		},
		routes: [
			{ name: 'all', path: '/**', providers: ['idp'], upstream: upstream.url },
			{ name: 'query', path: '/query', providers: ['query'], upstream: upstream.url },
			{ name: 'broken', path: '/broken', public: true, upstream: 'http://127.0.0.1:1' },
		],
	};
	// The real log and the real audit file: what a test double would not escape, they must.
	gateway = await startGateway({
		configFile: writeIn(folder, 'gateway.yaml', JSON.stringify(config)),
		log: createLog({ write: (text) => logged.push(text) }, { json: false }),
	});
	cors = await startGuardedGateway((url) => ({
		providers,
		routes: [
			{
				name: 'browser',
				path: '/browser',
				cors: { origins: [origin], credentials: true, methods: ['GET', 'PUT'] },
				upstream: url,
			},
			{ name: 'anybody', path: '/anybody', cors: { origins: ['*'] }, upstream: url },
			{ name: 'without', path: '/without', upstream: url },
			{ name: 'gone', path: '/gone', cors: { origins: [origin] }, upstream: 'http://127.0.0.1:1' },
		],
	}));
});

afterAll(async () => {
	await Promise.all([gateway.stop(), cors.stop()]);
	await Promise.all([upstream.close(), provider.stop()]);
});

async function lines(): Promise<readonly string[]> {
	const text = await readFile(auditFile, 'utf8');
	return text.split('\n').filter((line) => line !== '');
}

/** Sends and waits for the one line of audit that it must leave. */
async function audited(
	bytes: string,
): Promise<{ readonly response: RawResponse; readonly line: string; readonly record: AuditRecord }> {
	const before = (await lines()).length;
	const response = await exchange(gateway.url, bytes);
	await expect.poll(async () => (await lines()).length).toBeGreaterThan(before);
	const after = await lines();
	expect(after).toHaveLength(before + 1);
	const line = after.at(-1) ?? '';
	return { response, line, record: JSON.parse(line) as AuditRecord };
}

// oxlint-disable-next-line no-control-regex -- that is what must not be there
const controls = /[\u0000-\u001f\u007f]/;

test.each([
	['quotes and a second record', '/a","decision":"allow","x":"', 401],
	['a line end, encoded', '/a%0a%0d{"decision":"allow"}', 400],
	['a terminal sequence, encoded', '/a%1b[31m', 400],
	['a backslash at the end', '/a\\', 400],
	['a line separator, encoded', '/a%e2%80%a8b', 401],
])('M28: a path with %s makes one well-formed record', async (_, target, status) => {
	const { response, line, record } = await audited(requestBytes({ target }));
	expect(response.status).toBe(status);
	expect(line).not.toMatch(controls);
	expect(record).toMatchObject({ decision: 'deny', path: target, status });
});

test.each([
	['a raw line feed', 'User-Agent: a\nX-Injected: b'],
	['a raw carriage return', 'User-Agent: a\rX-Injected: b'],
	['an escape', 'User-Agent: \x1b[31mred'],
	['a NUL', 'User-Agent: a\0b'],
])('M28: a field with %s', async (_, field) => {
	const { response, line, record } = await audited(requestBytes().replace('\r\n\r\n', `\r\n${field}\r\n\r\n`));
	expect([400, 401]).toContain(response.status);
	expect(record.decision).toBe('deny');
	expect(line).not.toMatch(controls);
	expect(line).not.toMatch(/Injected|\[31m/);
});

test('M28: a method, host and path without end are cut', async () => {
	const { record } = await audited(
		requestBytes({ host: `${'h'.repeat(5000)}.example`, target: `/${'p'.repeat(10_000)}` }),
	);
	expect(record.host?.length).toBeLessThan(300);
	expect(record.path?.length).toBeLessThan(300);
});

test('M28: a user agent of 1 MB is refused and not recorded', async () => {
	const { response, line } = await audited(requestBytes({ headers: [['User-Agent', 'canary '.repeat(150_000)]] }));
	expect(response.status).toBe(431);
	expect(line.length).toBeLessThan(1000);
	expect(line).not.toContain('canary');
});

test('M28: claims with line ends and terminal sequences in the record of their request', async () => {
	const sub = 'a\n{"decision":"allow"}\u001b[31m"\u2028';
	const { response, line, record } = await audited(requestBytes({ token: provider.issue({ sub }) }));
	expect(response.status).toBe(200);
	expect(line).not.toMatch(controls);
	expect(record).toMatchObject({ decision: 'allow', subject: sub });
});

test('M28: what a token says of itself is escaped and cut where a refusal quotes it', async () => {
	const kid = `k\n\u001b[31m${'x'.repeat(5000)}`;
	const { response, line, record } = await audited(requestBytes({ token: provider.issue({}, { kid }) }));
	expect(response.status).toBe(401);
	expect(record.reason).toBe('key_unknown');
	expect(line).not.toMatch(controls);
	expect(line.length).toBeLessThan(2000);
});

test('M28: a token in the URL is in no record and no line of the log', async () => {
	const key = testKey('ES256');
	const token = provider.issue({ iss: 'https://query.example.com/' }, { key });
	const allowed = await audited(requestBytes({ target: `/query?access_token=${token}&a=b` }));
	expect(allowed.response.status).toBe(200);
	const refused = await audited(requestBytes({ target: `/elsewhere?access_token=${token}` }));
	expect(refused.response.status).toBe(401);
	const failed = await audited(requestBytes({ target: `/broken?access_token=${token}` }));
	expect(failed.response.status).toBe(502);
	expect(logged.join('')).toContain('upstream_unreachable');
	const signature = token.split('.')[2] ?? '';
	const everything =
		[allowed, refused, failed].map(({ line, response }) => line + response.head + response.body).join('') +
		logged.join('');
	expect(everything).not.toContain(signature);
	expect(everything).not.toContain('access_token');
	const forwarded = upstream.requests.find(({ target }) => target.startsWith('/query'));
	expect(forwarded?.target).toBe('/query?a=b');
});

test('M28: the log has one line for each thing it says', () => {
	for (const text of logged) {
		expect(text.endsWith('\n')).toBe(true);
		expect(text.slice(0, -1)).not.toMatch(controls);
	}
});

const preflight = (from: string, method = 'PUT') =>
	[
		['Origin', from],
		['Access-Control-Request-Method', method],
		['Access-Control-Request-Headers', 'authorization'],
	] as const;

test('M29: a preflight without a token is answered and not forwarded', async () => {
	const { response, record, forwarded } = await cors.send({
		method: 'OPTIONS',
		target: '/browser',
		headers: preflight(origin),
	});
	expect(response.status).toBe(204);
	expect(response.headers.get('access-control-allow-origin')).toBe(origin);
	expect(response.headers.get('access-control-allow-credentials')).toBe('true');
	expect(response.headers.get('access-control-allow-methods')).toBe('GET, PUT');
	expect(response.headers.get('vary')).toMatch(/origin/i);
	expect(record).toMatchObject({ decision: 'answer', route: 'browser', status: 204 });
	expect(forwarded).toHaveLength(0);
});

test('M29: a page can read that its allowed request failed behind the gateway', async () => {
	const { response } = await cors.send({ target: '/gone', token: provider.issue(), headers: [['Origin', origin]] });
	expect(response.status).toBe(502);
	expect(response.headers.get('access-control-allow-origin')).toBe(origin);
});

test('M29: a preflight with a token and cookies is not forwarded either', async () => {
	const headers = [...preflight(origin), ['Cookie', 'session=abc'] as const];
	const { response, forwarded } = await cors.send({
		method: 'OPTIONS',
		target: '/browser',
		token: provider.issue(),
		headers,
	});
	expect(response.status).toBe(204);
	expect(forwarded).toHaveLength(0);
});

test.each([
	'null',
	'https://evil.example',
	`${origin}.evil.example`,
	'HTTPS://APP.EXAMPLE.COM',
	`${origin}:443`,
	`${origin}/`,
	'',
])('M29: a preflight from %j gets no allowance', async (from) => {
	const { response, forwarded } = await cors.send({ method: 'OPTIONS', target: '/browser', headers: preflight(from) });
	expect(response.status).toBe(204);
	expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
	expect(forwarded).toHaveLength(0);
});

test('M29: any origin, and never with credentials', async () => {
	for (const from of ['null', 'https://evil.example']) {
		const { response, forwarded } = await cors.send({
			method: 'OPTIONS',
			target: '/anybody',
			headers: preflight(from),
		});
		expect(response.headers.get('access-control-allow-origin')).toBe('*');
		expect(response.headers.has('access-control-allow-credentials')).toBe(false);
		expect(forwarded).toHaveLength(0);
	}
});

test('M29: a wildcard with credentials is a configuration error', async () => {
	const config = {
		routes: [{ path: '/', public: true, cors: { origins: ['*'], credentials: true }, upstream: 'http://127.0.0.1:1' }],
	};
	const error: unknown = await startTestGateway(config).then(
		(started) => started.stop(),
		(cause: unknown) => cause,
	);
	expect(error).toBeInstanceOf(InvalidConfigError);
	expect(String(error)).toMatch(/gateway\.yaml:\d+:\d+.*exclude each other/s);
});

test.each([
	['without rules for other origins', '/without', preflight(origin)],
	['two origins', '/browser', [...preflight(origin), ['Origin', 'https://evil.example'] as const]],
	['no method asked for', '/browser', [['Origin', origin] as const]],
])('M29: OPTIONS that is no preflight here (%s) needs a token', async (_, target, headers) => {
	expectRefused(await cors.send({ method: 'OPTIONS', target, headers }), '401-NC', 'credential_missing');
});

test('M29: the request after the preflight needs its token, and the refusal can be read', async () => {
	const headers = [['Origin', origin]] as const;
	const refused = await cors.send({ target: '/browser', headers });
	expectRefused(refused, '401-NC', 'credential_missing');
	expect(refused.response.headers.get('access-control-allow-origin')).toBe(origin);
	const allowed = await cors.send({ target: '/browser', headers, token: provider.issue() });
	expectForwarded(allowed);
	expect(allowed.response.headers.get('access-control-allow-origin')).toBe(origin);
});

/**
 * Group M: requests that two parsers could read in two ways (M01–M05, M08). Every one of them comes with a good token, and
 * with a good request right behind it: refused once, on a connection that closes, with no byte at the upstream, and the
 * request behind it is nobody's.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GuardedGateway, requestBytes, startGuardedGateway } from '../support/guarded-gateway.ts';
import {
	chunkings,
	fieldLines,
	framings,
	lengths,
	type MalformedRequest,
	requestLines,
} from '../support/malformed-requests.ts';
import { rawClient } from '../support/raw-client.ts';
import { testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

let provider: TestProvider;
let rig: GuardedGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256')] });
	rig = await startGuardedGateway(
		(upstream) => ({
			providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
			routes: [{ name: 'all', path: '/**', upstream }],
		}),
		{ answer: (request, response) => void request.on('end', () => response.end('whole')) },
	);
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
});

/** The one answer of a connection that sends `bytes`, in one read or in two, with a good request behind them. */
async function sole(bytes: string, status: number): Promise<void> {
	const token = provider.issue();
	const records = rig.gateway.records.length;
	const [reached, arrived] = [rig.upstream.bytesReceived, rig.upstream.requests.length];
	const client = await rawClient(rig.gateway.url);
	client.send(bytes.replaceAll('{token}', token) + requestBytes({ target: '/behind', token }));
	await client.closed();
	const received = client.received();
	expect(received.slice(0, 13)).toBe(`HTTP/1.1 ${status} `);
	expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1);
	expect(received.toLowerCase()).toContain('\r\nconnection: close\r\n');
	expect(received).not.toContain(token);
	expect([rig.upstream.bytesReceived - reached, rig.upstream.requests.length - arrived]).toEqual([0, 0]);
	const record = await rig.gateway.record(records + 1);
	expect([record.reason, record.status]).toEqual([status === 405 ? 'method_not_allowed' : 'request_malformed', status]);
	expect(rig.gateway.records).toHaveLength(records + 1);
}

const vectors = (list: readonly MalformedRequest[]): [name: string, bytes: string][] =>
	list.map(({ name, bytes }) => [name, bytes]);

test.each(vectors(framings))('M01: %s', (_, bytes) => sole(bytes, 400));
test.each(vectors(lengths))('M02: Content-Length %s', (_, bytes) => sole(bytes, 400));
test.each(vectors(chunkings))('M03: %s', (_, bytes) => sole(bytes, 400));
test.each(vectors(fieldLines))('M04: %s', (_, bytes) => sole(bytes, 400));
test.each(vectors(requestLines))('M05, M08: %s', (_, bytes) => sole(bytes, 400));

test('M05: there are more vectors than llhttp has', () => {
	const all = [...framings, ...lengths, ...chunkings, ...fieldLines, ...requestLines].map(({ bytes }) => bytes);
	expect(new Set(all).size).toBe(all.length);
	expect(all.length).toBeGreaterThan(65);
});

test('M03: a chunk that breaks in a later read leaves the upstream a request without end, and the client one answer', async () => {
	const token = provider.issue();
	const arrived = rig.upstream.requests.length;
	const client = await rawClient(rig.gateway.url);
	client.send(requestBytes({ method: 'POST', token, headers: [['Transfer-Encoding', 'chunked']] }));
	client.send('5\r\nhello\r\n');
	await rig.upstream.arrived(arrived + 1);
	client.send(`0x5\r\nworld\r\n0\r\n\r\n${requestBytes({ target: '/behind', token })}`);
	await client.closed();
	expect(client.received().match(/HTTP\/1\.1/g)).toHaveLength(1);
	expect(rig.upstream.requests).toHaveLength(arrived + 1);
	await expect.poll(() => rig.upstream.requests[arrived]?.aborted).toBe(true);
	expect(rig.upstream.requests[arrived]?.ended).toBe(false);
});

test('M03: trailers stay here, an identity among them too', async () => {
	const token = provider.issue();
	const head = requestBytes({ method: 'POST', token, headers: [['Transfer-Encoding', 'chunked']] });
	const seen = await rig.sendBytes(`${head}5\r\nhello\r\n0\r\nAuthorization: Bearer x\r\nX-User: root\r\n\r\n`, token);
	expect(seen.response.status).toBe(200);
	expect(seen.forwarded[0]?.body).toBe('hello');
	expect(seen.forwarded[0]?.lines.join()).not.toMatch(/root|Bearer/);
});

test('M08: CONNECT is refused on a connection that closes, never a tunnel', async () => {
	await sole(
		'CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\nAuthorization: Bearer {token}\r\n\r\n',
		405,
	);
});

test('M08: TRACE echoes nothing', async () => {
	const seen = await rig.send({ method: 'TRACE', token: provider.issue(), headers: [['X-Secret', 'canary']] });
	expect([seen.response.status, seen.record.reason, seen.forwarded.length]).toEqual([405, 'method_not_allowed', 0]);
	expect(seen.response.head + seen.response.body).not.toContain('canary');
});

test('M08: HTTP/1.0 with keep-alive gets its answer, and its connection ends', async () => {
	const token = provider.issue();
	const arrived = rig.upstream.requests.length;
	const client = await rawClient(rig.gateway.url);
	const old = `GET /old HTTP/1.0\r\nHost: api.example.com\r\nConnection: keep-alive\r\nAuthorization: Bearer ${token}\r\n\r\n`;
	client.send(old + requestBytes({ target: '/behind', token }));
	const response = await client.response();
	expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
	await client.closed();
	expect(rig.upstream.requests.slice(arrived).map(({ target }) => target)).toEqual(['/old']);
});

test.each([
	['h2c', [['HTTP2-Settings', 'AAMAAABkAAQAAP__']]],
	['TLS/1.2', []],
	['websocket, h2c', []],
	['HTTP/2.0', []],
] as const)('M08: Upgrade: %s is no upgrade (CVE-2023-24055 and kin)', async (protocol, more) => {
	const arrived = rig.upstream.requests.length;
	const client = await rawClient(rig.gateway.url);
	const names = ['Upgrade', ...more.map(([name]) => name)].join(', ');
	const headers = [['Connection', names], ['Upgrade', protocol], ...more] as const;
	client.send(`${requestBytes({ token: provider.issue(), headers })}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`);
	expect((await client.response()).status).toBe(200);
	// What was to be spoken inside the tunnel is the next request, and none.
	expect((await client.response()).status).toBe(400);
	await client.closed();
	expect(client.interim).toEqual([]);
	expect(rig.upstream.requests).toHaveLength(arrived + 1);
	for (const name of ['upgrade', 'http2-settings']) expect(rig.upstream.requests[arrived]?.values(name)).toEqual([]);
});

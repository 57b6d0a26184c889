/**
 * Group M over HTTP/2 (M25, M22, I11), in raw frames over TLS: what is malformed ends its stream, what floods ends its
 * connection, and whoever else is connected is served meanwhile.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
	block,
	type FrameClient,
	flag,
	frame,
	frameClient,
	frameType,
	get,
	headers,
	integer,
	number32,
	statusOf,
	text,
} from '../support/h2-frames.ts';
import { type RecordingUpstream, recordingUpstream } from '../support/recording-upstream.ts';
import { forwardTo, type TestEngine, testEngine } from '../support/test-engine.ts';
import { h2Request, h2Session, tlsListener } from '../support/tls-gateway.ts';

const protocolError = 1;
const enhanceYourCalm = 11;

let upstream: RecordingUpstream;
let gateway: TestEngine;
let other: Awaited<ReturnType<typeof h2Session>>;
let memory = 0;

beforeEach(async () => {
	upstream = await recordingUpstream({
		answer(request, response) {
			if (request.url === '/silent') return;
			response.end(request.url === '/large' ? Buffer.alloc(4 * 1024 * 1024) : 'hello from upstream');
		},
	});
	gateway = await testEngine({
		decide: forwardTo(upstream.url),
		engine: { listeners: [tlsListener()] },
		limits: { headers: 16_384, headerCount: 100 },
	});
	other = await h2Session(gateway.url);
	assert.equal((await h2Request(other, { ':path': '/other' })).status, 200);
	memory = process.memoryUsage().rss;
});

/** Whoever was connected before is still served, and nothing has piled up. */
afterEach(async () => {
	assert.equal((await h2Request(other, { ':path': '/other' })).status, 200);
	assert.ok(process.memoryUsage().rss - memory < 150 * 1024 * 1024);
	assert.deepEqual(gateway.logged, []);
});

const changed = (name: string, value: string) => get.map(([key, was]) => [key, key === name ? value : was] as const);
const post = (path: string) =>
	changed(':path', path).map(([key, was]) => [key, key === ':method' ? 'POST' : was] as const);
const more = (...fields: (readonly [string, string])[]) => [...get, ...fields];

/** What became of one request: the status of an answer, or how its stream or connection ended. */
async function fate(client: FrameClient, stream: number): Promise<string> {
	const ends = [
		client.next(frameType.headers, stream).then((found) => String(statusOf(found))),
		client.next(frameType.reset, stream).then(({ payload }) => `reset ${payload.readUInt32BE(0)}`),
		client.next(frameType.goaway).then(({ payload }) => `goaway ${payload.readUInt32BE(4)}`),
	];
	return Promise.any(ends);
}

test.each([
	['a path with CR LF', changed(':path', '/a\r\nx-injected: y')],
	['a path that ends its request line', changed(':path', '/ HTTP/1.1\r\nx: y')],
	['a path with a space', changed(':path', '/a b')],
	['a path that is none', changed(':path', 'a')],
	['an empty path', changed(':path', '')],
	['an absolute path form', changed(':path', 'https://localhost/')],
	['* for GET', changed(':path', '*')],
	['plain http', changed(':scheme', 'http')],
	['a foreign scheme', changed(':scheme', 'ftp')],
	['an authority with CR LF', changed(':authority', 'localhost\r\nx: y')],
	['an authority with userinfo', changed(':authority', 'user@localhost')],
	['an empty authority', changed(':authority', '')],
	['a method with a space', changed(':method', 'GET /x')],
	['a method in lower case', changed(':method', 'get')],
	['no authority', get.filter(([name]) => name !== ':authority')],
	['no path', get.filter(([name]) => name !== ':path')],
	['no scheme', get.filter(([name]) => name !== ':scheme')],
	['no method', get.filter(([name]) => name !== ':method')],
	['connection', more(['connection', 'x-consumer'])],
	['keep-alive', more(['keep-alive', 'timeout=5'])],
	['proxy-connection', more(['proxy-connection', 'keep-alive'])],
	['transfer-encoding', more(['transfer-encoding', 'chunked'])],
	['upgrade', more(['upgrade', 'h2c'])],
	['te other than trailers', more(['te', 'gzip'])],
	['a name in upper case', more(['X-Upper', 'y'])],
	['another host', more(['host', 'other.example'])],
	['a pseudo-header behind a field', more(['x', 'y'], [':path', '/b'])],
	['a pseudo-header twice', more([':path', '/b'])],
	['an unknown pseudo-header', more([':injected', 'y'])],
	['a pseudo-header of responses', more([':status', '200'])],
	['extended CONNECT', [...changed(':method', 'CONNECT'), [':protocol', 'websocket']] as const],
	['CONNECT with a path', changed(':method', 'CONNECT')],
	['a length without a body', more(['content-length', '5'])],
	['a length that is none', more(['content-length', '+5'])],
	['two lengths', more(['content-length', '0'], ['content-length', '0'])],
] as const)('M25: %s', async (_, fields) => {
	const client = await frameClient(gateway.url);
	const before = upstream.bytesReceived;
	client.send(headers(1, fields));
	expect(['400', `reset ${protocolError}`, `goaway ${protocolError}`]).toContain(await fate(client, 1));
	expect(gateway.decided).toHaveLength(1);
	expect(upstream.bytesReceived).toBe(before);
});

test.each([
	['a name with CR LF', ['x\r\ninjected', 'y']],
	['a name with a colon', ['x:y', 'z']],
	['an empty name', ['', 'y']],
	['a value with CR LF', ['x', 'y\r\nx-injected: z']],
	['a value with NUL', ['x', 'y\0']],
	['a value that begins with a space', ['x', ' y']],
] as const)('M25: %s never travels on', async (_, field) => {
	// node:http2 drops such a field before anybody sees it; what is decided and what is forwarded stay the same request.
	const client = await frameClient(gateway.url);
	client.send(headers(1, more(field, ['x-last', 'here'])));
	expect(await fate(client, 1)).toBe('200');
	const decided = gateway.decided.at(-1);
	const lines = upstream.requests.at(-1)?.lines ?? [];
	expect([decided?.headerCount('x'), decided?.header('x-last')]).toEqual([0, 'here']);
	expect(lines.filter((line) => /inject|^x$|^x:/i.test(line))).toEqual([]);
});

test('M25: CONNECT is refused and never a tunnel', async () => {
	const client = await frameClient(gateway.url);
	const fields = [
		[':method', 'CONNECT'],
		[':authority', 'localhost:443'],
	] as const;
	client.send(headers(1, fields, flag.endHeaders));
	expect(await fate(client, 1)).toBe('405');
});

test.each([
	['less', 'abc', '5'],
	['more', 'abcdefgh', '5'],
] as const)('M25: %s DATA than the declared length is no request', async (_, data, length) => {
	const client = await frameClient(gateway.url);
	const fields = [...post('/silent'), ['content-length', length]] as const;
	client.send(headers(1, fields, flag.endHeaders));
	await expect.poll(() => gateway.decided.length).toBe(2);
	client.send(frame(frameType.data, flag.endStream, 1, Buffer.from(data)));
	// For more than was declared, node:http2 ends the connection, as it may (RFC 9113 §5.4.1).
	expect([`reset ${protocolError}`, 'goaway 2']).toContain(await fate(client, 1));
	await gateway.ended(2);
	// Nothing behind the declared bytes, and no second request made of them.
	expect(upstream.requests.slice(2)).toEqual([]);
	expect(data.slice(0, 5).startsWith(upstream.requests[1]?.body ?? '')).toBe(true);
});

test('M25: trailers are dropped, those with pseudo-headers end the stream', async () => {
	const client = await frameClient(gateway.url);
	client.send(headers(1, post('/'), flag.endHeaders), frame(frameType.data, 0, 1, Buffer.from('body')));
	client.send(
		headers(1, [
			['authorization', 'late'],
			['x-late', 'y'],
		]),
	);
	expect(await fate(client, 1)).toBe('200');
	await expect.poll(() => upstream.requests.at(-1)).toMatchObject({ body: 'body', ended: true });
	expect(upstream.requests.at(-1)?.values('x-late')).toEqual([]);
	client.send(headers(3, post('/silent'), flag.endHeaders), frame(frameType.data, 0, 3, Buffer.from('body')));
	client.send(headers(3, [[':path', '/b']]));
	expect(await fate(client, 3)).toBe(`reset ${protocolError}`);
	await gateway.ended(3);
	expect(upstream.requests.at(-1)?.ended).toBe(false);
});

test.each([
	['150 fields', Array.from({ length: 150 }, (_, n) => [`x-${n}`, 'v'] as const), '431'],
	['a head of 20 KB', [['x', 'v'.repeat(20_000)]] as const, '431'],
	['a path of 17 KB', [[':path', `/${'a'.repeat(17_000)}`]] as const, '431'],
	['1,000 fields', Array.from({ length: 1_000 }, (_, n) => [`x-${n}`, 'v'] as const), `reset ${enhanceYourCalm}`],
] as const)('M25: %s are too much', async (_, fields, expected) => {
	const client = await frameClient(gateway.url);
	const path = fields[0]?.[0] === ':path' ? fields[0][1] : '/';
	const bytes = block([...changed(':path', path), ...fields.filter(([name]) => name !== ':path')]);
	const pieces: Buffer[] = [];
	for (let at = 0; at < bytes.length; at += 16_384) {
		const isLast = at + 16_384 >= bytes.length;
		const flags = (isLast ? flag.endHeaders : 0) | (at === 0 ? flag.endStream : 0);
		pieces.push(
			frame(at === 0 ? frameType.headers : frameType.continuation, flags, 1, bytes.subarray(at, at + 16_384)),
		);
	}
	client.send(...pieces);
	expect(await fate(client, 1)).toBe(expected);
	client.send(headers(3));
	expect(await fate(client, 3)).toBe('200');
});

test('M25: an HPACK bomb ends its stream and takes no memory', async () => {
	const client = await frameClient(gateway.url);
	// One entry of 4 KB in the dynamic table, and then 16,000 references to it of one octet each: 64 MB.
	const entry = Buffer.concat([Buffer.from([0x40]), text('x-bomb'), text('b'.repeat(4_000))]);
	const bomb = Buffer.concat([block(get), entry, Buffer.alloc(10_000, 0x80 | 62)]);
	for (let stream = 1; stream < 41; stream += 2) {
		client.send(frame(frameType.headers, flag.endHeaders | flag.endStream, stream, bomb));
	}
	expect(await fate(client, 1)).toBe(`reset ${enhanceYourCalm}`);
	expect(gateway.decided).toHaveLength(1);
});

test('M25: a table size beyond what was allowed ends the connection', async () => {
	const client = await frameClient(gateway.url);
	client.send(
		frame(
			frameType.headers,
			flag.endHeaders | flag.endStream,
			1,
			Buffer.concat([integer(2 ** 20, 5, 0x20), block(get)]),
		),
	);
	expect(await client.ended()).toBe(9);
});

test('M25: rapid reset ends the connection (CVE-2023-44487)', async () => {
	const client = await frameClient(gateway.url);
	for (let stream = 1; stream < 4_000; stream += 2) {
		client.send(headers(stream, changed(':path', '/silent')), frame(frameType.reset, 0, stream, number32(8)));
		if (stream % 100 === 1) await new Promise((resolve) => setImmediate(resolve));
	}
	expect(await client.ended()).not.toBe(0);
	// Every one that was decided has also ended.
	await gateway.ended(gateway.decided.length);
	expect(gateway.decided.length).toBeLessThan(400);
});

test('M25: streams that are reset by us in great numbers end the connection (CVE-2025-8671)', async () => {
	const client = await frameClient(gateway.url);
	for (let stream = 1; stream < 2_000; stream += 2) {
		client.send(headers(stream, changed(':path', '/silent')), frame(frameType.window, 0, stream, number32(0)));
		if (stream % 100 === 1) await new Promise((resolve) => setImmediate(resolve));
	}
	await client.ended();
	expect(gateway.decided.length).toBeLessThan(400);
});

test('M25: a CONTINUATION flood ends the connection', async () => {
	const client = await frameClient(gateway.url);
	client.send(frame(frameType.headers, flag.endStream, 1, block(get)));
	for (let count = 0; count < 1_000 && !client.socket.destroyed; count++) {
		client.send(frame(frameType.continuation, 0, 1, block([[`x-${count}`, 'v'.repeat(100)]])));
	}
	await client.ended();
	expect(gateway.decided).toHaveLength(1);
});

test.each([
	['SETTINGS', frame(frameType.settings, 0, 0, Buffer.from([0, 4, 0, 0, 255, 255]))],
	['empty SETTINGS', frame(frameType.settings, 0, 0)],
	['PING', frame(frameType.ping, 0, 0, Buffer.alloc(8))],
] as const)('M25: a flood of %s ends the connection', async (_, bytes) => {
	const client = await frameClient(gateway.url);
	for (let count = 0; count < 20 && !client.socket.destroyed; count++) {
		client.send(...Array.from({ length: 100 }, () => bytes));
		await new Promise((resolve) => setImmediate(resolve));
	}
	await client.ended();
});

test('M25: a flood of PING by a client that reads nothing ends the connection', async () => {
	const client = await frameClient(gateway.url);
	client.socket.pause();
	const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frame(frameType.ping, 0, 0, Buffer.alloc(8))));
	client.socket.write(pings);
	await new Promise((resolve) => setTimeout(resolve, 100));
	client.socket.resume();
	await client.ended();
});

test('M25: SETTINGS with more entries than anybody needs end the connection', async () => {
	const client = await frameClient(gateway.url);
	const entry = Buffer.from([0, 3, 0, 0, 0, 100]);
	client.send(frame(frameType.settings, 0, 0, Buffer.concat(Array.from({ length: 1_000 }, () => entry))));
	expect(await client.ended()).toBe(enhanceYourCalm);
});

test('M25: empty DATA without end ends the connection (CVE-2019-9518)', async () => {
	const client = await frameClient(gateway.url);
	client.send(headers(1, changed(':method', 'POST'), flag.endHeaders));
	for (let count = 0; count < 1_000 && !client.socket.destroyed; count++) client.send(frame(frameType.data, 0, 1));
	await client.ended();
});

test('M25: streams beyond the allowed number are refused, those under way go on', async () => {
	const client = await frameClient(gateway.url);
	for (let stream = 1; stream < 2 * 150; stream += 2) client.send(headers(stream, changed(':path', '/silent')));
	expect(await fate(client, 2 * 149 + 1)).toBe('reset 7');
	await upstream.arrived(101);
	expect(gateway.decided).toHaveLength(101);
});

test('M25: a client that knows the allowed number of streams and opens more loses its connection', async () => {
	const client = await frameClient(gateway.url);
	await client.next(frameType.settings);
	client.send(frame(frameType.settings, flag.ack, 0));
	for (let stream = 1; stream < 2 * 150; stream += 2) client.send(headers(stream, changed(':path', '/silent')));
	await client.ended();
	await gateway.ended(gateway.decided.length);
});

test('M25: a client that opens no window holds no more than the window’s worth, and not for ever', async () => {
	const slow = await testEngine({
		decide: forwardTo(upstream.url),
		engine: { listeners: [tlsListener()] },
		timeouts: { requestBody: 200 },
	});
	const client = await frameClient(slow.url, [[4, 0]]);
	for (let stream = 1; stream < 41; stream += 2) client.send(headers(stream, changed(':path', '/large')));
	await slow.ended(20);
	expect(new Set(slow.outcomes.map(({ reason }) => reason))).toEqual(new Set(['request_timeout']));
	expect(await fate(client, 1)).toBe('200');
	await client.next(frameType.reset, 1);
});

test.each([
	['PRIORITY', frame(frameType.priority, 0, 1, Buffer.from([0, 0, 0, 0, 200]))],
	['an unknown frame', frame(0xbe, 0, 0, Buffer.from('grease'))],
] as const)('M25: %s is ignored', async (_, bytes) => {
	const client = await frameClient(gateway.url);
	client.send(...Array.from({ length: 50 }, () => bytes), headers(1));
	expect(await fate(client, 1)).toBe('200');
});

test.each([
	['no preface', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
	['a frame larger than allowed', frame(frameType.data, 0, 1, Buffer.alloc(20_000))],
	['DATA on a stream that is idle', frame(frameType.data, 0, 7, Buffer.from('x'))],
	['an even stream', headers(2)],
	['PUSH_PROMISE', frame(5, flag.endHeaders, 1, Buffer.concat([number32(2), block(get)]))],
] as const)('M25: %s ends the connection', async (_, bytes) => {
	const client = await frameClient(gateway.url);
	client.send(bytes);
	await client.ended();
	expect(gateway.decided).toHaveLength(1);
});

test.each([8, 0])('M22: a stream that is reset with code %i is aborted at the upstream', async (code) => {
	const client = await frameClient(gateway.url);
	client.send(headers(1, changed(':path', '/silent')));
	await upstream.arrived(2);
	client.send(frame(frameType.reset, 0, 1, number32(code)));
	await expect.poll(() => upstream.requests[1]?.aborted).toBe(true);
	await gateway.ended(2);
	expect(gateway.outcomes[1]).toMatchObject({ status: 0, reason: undefined });
	client.send(headers(3));
	expect(await fate(client, 3)).toBe('200');
});

test('M22: a connection that is gone aborts all its streams', async () => {
	const client = await frameClient(gateway.url);
	for (const stream of [1, 3, 5]) client.send(headers(stream, changed(':path', '/silent')));
	await upstream.arrived(4);
	client.socket.destroy();
	await expect.poll(() => upstream.requests.slice(1).every(({ aborted }) => aborted)).toBe(true);
	await gateway.ended(4);
});

test('I11: a connection with client authentication serves no other host than that of its handshake', async () => {
	const listeners = [tlsListener({ clientCertificate: 'request' })];
	const mutual = await testEngine({ decide: forwardTo(upstream.url), engine: { listeners } });
	const session = await h2Session(mutual.url);
	expect((await h2Request(session, { ':authority': 'localhost', ':path': '/' })).status).toBe(200);
	const other = await h2Request(session, { ':authority': 'other.example', ':path': '/' });
	expect([other.status, other.headers['x-reason']]).toEqual([421, 'misdirected']);
	expect(mutual.decided).toHaveLength(1);
});

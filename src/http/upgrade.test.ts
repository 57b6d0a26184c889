/** Upgrades: decided first, tunnelled only after the upstream's 101, and cut when their time is up. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { exchange, rawClient } from '../../test/support/raw-client.ts';
import {
	nobody,
	type RecordingUpstream,
	rawUpstream,
	recordingUpstream,
} from '../../test/support/recording-upstream.ts';
import { denyAll, forwardTo, testEngine } from '../../test/support/test-engine.ts';

const ask = (extra = ''): string =>
	`GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, X-Hop\r\nUpgrade: echo\r\nX-Hop: 1\r\n${extra}\r\n`;
const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: Echo\r\nX-From: upstream\r\n\r\n';

/** Speaks WebSocket and sends back what it gets. */
async function echoing(): Promise<RecordingUpstream> {
	const sockets = new WebSocketServer({ noServer: true });
	return recordingUpstream({
		upgrade: (request, socket, head) => {
			sockets.handleUpgrade(request, socket, head, (opened) => {
				opened.on('message', (data, isBinary) => opened.send(data, { binary: isBinary }));
			});
		},
	});
}

/** Switches to a protocol that sends every byte back. */
async function switching(
	onSocket: (socket: Socket) => void = (socket) => socket.pipe(socket),
): Promise<RecordingUpstream> {
	return recordingUpstream({
		upgrade: (_, socket, head) => {
			socket.write(switched);
			if (head.length > 0) socket.write(head);
			onSocket(socket);
		},
	});
}

async function websocket(url: string, headers: Record<string, string> = {}): Promise<WebSocket> {
	const opened = new WebSocket(`${url.replace('http:', 'ws:')}/chat?a=b`, { headers });
	onTestFinished(() => opened.terminate());
	await new Promise((resolve, reject) => opened.once('open', resolve).once('error', reject));
	return opened;
}

test('a WebSocket is decided, then tunnelled', async () => {
	const upstream = await echoing();
	const gateway = await testEngine({ decide: forwardTo(upstream.url, { edits: { set: [['X-User', 'alice']] } }) });
	const client = await websocket(gateway.url, { authorization: 'Bearer secret', 'x-user': 'admin' });
	const message = createHash('sha256').update('x').digest();
	for (const size of [1, 1_000, 1_000_000]) {
		const sent = Buffer.alloc(size, message);
		client.send(sent);
		const got = await new Promise<Buffer>((resolve) => client.once('message', (data: Buffer) => resolve(data)));
		expect(got.equals(sent)).toBe(true);
	}
	expect(gateway.outcomes).toEqual([]);
	client.close();
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 101, upstreamStatus: 101, record: 'decided /chat?a=b' });
	const [request] = upstream.requests;
	expect(request?.target).toBe('/chat?a=b');
	expect([request?.values('x-user'), request?.values('authorization')]).toEqual([['alice'], []]);
	expect([request?.values('connection'), request?.values('upgrade')]).toEqual([['Upgrade'], ['websocket']]);
	expect(request?.values('x-forwarded-for')).toEqual(['127.0.0.1']);
});

test('a refused upgrade is a plain answer, and nothing reaches the upstream', async () => {
	const upstream = await echoing();
	const gateway = await testEngine({ decide: denyAll });
	const client = await rawClient(gateway.url);
	client.send(ask());
	const answer = await client.response();
	expect([answer.status, answer.headers.get('connection'), answer.body]).toEqual([401, 'close', 'no token']);
	await client.closed();
	await gateway.ended(1);
	expect([upstream.connections, gateway.outcomes[0]?.status]).toEqual([0, 401]);
});

test('what the client sends ahead is not sent on before the 101', async () => {
	const release: { now?: () => void } = {};
	const upstream = await recordingUpstream({
		upgrade: (_, socket, head) => {
			release.now = () => {
				socket.write(switched);
				if (head.length > 0) socket.write(head);
				socket.pipe(socket);
			};
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(`${ask()}GET /admin HTTP/1.1\r\nHost: x\r\n\r\n`);
	await upstream.arrived(1);
	await new Promise((resolve) => setTimeout(resolve, 30));
	const before = upstream.bytesReceived;
	release.now?.();
	const answer = await client.response();
	expect([answer.status, answer.headers.get('upgrade'), answer.headers.get('x-from')]).toEqual([
		101,
		'Echo',
		'upstream',
	]);
	await client.seen('/admin');
	expect(upstream.bytesReceived - before).toBe('GET /admin HTTP/1.1\r\nHost: x\r\n\r\n'.length);
	expect([upstream.requests.length, upstream.requests[0]?.values('x-hop'), gateway.decided.length]).toEqual([1, [], 1]);
	client.destroy();
	await gateway.ended(1);
});

test('an upstream that declines is relayed, body and all', async () => {
	const upstream = await rawUpstream(
		() => 'HTTP/1.1 426 Upgrade Required\r\nUpgrade: other\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nnope',
	);
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(ask());
	const answer = await client.response();
	expect([answer.status, answer.body, answer.headers.get('x-a')]).toEqual([426, 'nope', '1']);
	expect([answer.headers.get('connection'), answer.headers.has('upgrade')]).toEqual(['close', false]);
	await client.closed();
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 426, upstreamStatus: 426, reason: undefined });
});

test.each([
	[
		'a protocol that was not offered',
		'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
	],
	['no protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n'],
	['no HTTP', 'SSH-2.0-x\r\n\r\n'],
	['ambiguous framing', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
])('an upstream that answers with %s', async (_, bytes) => {
	const upstream = await rawUpstream((__, socket) => {
		socket.end(bytes);
		return undefined;
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const answer = await exchange(gateway.url, ask());
	expect([answer.status, answer.headers.get('x-reason')]).toEqual([502, 'upstream_invalid_response']);
	await gateway.ended(1);
	expect(gateway.outcomes).toHaveLength(1);
});

test('upstreams that are gone or silent', async () => {
	const alive = await switching();
	const silent = await recordingUpstream({ upgrade: () => undefined });
	const gone = await testEngine({ decide: forwardTo(nobody) });
	expect((await exchange(gone.url, ask())).headers.get('x-reason')).toBe('upstream_unreachable');
	const half = await testEngine({ decide: forwardTo([nobody, alive.url]) });
	expect((await exchange(half.url, ask())).status).toBe(101);
	const slow = await testEngine({ decide: forwardTo(silent.url, { upstream: { timeout: 40 } }) });
	expect((await exchange(slow.url, ask())).headers.get('x-reason')).toBe('upstream_timeout');
});

test.each([
	['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'],
	['TLS', 'Connection: Upgrade\r\nUpgrade: TLS/1.0, websocket\r\n'],
	['h2c among others', 'Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n'],
	['no Connection', 'Upgrade: websocket\r\n'],
])('not an upgrade: %s', async (_, lines) => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const answer = await exchange(gateway.url, `GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n`);
	expect([answer.status, answer.body]).toEqual([200, 'hello from upstream']);
	const [request] = upstream.requests;
	expect([request?.values('upgrade'), request?.values('http2-settings')]).toEqual([[], []]);
	expect(request?.values('connection')).toEqual(['keep-alive']);
});

test('an upgrade with a body or another method is a plain request, read to its end', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	const lines = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello';
	for (const method of ['GET', 'POST']) {
		client.send(`${method} / HTTP/1.1\r\n${lines}`);
		expect((await client.response()).status).toBe(200);
	}
	expect(upstream.requests.map((each) => each.body)).toEqual(['hello', 'hello']);
	client.destroy();
});

test('an upgrade behind a request that is still under way is refused', async () => {
	const upstream = await recordingUpstream({
		answer: (_, response) => void setTimeout(() => response.end('slow'), 30),
		upgrade: (_, socket) => socket.end(switched),
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(`GET / HTTP/1.1\r\nHost: x\r\n\r\n${ask()}`);
	expect((await client.response()).body).toBe('slow');
	expect((await client.response()).status).toBe(400);
	await client.closed();
	expect(upstream.requests.map((each) => each.target)).toEqual(['/']);
});

test('a tunnel ends when the decision no longer holds', async () => {
	const upstream = await switching();
	const decide = forwardTo(upstream.url);
	const gateway = await testEngine({
		decide: async (request) => {
			const decision = await decide(request);
			return { ...decision, action: { ...decision.action, until: Date.now() + 80 } };
		},
	});
	const client = await rawClient(gateway.url);
	client.send(ask());
	expect((await client.response()).status).toBe(101);
	await client.closed();
	await gateway.ended(1);
	expect(gateway.outcomes[0]?.status).toBe(101);
});

test('a tunnel on which nothing moves ends, one on which something moves does not', async () => {
	const upstream = await switching();
	const gateway = await testEngine({ decide: forwardTo(upstream.url), timeouts: { tunnelIdle: 200 } });
	const client = await rawClient(gateway.url);
	client.send(ask());
	await client.response();
	for (let count = 0; count < 8; count++) {
		await new Promise((resolve) => setTimeout(resolve, 40));
		client.send(`${count}`);
	}
	while (!client.received().endsWith('01234567')) await new Promise((resolve) => client.socket.once('data', resolve));
	expect(gateway.outcomes).toEqual([]);
	await client.closed();
	await gateway.ended(1);
});

test('either side’s end is the end of both', async () => {
	const sockets: Socket[] = [];
	const upstream = await switching((socket) => void sockets.push(socket));
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const leaving = await rawClient(gateway.url);
	leaving.send(ask());
	await leaving.response();
	leaving.destroy();
	await gateway.ended(1);
	const left = await rawClient(gateway.url);
	left.send(ask());
	await left.response();
	sockets[1]?.end('goodbye');
	await left.closed();
	expect(left.received().endsWith('goodbye')).toBe(true);
	await gateway.ended(2);
	expect(gateway.outcomes.map((each) => each.status)).toEqual([101, 101]);
});

test('a side that does not read holds the other back', async () => {
	const sockets: Socket[] = [];
	const upstream = await switching((socket) => void sockets.push(socket.pause()));
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(ask());
	await client.response();
	const piece = Buffer.alloc(1024 * 1024);
	let taken = 0;
	const total = 50;
	const more = (): void => {
		while (taken < total) {
			taken += 1;
			if (!client.socket.write(piece)) {
				client.socket.once('drain', more);
				return;
			}
		}
	};
	more();
	let before = -1;
	while (before !== taken) {
		before = taken;
		await new Promise((resolve) => setTimeout(resolve, 60));
	}
	expect(taken).toBeLessThan(20);
	let received = 0;
	sockets[0]?.on('data', (chunk: Buffer) => {
		received += chunk.length;
	});
	sockets[0]?.resume();
	while (received < total * piece.length) await new Promise((resolve) => setTimeout(resolve, 5));
	client.destroy();
	await gateway.ended(1);
});

test('a client that leaves before the 101 is reported once, and its upstream connection goes', async () => {
	const upstream = await recordingUpstream({ upgrade: () => undefined });
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(ask());
	await upstream.arrived(1);
	client.socket.resetAndDestroy();
	await gateway.ended(1);
	expect(gateway.outcomes).toMatchObject([{ status: 0, upstreamStatus: undefined }]);
});

/** Peers that go quiet at the worst moment: every connection and request ends, and nobody's bytes become another's answer. */
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { rawClient } from '../../test/support/raw-client.ts';
import { rawUpstream, recordingUpstream } from '../../test/support/recording-upstream.ts';
import { denyAll, forwardTo, testEngine } from '../../test/support/test-engine.ts';

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const large = 50 * 1024 * 1024;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Accepts, says `reply` and never reads a byte; `ends` sends its FIN behind it. */
async function deafUpstream(reply: string, ends: boolean): Promise<{ url: string; sockets: Set<Socket> }> {
	const sockets = new Set<Socket>();
	const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
		sockets.add(socket);
		socket.on('error', () => undefined);
		if (ends) socket.end(reply);
		else socket.write(reply);
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	const address = server.address();
	if (typeof address !== 'object' || address === null) throw new Error('no address');
	return { url: `http://127.0.0.1:${address.port}`, sockets };
}

test.each([
	['line ends', ['\r\n']],
	['halves of line ends', ['\r', '\n']],
])('a client that sends only %s has no request and does not stay', async (_, pieces) => {
	const gateway = await testEngine({ decide: denyAll, timeouts: { keepAlive: 150, requestHead: 150 } });
	const client = await rawClient(gateway.url);
	let isClosed = false;
	void client.closed().then(() => {
		isClosed = true;
	});
	for (let count = 0; !isClosed; count++) {
		if (client.socket.writable) client.send(pieces[count % pieces.length] ?? '');
		await pause(20);
	}
	expect(gateway.decided).toHaveLength(0);
});

test('an answer larger than all buffers reaches a slow client whole before its connection closes', async () => {
	const body = 'a'.repeat(16 * 1024 * 1024);
	const answer = { kind: 'answer', answer: { status: 200, headers: [], body } } as const;
	const gateway = await testEngine({ decide: () => ({ action: answer, record: '' }) });
	const client = await rawClient(gateway.url);
	client.socket.pause();
	client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
	await gateway.ended(1);
	// Longer than a connection lingers whose answer has gone out.
	await pause(1_800);
	client.socket.resume();
	expect((await client.response()).body.length).toBe(body.length);
});

test('a last answer that nobody reads does not keep its connection', async () => {
	const answer = { kind: 'answer', answer: { status: 200, headers: [], body: 'a'.repeat(16 * 1024 * 1024) } } as const;
	const gateway = await testEngine({
		decide: () => ({ action: answer, record: '' }),
		timeouts: { requestBody: 80 },
	});
	const client = await rawClient(gateway.url);
	client.socket.pause();
	client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
	await gateway.ended(1);
	await pause(500);
	client.socket.resume();
	await expect(client.response()).rejects.toThrow('the connection ended');
});

test('bytes that come before anything was asked are no answer to what is asked next', async () => {
	let upstreamSocket: Socket | undefined;
	const upstream = await rawUpstream((count, socket) => {
		upstreamSocket ??= socket;
		return `HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nnumber`.replace('number', count === 0 ? 'first ' : 'second');
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(get);
	expect((await client.response()).body).toBe('first ');
	// Its head waits for the body, on the connection that is kept.
	client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n');
	await expect.poll(() => gateway.decided.length).toBe(2);
	upstreamSocket?.end('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
	await pause(50);
	client.send('body');
	expect(await client.response()).toMatchObject({ status: 200, body: 'second' });
	expect(upstream.received.map((each) => each.slice(0, 4))).toEqual(['GET ', 'POST']);
	client.destroy();
});

test('an upstream that ends within its response and reads nothing any more is let go', async () => {
	const upstream = await deafUpstream('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart', true);
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${large}\r\n\r\n`);
	client.send(Buffer.alloc(large));
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 200, reason: 'upstream_invalid_response' });
	await client.closed();
});

test('an upstream that has begun to answer and takes no more of the body is let go', async () => {
	const upstream = await deafUpstream('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart', false);
	const gateway = await testEngine({ decide: forwardTo(upstream.url, { upstream: { timeout: 100 } }) });
	const client = await rawClient(gateway.url);
	client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${large}\r\n\r\n`);
	client.send(Buffer.alloc(large));
	// The client goes: nobody reads from it, so nobody would notice.
	await expect.poll(() => client.received()).toContain('part');
	client.destroy();
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 200 });
});

test('a client that sends its body and does not read is let go, however the two interleave', async () => {
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			response.writeHead(200, { 'Content-Length': large });
			response.write(Buffer.alloc(large));
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), timeouts: { requestBody: 400 } });
	const client = await rawClient(gateway.url);
	client.socket.pause();
	client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nsome');
	await upstream.arrived(1);
	await pause(150);
	client.send('more');
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 200, reason: 'request_timeout' });
	client.destroy();
});

test('an upstream whose early answer waits for a slow client is not late, whatever the client sends', async () => {
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			response.writeHead(200, { 'Content-Length': large });
			response.end(Buffer.alloc(large));
		},
	});
	const ejection = { failures: 1, time: 60_000, maxTime: 60_000, statuses: [] };
	const decide = forwardTo([upstream.url, upstream.url], { upstream: { bodyTimeout: 700, timeout: 700, ejection } });
	const gateway = await testEngine({ decide });
	const client = await rawClient(gateway.url);
	client.socket.pause();
	client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nsome');
	await upstream.arrived(1);
	await pause(100);
	client.send('more');
	await pause(1_500);
	expect(gateway.outcomes).toEqual([]);
	client.socket.resume();
	expect((await client.response()).body.length).toBe(large);
	const states = gateway.engine.upstreams().flatMap(({ endpoints }) => endpoints.map(({ state }) => state));
	expect(states).toEqual(['available', 'available']);
	client.destroy();
});

test('a tunnel whose one side is gone and whose other side does not read ends', async () => {
	const upstream = await recordingUpstream({
		upgrade: (_, socket) => {
			socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
			socket.pause();
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), timeouts: { tunnelIdle: 150 } });
	const client = await rawClient(gateway.url);
	client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
	expect((await client.response()).status).toBe(101);
	client.send(Buffer.alloc(large));
	await pause(100);
	client.destroy();
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 101 });
});

test('bytes that come while what was asked still waits for the end of the turn are no answer to it', async () => {
	let upstreamSocket: Socket | undefined;
	const upstream = await rawUpstream((count, socket) => {
		upstreamSocket ??= socket;
		return `HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n${count === 0 ? 'first ' : 'second'}`;
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(get);
	expect((await client.response()).body).toBe('first ');
	await pause(20);
	// Both are there when the gateway looks: the request leases the connection, and then the connection is read.
	client.send(get);
	upstreamSocket?.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison');
	expect((await client.response()).body).toBe('second');
	client.destroy();
});

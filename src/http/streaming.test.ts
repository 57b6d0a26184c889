/** Bodies in both directions: streamed at the pace of the slower side, limited, and called off when a side leaves. */
import { expect, test } from 'vitest';
import { type RawClient, rawClient } from '../../test/support/raw-client.ts';
import { recordingUpstream } from '../../test/support/recording-upstream.ts';
import { denyAll, forwardTo, testEngine } from '../../test/support/test-engine.ts';

const piece = Buffer.alloc(64 * 1024, 'a');
const large = 50 * 1024 * 1024;
/** What sockets, kernel and gateway together may hold of a body that nobody takes: far less than the body. */
const held = 20 * 1024 * 1024;

/** Waits until `measure` stands still. */
async function settled(measure: () => number): Promise<number> {
	for (let before = -1, quiet = 0; quiet < 10; ) {
		await new Promise((resolve) => setTimeout(resolve, 10));
		const now = measure();
		quiet = now === before ? quiet + 1 : 0;
		before = now;
	}
	return measure();
}

/** Writes pieces as far as the socket takes them; tells how much was written, and can go on. */
function pump(client: RawClient, total: number): { readonly written: () => number } {
	let written = 0;
	const more = (): void => {
		while (written < total) {
			written += piece.length;
			if (!client.socket.write(piece)) {
				client.socket.once('drain', more);
				return;
			}
		}
	};
	more();
	return { written: () => written };
}

test('an upload waits for an upstream that does not read, and arrives whole when it does', async () => {
	let read = (): void => undefined;
	const upstream = await recordingUpstream({
		readBody: false,
		answer: (request, response, recorded) => {
			read = () => {
				request.on('data', (chunk: Buffer) => {
					recorded.bytes += chunk.length;
				});
				request.on('end', () => response.end('done'));
			};
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(`PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${large}\r\n\r\n`);
	const { written } = pump(client, large);
	await upstream.arrived(1);
	expect(await settled(written)).toBeLessThan(held);
	read();
	expect((await client.response()).body).toBe('done');
	expect(upstream.requests[0]?.bytes).toBe(large);
	client.destroy();
});

test('a download waits for a client that does not read, and arrives whole when it does', async () => {
	let sent = 0;
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			response.writeHead(200, { 'Content-Length': large });
			const more = (): void => {
				while (sent < large) {
					sent += piece.length;
					if (!response.write(piece)) {
						response.once('drain', more);
						return;
					}
				}
				response.end();
			};
			more();
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.socket.pause();
	client.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
	await upstream.arrived(1);
	expect(await settled(() => sent)).toBeLessThan(held);
	let received = 0;
	client.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
		received += chunk.length;
	});
	client.socket.resume();
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 200, reason: undefined });
	await settled(() => received);
	expect(received).toBeGreaterThan(large);
	client.destroy();
});

test('a head and each event go out at once, not with the end of the body', async () => {
	let event: (text: string) => void = () => undefined;
	let end = (): void => undefined;
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			response.writeHead(200, { 'Content-Type': 'text/event-stream' });
			response.flushHeaders();
			event = (text) => void response.write(text);
			end = () => void response.end();
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
	await client.seen('text/event-stream');
	event('data: 1\n\n');
	await client.seen('data: 1');
	event('data: 2\n\n');
	await client.seen('data: 2');
	end();
	expect((await client.response()).body).toBe('data: 1\n\ndata: 2\n\n');
	client.destroy();
});

test('request and response bodies flow at the same time', async () => {
	const upstream = await recordingUpstream({
		readBody: false,
		answer: (request, response) => void request.pipe(response),
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send('POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
	for (const word of ['one', 'two', 'three']) {
		client.send(`${word.length}\r\n${word}\r\n`);
		await client.seen(word);
	}
	client.send('0\r\n\r\n');
	expect((await client.response()).body).toBe('onetwothree');
	client.destroy();
});

test('a client that leaves takes its upstream request along: before the head, and during either body', async () => {
	const upstream = await recordingUpstream({
		answer: (request, response) => void (request.url === '/body' && response.write('some')),
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const requests = [
		'GET /head HTTP/1.1\r\nHost: x\r\n\r\n',
		'GET /body HTTP/1.1\r\nHost: x\r\n\r\n',
		'POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nsome',
	];
	for (const [index, request] of requests.entries()) {
		const client = await rawClient(gateway.url);
		client.send(request);
		await upstream.arrived(index + 1);
		if (request.includes('/body')) await client.seen('some');
		client.destroy();
		while (upstream.requests[index]?.aborted !== true) await new Promise((resolve) => setTimeout(resolve, 2));
	}
	await gateway.ended(3);
	expect(gateway.outcomes.map((each) => [each.target, each.status])).toEqual([
		['/head', 0],
		['/body', 200],
		['/upload', 0],
	]);
	expect(upstream.requests.map((each) => each.ended)).toEqual([true, true, false]);
});

test('a declared body beyond the limit is refused before anything is sent on', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url), limits: { body: 10 } });
	const client = await rawClient(gateway.url);
	client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789');
	expect((await client.response()).status).toBe(200);
	client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n0123456789');
	const answer = await client.response();
	expect([answer.status, answer.headers.get('connection')]).toEqual([413, 'close']);
	await client.closed();
	expect(upstream.requests).toHaveLength(1);
});

test('a chunked body is cut where it passes the limit', async () => {
	const upstream = await recordingUpstream({ answer: () => undefined });
	const gateway = await testEngine({ decide: forwardTo(upstream.url), limits: { body: 10 } });
	const client = await rawClient(gateway.url);
	client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n');
	await upstream.arrived(1);
	client.send('3\r\n890\r\n0\r\n\r\n');
	expect((await client.response()).status).toBe(413);
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 413, reason: 'content_too_large', upstreamStatus: undefined });
	while (upstream.requests[0]?.aborted !== true) await new Promise((resolve) => setTimeout(resolve, 2));
	expect([upstream.requests[0]?.ended, upstream.requests[0]?.bytes]).toEqual([false, 8]);
	client.destroy();
});

test('a body that stops coming is refused, and the upstream is not blamed', async () => {
	const upstream = await recordingUpstream({ answer: () => undefined });
	const decide = forwardTo(upstream.url, { upstream: { timeout: 20 } });
	const gateway = await testEngine({ decide, timeouts: { requestBody: 120 } });
	const client = await rawClient(gateway.url);
	client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nsome');
	expect((await client.response()).status).toBe(408);
	expect(gateway.outcomes[0]).toMatchObject({ status: 408, reason: 'request_timeout' });
	client.destroy();
});

test('a client that stops reading is let go', async () => {
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			response.writeHead(200, { 'Content-Length': large });
			for (let sent = 0; sent < large; sent += piece.length) response.write(piece);
			response.end();
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), timeouts: { requestBody: 80 } });
	const client = await rawClient(gateway.url);
	client.socket.pause();
	client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 200, reason: 'request_timeout' });
	while (upstream.requests[0]?.aborted !== true) await new Promise((resolve) => setTimeout(resolve, 2));
	client.destroy();
});

test('a refused upload gets its answer although the client is still sending', async () => {
	const gateway = await testEngine({ decide: denyAll });
	for (let round = 0; round < 20; round++) {
		const client = await rawClient(gateway.url);
		// A client that looks at answers only later: a reset would take the answer out of its hands.
		client.socket.pause();
		client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000000\r\n\r\n');
		const { written } = pump(client, 10 * 1024 * 1024);
		await gateway.ended(round + 1);
		await new Promise((resolve) => setTimeout(resolve, 20));
		client.socket.resume();
		const answer = await client.response();
		expect([answer.status, answer.headers.get('connection'), answer.body]).toEqual([401, 'close', 'no token']);
		expect(written()).toBeLessThan(held);
		client.destroy();
	}
	expect(gateway.outcomes).toHaveLength(20);
});

test('after a refusal nothing more is served on a connection whose body is unread', async () => {
	const gateway = await testEngine({ decide: denyAll });
	const client = await rawClient(gateway.url);
	client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n');
	expect((await client.response()).status).toBe(401);
	client.send('helloGET / HTTP/1.1\r\nHost: x\r\n\r\n');
	await client.closed();
	expect([gateway.decided.length, client.received().match(/HTTP\/1\.1/g)?.length]).toEqual([1, 1]);
});

test('an upstream that answers before the body ends is heard, and an honest client keeps its connection', async () => {
	const upstream = await recordingUpstream({ readBody: false, answer: (_, response) => void response.end('early') });
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nsome');
	expect((await client.response()).body).toBe('early');
	client.send('moreGET / HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await client.response()).body).toBe('early');
	expect(upstream.requests.map((each) => each.method)).toEqual(['POST', 'GET']);
	expect(upstream.connections).toBe(2);
	client.destroy();
});

test('after an early answer, a client that goes on and on is cut', async () => {
	const upstream = await recordingUpstream({ readBody: false, answer: (_, response) => void response.end('early') });
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${large}\r\n\r\n`);
	const { written } = pump(client, large);
	expect((await client.response()).body).toBe('early');
	await client.closed();
	expect(written()).toBeLessThan(held);
});

test('after an early answer, a body that breaks gets no second one', async () => {
	const upstream = await recordingUpstream({ readBody: false, answer: (_, response) => void response.end('early') });
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n');
	expect((await client.response()).body).toBe('early');
	client.send('xyz\r\n');
	await client.closed();
	expect(client.received().match(/HTTP\/1\.1/g)).toHaveLength(1);
	expect(gateway.outcomes.map((each) => each.status)).toEqual([200]);
});

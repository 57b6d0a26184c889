/** Upstreams that are gone, slow or wrong: one reason each, never a spliced or falsely complete answer. */
import { expect, test } from 'vitest';
import { exchange, rawClient } from '../../test/support/raw-client.ts';
import { nobody, rawUpstream, recordingUpstream } from '../../test/support/recording-upstream.ts';
import { forwardTo, testEngine } from '../../test/support/test-engine.ts';

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';

test('nobody listens', async () => {
	const gateway = await testEngine({ decide: forwardTo(nobody) });
	const client = await rawClient(gateway.url);
	for (const request of [get, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab']) {
		client.send(request);
		const answer = await client.response();
		expect([answer.status, answer.headers.get('x-reason')]).toEqual([502, 'upstream_unreachable']);
	}
	await gateway.ended(2);
	expect(gateway.outcomes[0]?.upstreamStatus).toBeUndefined();
	expect(String(gateway.outcomes[0]?.cause)).toContain('ECONNREFUSED');
	client.destroy();
});

test('a name that does not resolve', async () => {
	const gateway = await testEngine({ decide: forwardTo('http://nobody.invalid:1') });
	expect((await exchange(gateway.url, get)).headers.get('x-reason')).toBe('upstream_unreachable');
});

test('no head in time', async () => {
	const upstream = await recordingUpstream({ answer: () => undefined });
	const gateway = await testEngine({ decide: forwardTo(upstream.url, { upstream: { timeout: 50 } }) });
	const answer = await exchange(gateway.url, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab');
	expect([answer.status, answer.headers.get('x-reason')]).toEqual([504, 'upstream_timeout']);
	while (upstream.requests[0]?.aborted !== true) await new Promise((resolve) => setTimeout(resolve, 2));
	expect(upstream.requests).toHaveLength(1);
});

test('a slow body is no time-out', async () => {
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			response.write('slow');
			setTimeout(() => response.end('ly'), 150);
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url, { upstream: { timeout: 60 } }) });
	expect((await exchange(gateway.url, get)).body).toBe('slowly');
});

test.each([
	['no HTTP', 'SSH-2.0-x\r\n\r\n'],
	['half a head', 'HTTP/1.1 200 OK\r\nX-A'],
	['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc'],
	['two equal lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab'],
	[
		'length and chunked',
		'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
	],
	['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n'],
	['a bare CR in a value', 'HTTP/1.1 200 OK\r\nX-A: a\rb\r\nContent-Length: 2\r\n\r\nab'],
	['a name that is no token', 'HTTP/1.1 200 OK\r\nX(A): a\r\nContent-Length: 2\r\n\r\nab'],
	['obs-fold', 'HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 2\r\n\r\nab'],
	['an endless head', `HTTP/1.1 200 OK\r\n${`X-A: ${'a'.repeat(1000)}\r\n`.repeat(100)}\r\n`],
	['an unexpected 101', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
	['a 101 that switches to nothing', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
])('not a response: %s', async (_, bytes) => {
	const upstream = await rawUpstream((__, socket) => {
		socket.end(bytes, 'latin1');
		return undefined;
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const answer = await exchange(gateway.url, post);
	expect([answer.status, answer.headers.get('x-reason')]).toEqual([502, 'upstream_invalid_response']);
	expect(upstream.received).toHaveLength(1);
});

test.each([
	['counted', 'GET / HTTP/1.1', 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly this'],
	['chunked', 'GET / HTTP/1.1', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nonly this'],
	['a bad chunk', 'GET / HTTP/1.1', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n', 'xyz\r\n'],
	['chunked, for HTTP/1.0', 'GET / HTTP/1.0', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nonly this'],
])('a body that breaks off never looks whole: %s', async (_, line, bytes, later = '') => {
	const upstream = await rawUpstream((__, socket) => {
		const end = (): void => void socket.write(later, 'latin1', () => socket.destroy());
		socket.write(bytes, 'latin1', () => setTimeout(end, 20));
		return undefined;
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(`${line}\r\nHost: x\r\n\r\n`);
	const broken = client.response().then(
		(answer) => answer.status,
		() => 'broken off',
	);
	const error = await client.closed();
	if (line.endsWith('1.0')) expect(error).toBe('ECONNRESET');
	else expect(await broken).toBe('broken off');
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 200, upstreamStatus: 200, reason: 'upstream_invalid_response' });
});

test('bytes after a response are never given to the next request', async () => {
	const upstream = await rawUpstream((count) =>
		count === 0
			? 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nspliced'
			: 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond',
	);
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(get);
	expect((await client.response()).body).toBe('first');
	client.send(get);
	expect((await client.response()).body).toBe('second');
	expect(upstream.received).toHaveLength(2);
	client.destroy();
});

test.each(['204 No Content', '304 Not Modified'])('a body where there is none is dropped: %s', async (status) => {
	const upstream = await rawUpstream((count) =>
		count === 0
			? `HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\nstray`
			: 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond',
	);
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(get);
	expect((await client.response()).body).toBe('');
	client.send(get);
	expect((await client.response()).body).toBe('second');
	client.destroy();
});

test('a body that ends with the connection is passed on', async () => {
	const upstream = await rawUpstream((_, socket) => {
		socket.end('HTTP/1.1 200 OK\r\n\r\nall of it');
		return undefined;
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	expect((await exchange(gateway.url, get)).body).toBe('all of it');
});

test.each([
	['GET', 2],
	['HEAD', 2],
	['OPTIONS', 2],
	['PUT', 2],
	['DELETE', 2],
	['POST', 1],
	['PATCH', 1],
])('a connection that dies before the response: %s is sent %i times', async (method, times) => {
	const upstream = await rawUpstream((_, socket) => {
		socket.destroy();
		return undefined;
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const answer = await exchange(gateway.url, `${method} / HTTP/1.1\r\nHost: x\r\n\r\n`, method);
	expect([answer.status, answer.headers.get('x-reason')]).toEqual([502, 'upstream_unreachable']);
	expect(upstream.received).toHaveLength(times);
});

test('a request with a body, or one whose response has begun, is never sent again', async () => {
	let replies = 0;
	const upstream = await rawUpstream((_, socket) => {
		replies += 1;
		if (replies === 2) socket.write('H');
		setTimeout(() => socket.destroy(), 10);
		return undefined;
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const bytes = 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab';
	expect((await exchange(gateway.url, bytes)).headers.get('x-reason')).toBe('upstream_unreachable');
	expect((await exchange(gateway.url, get)).headers.get('x-reason')).toBe('upstream_invalid_response');
	expect(upstream.received).toHaveLength(2);
});

test('a stale connection costs an idempotent request nothing', async () => {
	const upstream = await rawUpstream((count, socket) => {
		if (count === 1) {
			socket.destroy();
			return undefined;
		}
		return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	for (let count = 0; count < 2; count++) {
		client.send(get);
		expect((await client.response()).body).toBe('ok');
	}
	expect(upstream.received).toHaveLength(2);
	client.destroy();
});

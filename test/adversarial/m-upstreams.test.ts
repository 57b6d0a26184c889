/** Group M: upstreams that answer wrongly (M20), break off (M23) or say too much (M26). */
import { expect, onTestFinished, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { requestBytes } from '../support/guarded-gateway.ts';
import { rawClient } from '../support/raw-client.ts';
import { type RawUpstream, rawUpstream } from '../support/recording-upstream.ts';

const good = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

async function before(
	reply: Parameters<typeof rawUpstream>[0],
): Promise<{ gateway: TestGateway; upstream: RawUpstream }> {
	const upstream = await rawUpstream(reply);
	const gateway = await startTestGateway({
		routes: [{ name: 'open', path: '/**', public: true, upstream: { endpoints: [upstream.url], timeout: '5s' } }],
	});
	onTestFinished(() => gateway.stop());
	return { gateway, upstream };
}

/** The first request gets `answer`; what the client got for it, and for a second one on the same or a new connection. */
async function twice(answer: string, ends: boolean, method = 'GET') {
	const { gateway, upstream } = await before((count, socket) => {
		if (count > 0) return good('second');
		if (ends) socket.end(answer, 'latin1');
		return ends ? undefined : answer;
	});
	const client = await rawClient(gateway.url);
	client.send(requestBytes({ method, target: '/first' }) + requestBytes({ target: '/second' }));
	const first = await client.response(method).catch(() => undefined);
	// Broken off, a client asks anew.
	let second = first === undefined ? undefined : await client.response().catch(() => undefined);
	if (second === undefined) {
		const other = await rawClient(gateway.url);
		other.send(requestBytes({ target: '/second' }));
		second = await other.response();
		other.destroy();
	}
	client.destroy();
	const record = await gateway.record(1);
	return { first, second, record, upstream };
}

const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

test.each<readonly [name: string, answer: string]>([
	['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nfirst'],
	['two equal lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nfirst'],
	[
		'length and chunked',
		'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n',
	],
	['chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
	['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
	['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n'],
	['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nfirst'],
	['an unexpected 101', switched],
	['an unexpected 101 and more', `${switched}${good('spliced')}`],
	['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nfirst'],
	['a bare CR in a field', 'HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: b\r\nContent-Length: 5\r\n\r\nfirst'],
	['NUL in a field', 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 5\r\n\r\nfirst'],
	['a folded field', 'HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 5\r\n\r\nfirst'],
	['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nfirst'],
	['a field without a name', 'HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 5\r\n\r\nfirst'],
	['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nfirst'],
	['a status of no class', 'HTTP/1.1 999 OK\r\nContent-Length: 5\r\n\r\nfirst'],
	['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nfirst'],
	['HTTP/0.9', '<html>first</html>\r\n\r\n'],
	['interim responses without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50) + good('first')],
	['an interim response that closes', `HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n${good('first')}`],
])('M20: %s is 502, and the next request gets its own answer', async (_, answer) => {
	const { first, second, record } = await twice(answer, false);
	expect([first?.status, first?.body.includes('first'), second.body]).toEqual([502, false, 'second']);
	expect(record).toMatchObject({ reason: 'upstream_invalid_response', status: 502 });
});

test.each<readonly [name: string, answer: string]>([
	['counted', 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nfirst'],
	['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nfirst'],
	['between two chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n'],
	['within the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n'],
	['within a trailer', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\nX-T: a'],
])('M20: a response that breaks off never looks whole: %s', async (_, answer) => {
	const { first, second, record } = await twice(answer, true);
	expect([first, second.body]).toEqual([undefined, 'second']);
	expect(record).toMatchObject({ reason: 'upstream_invalid_response', status: 200 });
});

test.each<readonly [name: string, answer: string]>([
	['a chunk that is none', '5\r\nfirst\r\nspliced\r\n\r\n'],
	['a chunk size with a sign', '5\r\nfirst\r\n+5\r\nsplic\r\n0\r\n\r\n'],
	['a chunk too long', '5\r\nfirst!\r\n0\r\n\r\n'],
	['an extension', '5;a=b\r\nfirst\r\n0\r\n\r\n'],
	['a trailer that frames', '5\r\nfirst\r\n0\r\nContent-Length: 7\r\n\r\n'],
	['a trailer with a bare LF', '5\r\nfirst\r\n0\r\nX-T: a\nX-U: b\r\n\r\n'],
])('M20: a chunked body that breaks is nobody’s whole answer: %s', async (_, body) => {
	const { first, second } = await twice(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`, false);
	expect([first?.status ?? 'broken off', second.body]).toEqual([first === undefined ? 'broken off' : 502, 'second']);
	expect(first?.body ?? '').not.toContain('spliced');
});

test.each<readonly [name: string, method: string, status: number, answer: string]>([
	['a 304 with a body', 'GET', 304, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\nspliced'],
	['a 204 with a body', 'GET', 204, 'HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\nspliced'],
	['a HEAD with a body', 'HEAD', 200, 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nspliced'],
	['bytes behind the body', 'GET', 200, `${good('first')}${good('spliced')}`],
	[
		'bytes behind the last chunk',
		'GET',
		200,
		`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${good('spliced')}`,
	],
	['a response behind a 100', 'GET', 200, `HTTP/1.1 100 Continue\r\n\r\n${good('first')}`],
	['a 103 with a length', 'GET', 200, `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${good('first')}`],
	[
		'trailers',
		'GET',
		200,
		'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\ngrpc-status: 0\r\nSet-Cookie: a\r\n\r\n',
	],
])('M20: %s: the response ends where it ends (CVE-2026-1525)', async (_, method, status, answer) => {
	const { first, second } = await twice(answer, false, method);
	expect([first?.status, second.body]).toEqual([status, 'second']);
	expect(`${first?.head}${first?.body}${second.head}`).not.toMatch(/spliced|set-cookie|early hints/i);
});

test('M20: an answer before the body has ended is the answer, and the rest of the body is no request', async () => {
	const { gateway, upstream } = await before((count) => good(count === 0 ? 'early' : 'second'));
	const client = await rawClient(gateway.url);
	const hidden = requestBytes({ target: '/hidden' });
	client.send(requestBytes({ method: 'POST', headers: [['Content-Length', String(4 + hidden.length)]] }));
	client.send('some');
	expect((await client.response()).body).toBe('early');
	client.send(hidden + requestBytes({ target: '/second' }));
	expect((await client.response()).body).toBe('second');
	// The connection of the first request still waits for the rest of its body: it carries nothing else.
	expect(upstream.received).toHaveLength(2);
	expect(upstream.received[1]).toContain('GET /second');
	client.destroy();
});

test.each<readonly [method: string, body: string, times: number]>([
	['GET', '', 2],
	['HEAD', '', 2],
	['DELETE', '', 2],
	['POST', '', 1],
	['PATCH', '', 1],
	['POST', 'body', 1],
	['PUT', 'body', 1],
])('M23: %s with the body "%s" on a connection that dies is sent %i times', async (method, body, times) => {
	const { gateway, upstream } = await before((_, socket) => {
		socket.destroy();
		return undefined;
	});
	const client = await rawClient(gateway.url);
	client.send(requestBytes({ method, ...(body === '' ? {} : { body }) }));
	expect((await client.response(method)).status).toBe(502);
	expect(upstream.received.filter((received) => received !== '')).toHaveLength(times);
	client.destroy();
});

test('M23: once a byte of the response has come, nothing is sent again', async () => {
	const { gateway, upstream } = await before((_, socket) => {
		socket.write('H', () => socket.destroy());
		return undefined;
	});
	const client = await rawClient(gateway.url);
	client.send(requestBytes());
	expect((await client.response()).status).toBe(502);
	expect(upstream.received).toHaveLength(1);
	client.destroy();
});

test('M26: what the upstream says of itself passes; a token that it echoes is in no record and no log', async () => {
	const canary = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5LWNhbmFyeS1jYW5hcnk';
	const fields = [
		'WWW-Authenticate: Basic realm="upstream"',
		'Set-Cookie: a=1',
		'Set-Cookie: b=2',
		'Server: upstream/1',
		`Authorization: Bearer ${canary}`,
		'Proxy-Authenticate: Basic',
		'Connection: X-Hop',
		'X-Hop: 1',
	];
	const { gateway } = await before(() => `HTTP/1.1 401 No\r\n${fields.join('\r\n')}\r\nContent-Length: 2\r\n\r\nno`);
	const client = await rawClient(gateway.url);
	client.send(requestBytes({ token: canary }));
	const response = await client.response();
	expect(response.status).toBe(401);
	expect(response.headers.get('www-authenticate')).toBe('Basic realm="upstream"');
	expect(response.headers.get('set-cookie')).toBe('a=1, b=2');
	expect(response.headers.get('server')).toBe('upstream/1');
	expect([response.headers.has('proxy-authenticate'), response.headers.has('x-hop')]).toEqual([false, false]);
	const record = await gateway.record(1);
	for (const part of [canary, ...canary.split('.')]) {
		expect(JSON.stringify(record)).not.toContain(part);
		expect(gateway.log.join('\n')).not.toContain(part);
	}
	client.destroy();
});

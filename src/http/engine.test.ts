import { expect, test } from 'vitest';
import { passingRules } from '#core/index';
import { fieldLines } from '../../test/support/field-lines.ts';
import { exchange, rawClient } from '../../test/support/raw-client.ts';
import { nobody, rawUpstream, recordingUpstream } from '../../test/support/recording-upstream.ts';
import { denyAll, forwardTo, testEngine } from '../../test/support/test-engine.ts';

test('a request is decided, forwarded and answered', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const answer = await exchange(gateway.url, 'GET /a?b=c HTTP/1.1\r\nHost: api.example.com\r\nX-One: 1\r\n\r\n');
	expect(answer.status).toBe(200);
	expect(answer.body).toBe('hello from upstream');
	await gateway.ended(1);
	expect(upstream.requests).toHaveLength(1);
	expect(upstream.requests[0]).toMatchObject({
		method: 'GET',
		target: '/a?b=c',
		lines: fieldLines(
			`host: ${new URL(upstream.url).host}`,
			'connection: keep-alive',
			'X-One: 1',
			'Forwarded: for=127.0.0.1;host=api.example.com;proto=http',
			'X-Forwarded-For: 127.0.0.1',
			'X-Forwarded-Proto: http',
			'X-Forwarded-Host: api.example.com',
		),
	});
	expect(gateway.outcomes).toHaveLength(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 200, upstreamStatus: 200, reason: undefined });
	expect(gateway.outcomes[0]?.record).toBe('decided /a?b=c');
	expect(gateway.outcomes[0]?.upstreamDuration).toBeGreaterThan(0);
});

test('the decision sees the field lines as they came', async () => {
	const gateway = await testEngine({ decide: denyAll });
	await exchange(
		gateway.url,
		'GET http://other.example/x HTTP/1.1\r\nhOsT: Api.Example.com:80\r\nAuthorization: a\r\nauthorization: b\r\nX: caf\xe9\r\n\r\n',
	);
	const [view] = gateway.decided;
	expect(view).toMatchObject({
		method: 'GET',
		target: 'http://other.example/x',
		scheme: 'http',
		host: 'Api.Example.com:80',
		peer: '127.0.0.1',
		serverName: undefined,
		clientCertificate: undefined,
	});
	expect([view?.headerCount('authorization'), view?.header('authorization')]).toEqual([2, 'a']);
	expect([view?.header('x'), view?.headerCount('y'), view?.header('y')]).toEqual(['caf\xe9', 0, undefined]);
});

test('any method and body, chunked and counted, travel as they are', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'OPTIONS', 'REPORT']) {
		client.send(`${method} /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nh\xe9llo`);
		expect((await client.response()).status).toBe(200);
		client.send(
			`${method} /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nh\xe9l\r\n2\r\nlo\r\n0\r\n\r\n`,
		);
		expect((await client.response()).status).toBe(200);
		const [counted, chunked] = upstream.requests.slice(-2);
		expect([counted?.method, counted?.body, counted?.values('content-length')]).toEqual([method, 'h\xe9llo', ['5']]);
		expect(counted?.values('transfer-encoding')).toEqual([]);
		expect([chunked?.method, chunked?.body, chunked?.values('content-length')]).toEqual([method, 'h\xe9llo', []]);
		expect(chunked?.values('transfer-encoding')).toEqual(['chunked']);
	}
	client.destroy();
});

test('header bytes are latin1 in both directions, and repeated lines stay apart', async () => {
	const upstream = await rawUpstream(
		() =>
			'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-Name: caf\xe9 \x80\r\nset-cookie: b=2\r\nContent-Length: 2\r\n\r\nok',
	);
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const answer = await exchange(gateway.url, 'GET / HTTP/1.1\r\nHost: x\r\nX-Name: \xfcber\r\nX-Name: 2\r\n\r\n');
	expect(answer.head).toContain('Set-Cookie: a=1\r\nX-Name: caf\xe9 \x80\r\nset-cookie: b=2');
	expect(upstream.received[0]).toContain('X-Name: \xfcber\r\nX-Name: 2\r\n');
});

test('responses without a body have none, and interim responses stop here', async () => {
	const upstream = await rawUpstream((count) => {
		if (count === 0) return 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n';
		if (count === 1) return 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 9\r\n\r\n';
		return 'HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n';
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send('GET /204 HTTP/1.1\r\nHost: x\r\n\r\n');
	expect(await client.response()).toMatchObject({ status: 204, body: '' });
	client.send('GET /304 HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await client.response()).headers.get('etag')).toBe('"a"');
	client.send('HEAD /200 HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await client.response('HEAD')).headers.get('content-length')).toBe('77');
	expect(client.interim).toEqual([]);
	client.destroy();
});

test('response edits replace and remove', async () => {
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			response.writeHead(200, ['Access-Control-Allow-Origin', '*', 'X-Powered-By', 'y', 'Vary', 'Accept']).end('ok');
		},
	});
	const response = {
		set: [['access-control-allow-origin', 'https://a']],
		add: [['vary', 'Origin']],
		remove: ['x-powered-by'],
		rules: passingRules,
		withheld: [],
		content: undefined,
		decide: undefined,
	};
	const gateway = await testEngine({ decide: forwardTo(upstream.url, { action: { response } }) });
	const answer = await exchange(gateway.url, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	expect(answer.headers.get('access-control-allow-origin')).toBe('https://a');
	expect(answer.headers.has('x-powered-by')).toBe(false);
	expect(answer.headers.get('vary')).toBe('Accept, Origin');
});

test('HTTP/1.0 is answered in its own way', async () => {
	const upstream = await recordingUpstream({
		answer: (_, response) => void response.write('a', () => response.end('b')),
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send('GET / HTTP/1.0\r\n\r\n');
	const answer = await client.response();
	expect(answer.headers.has('transfer-encoding')).toBe(false);
	expect(answer.body).toBe('ab');
	expect(await client.closed()).toBeUndefined();
	expect(upstream.requests[0]?.values('host')).toEqual([new URL(upstream.url).host]);
	expect(gateway.decided[0]?.host).toBe('');
});

test('the client’s Host travels on only where the upstream wants it', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url, { upstream: { preserveHost: true } }) });
	await exchange(gateway.url, 'GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n');
	expect(upstream.requests[0]?.values('host')).toEqual(['api.example.com']);
});

test('pipelined requests are decided one after the other and answered in order', async () => {
	const upstream = await recordingUpstream({
		answer: (request, response) => void setTimeout(() => response.end(request.url), request.url === '/1' ? 30 : 0),
	});
	const forward = forwardTo(upstream.url);
	const order: string[] = [];
	const gateway = await testEngine({
		decide: async (request) => {
			order.push(`${request.target} with ${gateway.outcomes.length} over`);
			return request.header('authorization') === undefined ? denyAll(request) : forward(request);
		},
	});
	const client = await rawClient(gateway.url);
	const head = (path: string, extra: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${extra}\r\n`;
	client.send(head('/1', 'Authorization: a\r\n') + head('/2', '') + head('/3', 'Authorization: a\r\n'));
	expect([await client.response(), await client.response(), await client.response()].map((each) => each.body)).toEqual([
		'/1',
		'no token',
		'/3',
	]);
	expect(order).toEqual(['/1 with 0 over', '/2 with 1 over', '/3 with 2 over']);
	expect(upstream.requests.map((each) => each.target)).toEqual(['/1', '/3']);
	client.destroy();
});

test('a deep pipeline is served whole', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(400));
	for (let count = 0; count < 400; count++) expect((await client.response()).status).toBe(200);
	client.send('GET /last HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await client.response()).status).toBe(200);
	expect(upstream.requests).toHaveLength(401);
	client.destroy();
});

test('several endpoints take turns, and a dead one is passed over', async () => {
	const one = await recordingUpstream();
	const two = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo([one.url, nobody, two.url]) });
	const client = await rawClient(gateway.url);
	for (let count = 0; count < 6; count++) {
		client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab');
		expect((await client.response()).status).toBe(200);
	}
	expect([one.requests.length, two.requests.length]).toEqual([2, 4]);
	expect([...one.requests, ...two.requests].map((each) => each.body)).toEqual(Array(6).fill('ab'));
	client.destroy();
});

test('an exception in the decision ends as internal_error and forwards nothing', async () => {
	const gateway = await testEngine({
		decide: (request) => {
			if (request.target === '/now') throw new Error('a bug');
			return Promise.reject(new Error('a later bug'));
		},
	});
	const client = await rawClient(gateway.url);
	for (const path of ['/now', '/later']) {
		client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
		expect((await client.response()).headers.get('x-reason')).toBe('internal_error');
	}
	expect(gateway.outcomes.map((each) => [each.status, each.reason, each.record])).toEqual([
		[500, 'internal_error', undefined],
		[500, 'internal_error', undefined],
	]);
	expect(gateway.logged.join()).toContain('a later bug');
	client.destroy();
});

test('a field that cannot go on a wire ends as internal_error, and no upstream hears of it', async () => {
	const upstream = await recordingUpstream();
	for (const value of ['a\r\nX-Admin: 1', 'a\u010db', 'a\0']) {
		const gateway = await testEngine({ decide: forwardTo(upstream.url, { edits: { set: [['X-User', value]] } }) });
		const answer = await exchange(gateway.url, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
		expect(answer.headers.get('x-reason')).toBe('internal_error');
	}
	const gateway = await testEngine({ decide: forwardTo(upstream.url, { edits: { path: '/a b\u010d' } }) });
	expect((await exchange(gateway.url, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).status).toBe(500);
	expect([upstream.requests.length, upstream.bytesReceived]).toEqual([0, 0]);
});

test('an answer with an impossible header becomes a bare 500', async () => {
	const gateway = await testEngine({
		decide: () => ({
			action: { kind: 'answer', answer: { status: 200, headers: [['X-A', 'a\r\nX-B: b']], body: 'secret' } },
			record: 'r',
		}),
	});
	const answer = await exchange(gateway.url, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	expect([answer.status, answer.body]).toEqual([500, '']);
	expect(gateway.outcomes[0]).toMatchObject({ status: 500, reason: 'internal_error' });
});

test('a refusal that cannot be worded becomes a bare 500', async () => {
	const gateway = await testEngine({
		decide: denyAll,
		refuse: () => {
			throw new Error('no words');
		},
	});
	expect((await exchange(gateway.url, 'TRACE / HTTP/1.1\r\nHost: x\r\n\r\n')).status).toBe(500);
	expect((await exchange(gateway.url, 'nonsense\r\n\r\n')).status).toBe(500);
});

test('a client that leaves before the decision is reported with status 0, and nothing is forwarded', async () => {
	const upstream = await recordingUpstream();
	let decide = (): void => undefined;
	const gateway = await testEngine({
		decide: async (request) => {
			await new Promise<void>((resolve) => {
				decide = resolve;
			});
			return forwardTo(upstream.url)(request);
		},
	});
	const client = await rawClient(gateway.url);
	client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	while (gateway.decided.length === 0) await new Promise(setImmediate);
	client.destroy();
	await client.closed();
	for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
	expect(gateway.outcomes).toEqual([]);
	decide();
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 0, upstreamStatus: undefined, record: 'decided /' });
	expect(upstream.bytesReceived).toBe(0);
});

test('connections beyond the limit are refused', async () => {
	const gateway = await testEngine({ decide: denyAll, limits: { connections: 2 } });
	const first = await rawClient(gateway.url);
	const second = await rawClient(gateway.url);
	second.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await second.response()).status).toBe(401);
	const third = await rawClient(gateway.url);
	await third.closed();
	expect(third.received()).toBe('');
	first.destroy();
	await first.closed();
	second.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await second.response()).status).toBe(401);
	second.destroy();
});

test('a listener that cannot be opened is told readably, and the others are closed again', async () => {
	const taken = await testEngine({ decide: denyAll });
	const port = Number(new URL(taken.url).port);
	const listeners = [0, port].map((each) => ({ host: '127.0.0.1', port: each, tls: undefined }));
	await expect(testEngine({ decide: denyAll, engine: { listeners } })).rejects.toThrow(
		`cannot listen on 127.0.0.1:${port}: another process already does`,
	);
});

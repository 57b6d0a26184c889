import { expect, test } from 'vitest';
import { rawUpstream, recordingUpstream } from '../../../test/support/recording-upstream.ts';
import { denyAll, forwardTo, testEngine } from '../../../test/support/test-engine.ts';
import { h2Request, h2Session, tlsListener } from '../../../test/support/tls-gateway.ts';

const listeners = [tlsListener()];

test('a request of HTTP/2 is decided and forwarded like one of HTTP/1.1', async () => {
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			response.writeHead(201, { 'Set-Cookie': ['a=1', 'b=2'], 'Keep-Alive': 'timeout=5', 'X-Up': 'yes' });
			response.write('one ');
			response.end('two');
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine: { listeners } });
	const session = await h2Session(gateway.url);
	const answer = await h2Request(session, {
		':path': '/a?b=c',
		accept: '*/*',
		authorization: 'secret',
		cookie: ['a=1', 'b=2'],
		te: 'trailers',
	});
	expect(answer).toMatchObject({ status: 201, body: 'one two', code: 0 });
	expect(answer.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-up': 'yes' });
	for (const name of ['connection', 'keep-alive', 'transfer-encoding']) expect(answer.headers).not.toHaveProperty(name);
	expect(gateway.decided[0]).toMatchObject({
		method: 'GET',
		target: '/a?b=c',
		scheme: 'https',
		host: 'localhost:443',
		serverName: 'localhost',
		peer: '127.0.0.1',
	});
	const [request] = upstream.requests;
	expect(request).toMatchObject({ method: 'GET', target: '/a?b=c', body: '' });
	expect(request?.values('cookie')).toEqual(['a=1; b=2']);
	expect(request?.values('x-forwarded-host')).toEqual(['localhost:443']);
	for (const name of ['te', 'authorization', 'transfer-encoding']) expect(request?.values(name)).toEqual([]);
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 201, upstreamStatus: 201, reason: undefined });
});

test.each([
	['counted', { 'content-length': '5' }],
	['without a length', {}],
] as const)('a body %s arrives whole', async (_, length) => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine: { listeners } });
	const session = await h2Session(gateway.url);
	const answer = await h2Request(session, { ':path': '/', ':method': 'POST', ...length }, 'hello');
	expect(answer).toMatchObject({ status: 200, body: 'hello from upstream', code: 0 });
	expect(upstream.requests[0]).toMatchObject({ method: 'POST', body: 'hello', ended: true });
	expect(upstream.requests[0]?.values('content-length')).toEqual('content-length' in length ? ['5'] : []);
});

test('an answer of the gateway, also to a body that nobody reads', async () => {
	const gateway = await testEngine({ decide: denyAll, engine: { listeners } });
	const session = await h2Session(gateway.url);
	const plain = await h2Request(session, { ':path': '/' });
	expect(plain).toMatchObject({ status: 401, body: 'no token', code: 0 });
	expect(plain.headers).toMatchObject({ 'www-authenticate': 'Bearer', 'content-length': '8' });
	expect(await h2Request(session, { ':path': '/', ':method': 'HEAD' })).toMatchObject({ status: 401, body: '' });
	const upload = await h2Request(
		session,
		{ ':path': '/', ':method': 'POST', 'content-length': '2000000' },
		Buffer.alloc(2_000_000),
	);
	expect(upload).toMatchObject({ status: 401, body: 'no token', code: 0 });
	await gateway.ended(3);
});

test('a field of a backend may be called like a property that every object has', async () => {
	const upstream = await rawUpstream(
		() => 'HTTP/1.1 200 OK\r\nconstructor: a\r\n__proto__: b\r\nContent-Length: 0\r\n\r\n',
	);
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine: { listeners } });
	const { headers } = await h2Request(await h2Session(gateway.url), { ':path': '/' });
	expect(headers['constructor']).toBe('a');
});

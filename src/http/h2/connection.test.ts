/** The life of an HTTP/2 connection: how it is chosen, how long it may be idle, and how it ends. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { flag, frameClient, frameType, get, headers } from '../../../test/support/h2-frames.ts';
import { clientOn } from '../../../test/support/raw-client.ts';
import { recordingUpstream } from '../../../test/support/recording-upstream.ts';
import { selfSigned } from '../../../test/support/self-signed.ts';
import { denyAll, forwardTo, testEngine } from '../../../test/support/test-engine.ts';
import { h2Request, h2Response, h2Session, secureSocket, tlsListener } from '../../../test/support/tls-gateway.ts';

const engine = { listeners: [tlsListener()] };

test.each([
	[['h2', 'http/1.1'], 'h2'],
	[['http/1.1', 'h2'], 'h2'],
	[['http/1.1'], 'http/1.1'],
	[undefined, false],
])('of %j, %s is chosen', async (offered, chosen) => {
	const gateway = await testEngine({ decide: denyAll, engine });
	const socket = await secureSocket(gateway.url, offered === undefined ? {} : { ALPNProtocols: offered });
	expect(socket.alpnProtocol).toBe(chosen);
	if (chosen === 'h2') {
		socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
		const [settings] = await once(socket, 'data');
		expect(Buffer.isBuffer(settings) && settings[3]).toBe(4);
		return;
	}
	const client = clientOn(socket);
	client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
	expect((await client.response()).status).toBe(401);
});

test('a client that offers nothing we speak is refused in the handshake', async () => {
	const gateway = await testEngine({ decide: denyAll, engine });
	await expect(secureSocket(gateway.url, { ALPNProtocols: ['h3', 'spdy/3'] })).rejects.toThrow(
		/no application protocol/i,
	);
});

test('HTTP/2 without TLS is no request', async () => {
	const gateway = await testEngine({ decide: denyAll });
	const client = clientOn(connect(Number(new URL(gateway.url).port), '127.0.0.1'));
	client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
	expect((await client.response()).status).toBe(400);
});

test.each([
	['sends nothing', ''],
	['sends a preface only', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
])('a client that %s does not stay', async (_, bytes) => {
	const gateway = await testEngine({ decide: denyAll, engine, timeouts: { requestHead: 100 } });
	const socket = await secureSocket(gateway.url, { ALPNProtocols: ['h2'] });
	socket.resume();
	if (bytes !== '') socket.write(bytes, 'latin1');
	await once(socket, 'close');
});

test('a connection without streams ends after a while, whatever it sends', async () => {
	const gateway = await testEngine({ decide: denyAll, engine, timeouts: { keepAlive: 200 } });
	const session = await h2Session(gateway.url);
	expect((await h2Request(session, { ':path': '/' })).status).toBe(401);
	const timer = setInterval(() => session.ping(() => undefined), 50);
	await new Promise((resolve) => session.once('close', resolve));
	clearInterval(timer);
});

test('without keep-alive a connection ends with its last stream', async () => {
	const gateway = await testEngine({ decide: denyAll, engine, timeouts: { keepAlive: 0 } });
	const session = await h2Session(gateway.url);
	expect((await h2Request(session, { ':path': '/' })).status).toBe(401);
	await new Promise((resolve) => session.once('close', resolve));
});

test('a drain lets streams under way end and takes no new ones', async () => {
	const held: ServerResponse[] = [];
	const upstream = await recordingUpstream({ answer: (_, response) => void held.push(response) });
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine });
	const [session, idle] = [await h2Session(gateway.url), await h2Session(gateway.url)];
	await once(idle, 'remoteSettings');
	const answered = h2Response(session.request({ ':path': '/' }));
	await upstream.arrived(1);
	const drained = gateway.engine.drain();
	const [code] = await once(session, 'goaway');
	expect(code).toBe(0);
	if (!idle.destroyed) await once(idle, 'close');
	held[0]?.end('in time');
	expect(await answered).toMatchObject({ status: 200, body: 'in time' });
	await drained;
	await expect.poll(() => session.destroyed).toBe(true);
});

test('a drain that takes too long cuts', async () => {
	const upstream = await recordingUpstream({ answer: () => undefined });
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine, timeouts: { drain: 100 } });
	const stream = (await h2Session(gateway.url)).request({ ':path': '/' });
	const ended = h2Response(stream).catch(String);
	await upstream.arrived(1);
	await gateway.engine.drain();
	expect(await ended).toContain('closed without a response');
	expect(gateway.outcomes[0]?.status).toBe(0);
});

test('a stream that comes behind a GOAWAY is refused', async () => {
	const upstream = await recordingUpstream({ answer: () => undefined });
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine, timeouts: { drain: 300 } });
	const client = await frameClient(gateway.url);
	client.send(headers(1));
	await upstream.arrived(1);
	const drained = gateway.engine.drain();
	await client.next(frameType.goaway);
	client.send(headers(3));
	await drained;
	expect(gateway.decided).toHaveLength(1);
});

test('the limit of connections counts them like all others', async () => {
	const gateway = await testEngine({ decide: denyAll, engine, limits: { connections: 1 } });
	const session = await h2Session(gateway.url);
	expect((await h2Request(session, { ':path': '/' })).status).toBe(401);
	await expect(h2Session(gateway.url)).rejects.toThrow(/disconnected|ECONNRESET/);
	expect((await h2Request(session, { ':path': '/' })).status).toBe(401);
});

test('a required client certificate is required, and its thumbprint is known to every stream', async () => {
	const known = selfSigned({ commonName: 'client' });
	const listeners = [tlsListener({ clientCa: known.certificate, clientCertificate: 'require' })];
	const gateway = await testEngine({ decide: denyAll, engine: { listeners } });
	const session = await h2Session(gateway.url, { cert: known.certificate, key: known.key });
	const ask = { ':path': '/', ':authority': 'localhost' };
	await Promise.all([h2Request(session, ask), h2Request(session, ask)]);
	const [first, second] = gateway.decided;
	expect(first?.clientCertificate).toMatchObject({ isVouchedFor: true });
	expect(second?.clientCertificate).toBe(first?.clientCertificate);
	const unknown = h2Session(gateway.url).then((other) => h2Request(other, ask));
	await expect(unknown).rejects.toThrow('closed without a response');
	expect(gateway.decided).toHaveLength(2);
});

test('a renewed certificate is for connections from now on; streams go on', async () => {
	const gateway = await testEngine({ decide: denyAll, engine });
	const session = await h2Session(gateway.url);
	const next = selfSigned({ commonName: 'next' });
	gateway.engine.renewCertificates([tlsListener({ certificate: next.certificate, key: next.key })]);
	const after = await h2Session(gateway.url, { ca: next.certificate });
	for (const each of [session, after]) expect((await h2Request(each, { ':path': '/' })).status).toBe(401);
});

test('a refused request whose body does not end and whose answer is not read does not stay', async () => {
	const gateway = await testEngine({ decide: denyAll, engine, timeouts: { requestBody: 100, keepAlive: 100 } });
	const client = await frameClient(gateway.url, [[4, 0]]);
	const post = get.map(([name, value]) => [name, name === ':method' ? 'POST' : value] as const);
	client.send(headers(1, post, flag.endHeaders));
	await gateway.ended(1);
	await client.next(frameType.reset, 1);
	await client.ended();
});

import { createHash, X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { connect, getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { clientOn, exchange, rawClient } from '../../test/support/raw-client.ts';
import { recordingUpstream } from '../../test/support/recording-upstream.ts';
import { selfSigned } from '../../test/support/self-signed.ts';
import { denyAll, forwardTo, type TestEngine, testEngine } from '../../test/support/test-engine.ts';
import type { ListenerOptions } from './engine.ts';

const own = selfSigned();

function listener(tls: Partial<NonNullable<ListenerOptions['tls']>> = {}): ListenerOptions {
	const material = { certificate: own.certificate, key: own.key };
	return { host: '127.0.0.1', port: 0, tls: { ...material, clientCa: undefined, clientCertificate: 'none', ...tls } };
}

async function secure(gateway: TestEngine, options: object = {}): Promise<TLSSocket> {
	const socket = connect({
		port: Number(new URL(gateway.url).port),
		host: '127.0.0.1',
		servername: 'localhost',
		ca: own.certificate,
		...options,
	});
	onTestFinished(() => void socket.destroy());
	await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
	return socket;
}

test('a TLS listener decides and forwards like a plain one', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine: { listeners: [listener()] } });
	expect(gateway.url).toMatch(/^https:/);
	const client = clientOn(await secure(gateway));
	client.send('POST / HTTP/1.1\r\nHost: LocalHost\r\nContent-Length: 5\r\n\r\nhello');
	expect((await client.response()).status).toBe(200);
	expect(gateway.decided[0]).toMatchObject({ scheme: 'https', serverName: 'localhost', peer: '127.0.0.1' });
	expect(upstream.requests[0]?.body).toBe('hello');
	expect(upstream.requests[0]?.values('x-forwarded-proto')).toEqual(['https']);
	client.send('GET / HTTP/1.1\r\nX : y\r\n\r\n');
	expect((await client.response()).status).toBe(400);
	await client.closed();
});

test('an upload refused over TLS gets its answer', async () => {
	const gateway = await testEngine({ decide: denyAll, engine: { listeners: [listener()] } });
	const client = clientOn(await secure(gateway));
	client.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000000\r\n\r\n');
	client.send('a'.repeat(300_000));
	expect((await client.response()).status).toBe(401);
	client.destroy();
});

test('upgrades go through TLS, and a drain closes what is idle', async () => {
	const upstream = await recordingUpstream({
		upgrade: (_, socket) => {
			socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
			socket.pipe(socket);
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine: { listeners: [listener()] } });
	const client = clientOn(await secure(gateway));
	client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
	expect((await client.response()).status).toBe(101);
	client.send('there and back');
	while (!client.received().endsWith('there and back'))
		await new Promise((resolve) => client.socket.once('data', resolve));
	client.destroy();
	await gateway.ended(1);
	const idle = clientOn(await secure(gateway));
	idle.send('TRACE / HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await idle.response()).status).toBe(405);
	await gateway.engine.drain();
	await idle.closed();
});

test('TLS below 1.2, and a peer that does not speak TLS, get no further', async () => {
	const gateway = await testEngine({ decide: denyAll, engine: { listeners: [listener()] } });
	// Without the lower security level, the client's own OpenSSL would not even offer it.
	const old = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
	await expect(secure(gateway, old)).rejects.toThrow('protocol version');
	const plain = gateway.url.replace('https:', 'http:');
	await expect(exchange(plain, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).rejects.toThrow('the connection ended');
	expect([gateway.decided.length, gateway.outcomes.length]).toEqual([0, 0]);
});

test('a required client certificate is required', async () => {
	const known = selfSigned({ commonName: 'client' });
	const listeners = [listener({ clientCa: known.certificate, clientCertificate: 'require' })];
	const gateway = await testEngine({ decide: denyAll, engine: { listeners } });
	const ask = async (options: object): Promise<number | string> => {
		try {
			const client = clientOn(await secure(gateway, options));
			client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
			return (await client.response()).status;
		} catch {
			return 'refused';
		}
	};
	const unknown = selfSigned();
	expect(await ask({ cert: known.certificate, key: known.key })).toBe(401);
	expect(await ask({})).toBe('refused');
	expect(await ask({ cert: unknown.certificate, key: unknown.key })).toBe('refused');
	expect(gateway.decided).toHaveLength(1);
});

test('where client certificates are asked for, a request is for the host of its handshake', async () => {
	const listeners = [listener({ clientCertificate: 'request' })];
	const gateway = await testEngine({ decide: denyAll, engine: { listeners } });
	const client = clientOn(await secure(gateway));
	const status = async (target: string, host: string): Promise<number> => {
		client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
		return (await client.response()).status;
	};
	expect(await status('/', 'LOCALHOST.:443')).toBe(401);
	expect(await status('/', 'other.example')).toBe(421);
	expect(await status('/', '127.0.0.1')).toBe(421);
	expect(await status('https://other.example/', 'localhost')).toBe(421);
	expect(gateway.decided).toHaveLength(1);
	const nameless = clientOn(await secure(gateway, { servername: '', checkServerIdentity: () => undefined }));
	nameless.send('GET / HTTP/1.1\r\nHost: other.example\r\n\r\n');
	expect((await nameless.response()).status).toBe(401);
});

test('the thumbprint of a client certificate is known to every request of its connection', async () => {
	const known = selfSigned({ commonName: 'client' });
	const stranger = selfSigned({ commonName: 'stranger' });
	const listeners = [listener({ clientCa: known.certificate, clientCertificate: 'request' })];
	const gateway = await testEngine({ decide: denyAll, engine: { listeners } });
	for (const { certificate, key } of [known, stranger]) {
		const client = clientOn(await secure(gateway, { cert: certificate, key }));
		for (let count = 0; count < 2; count++) {
			client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
			expect((await client.response()).status).toBe(401);
		}
		const [first, second] = gateway.decided.slice(-2);
		const thumbprint = createHash('sha256').update(new X509Certificate(certificate).raw).digest('base64url');
		expect(first?.clientCertificate).toMatchObject({ thumbprint, isVouchedFor: certificate === known.certificate });
		expect(second?.clientCertificate).toBe(first?.clientCertificate);
	}
	const client = clientOn(await secure(gateway));
	client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
	expect((await client.response()).status).toBe(401);
	expect(gateway.decided.at(-1)?.clientCertificate).toBeUndefined();
});

/** An origin over TLS that notes the server names it was asked for and answers with the Host it got. */
async function secureUpstream(): Promise<{
	port: number;
	names: string[];
	requests: () => number;
	connections: () => number;
}> {
	const names: string[] = [];
	let requests = 0;
	let connections = 0;
	const server = createServer({
		cert: own.certificate,
		key: own.key,
		SNICallback: (name, done) => {
			names.push(name);
			done(null);
		},
	});
	server.on('request', (request, response) => {
		requests += 1;
		response.end(request.headers.host);
	});
	server.on('upgrade', (_, socket) => {
		requests += 1;
		socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
	});
	server.on('tlsClientError', () => undefined);
	server.on('connection', (socket: Socket) => {
		connections += 1;
		socket.on('error', () => undefined);
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const address = server.address();
	return {
		port: typeof address === 'object' && address !== null ? address.port : 0,
		names,
		requests: () => requests,
		connections: () => connections,
	};
}

const upgrade = 'Connection: Upgrade\r\nUpgrade: echo\r\n';

test('an upstream whose certificate nobody vouches for is not asked', async () => {
	const upstream = await secureUpstream();
	const gateway = await testEngine({ decide: forwardTo(`https://localhost:${upstream.port}`) });
	for (const lines of ['', upgrade]) {
		const answer = await exchange(gateway.url, `GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n`);
		expect(answer.headers.get('x-reason')).toBe('upstream_unreachable');
	}
	expect(upstream.requests()).toBe(0);
	expect(gateway.outcomes.map((each) => String(each.cause).includes('self-signed certificate'))).toEqual([true, true]);
});

test('an upstream over TLS is verified by the endpoint’s own name, never by the client’s Host', async () => {
	const before = getCACertificates('default');
	setDefaultCACertificates([own.certificate]);
	onTestFinished(() => setDefaultCACertificates(before));
	for (const [host, names] of [
		['localhost', ['localhost']],
		['127.0.0.1', []],
	] as const) {
		const upstream = await secureUpstream();
		const decide = forwardTo(`https://${host}:${upstream.port}`, { upstream: { preserveHost: true } });
		const gateway = await testEngine({ decide });
		const client = await rawClient(gateway.url);
		for (const name of ['a.example', 'b.example']) {
			client.send(`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`);
			expect((await client.response()).body).toBe(name);
		}
		client.send(`GET / HTTP/1.1\r\nHost: a.example\r\n${upgrade}\r\n`);
		expect((await client.response()).status).toBe(101);
		client.destroy();
		// A resumed session does not ask for its name again.
		expect(upstream.names).toEqual(names);
		// One connection of the pool for both hosts, and one for the upgrade.
		expect(upstream.connections()).toBe(2);
	}
});

test('a renewed certificate is for connections from now on; those that are open stay', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine: { listeners: [listener()] } });
	const before = clientOn(await secure(gateway));
	const next = selfSigned({ commonName: 'next' });
	gateway.engine.renewCertificates([listener({ certificate: next.certificate, key: next.key })]);
	await expect(secure(gateway)).rejects.toThrow('self-signed');
	const after = clientOn(await secure(gateway, { ca: next.certificate }));
	for (const client of [before, after]) {
		client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
		expect((await client.response()).status).toBe(200);
	}
	expect(() => gateway.engine.renewCertificates([listener({ certificate: next.certificate })])).toThrow('mismatch');
	clientOn(await secure(gateway, { ca: next.certificate }));
	gateway.engine.renewCertificates([
		{ ...listener(), port: 1 },
		{ ...listener(), tls: undefined },
	]);
	clientOn(await secure(gateway, { ca: next.certificate }));
});

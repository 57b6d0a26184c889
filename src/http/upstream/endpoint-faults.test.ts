/** Endpoints that die, hang, move and come back, under requests: what is lost, what is sent twice, what stays open. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createRawServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import type { Upstream } from '#core/index';
import { upstream } from '../../../test/support/definition.ts';
import { exchange, rawClient } from '../../../test/support/raw-client.ts';
import { rawUpstream, recordingUpstream } from '../../../test/support/recording-upstream.ts';
import { selfSigned } from '../../../test/support/self-signed.ts';
import { forwardTo, type TestEngine, testEngine } from '../../../test/support/test-engine.ts';

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

/** Counts requests by their target, on a port that it can leave and come back to. */
class Backend {
	readonly seen = new Map<string, number>();
	port = 0;
	/** Milliseconds to an answer. */
	delay = 0;
	/** After how many requests a connection is closed, with or without warning. */
	closesAfter: () => number = () => Number.POSITIVE_INFINITY;
	readonly #sockets = new Set<Socket>();
	#server: Server | undefined;

	async start(): Promise<this> {
		const server = createServer({ keepAliveTimeout: 60_000 });
		server.on('request', (request, response) => this.#answer(request, response));
		server.on('connection', (socket: Socket) => {
			this.#sockets.add(socket);
			socket.on('error', () => undefined);
			socket.on('close', () => this.#sockets.delete(socket));
		});
		await new Promise<void>((resolve) => {
			server.listen(this.port, '127.0.0.1', resolve);
		});
		const address = server.address();
		if (typeof address === 'object' && address !== null) this.port = address.port;
		this.#server = server;
		return this;
	}

	/** As `kill -9` would: every connection is reset. */
	async kill(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		if (server === undefined) return;
		const closed = new Promise((resolve) => server.close(resolve));
		for (const socket of this.#sockets) socket.resetAndDestroy();
		await closed;
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	#answer(request: IncomingMessage, response: ServerResponse): void {
		const target = request.url ?? '';
		this.seen.set(target, (this.seen.get(target) ?? 0) + 1);
		const { socket } = request;
		const left = this.closesAfter();
		request.resume().on('end', () => {
			setTimeout(() => {
				response.end('ok', () => {
					if (left === 0) socket.destroySoon();
					else if (left === 1) setImmediate(() => socket.resetAndDestroy());
				});
			}, this.delay);
		});
	}
}

async function backend(): Promise<Backend> {
	const started = await new Backend().start();
	onTestFinished(() => started.kill());
	return started;
}

/** Sends requests one after the other on `clients` connections until told to stop; statuses by target. */
function load(gateway: TestEngine, clients: number, method: 'GET' | 'POST') {
	const statuses = new Map<string, number | string>();
	let stopped = false;
	let count = 0;
	const run = async (): Promise<void> => {
		while (!stopped) {
			const client = await rawClient(gateway.url);
			try {
				while (!stopped) {
					const target = `/${method}/${count++}`;
					statuses.set(target, 'lost');
					const body = method === 'POST' ? 'Content-Length: 2\r\n\r\nab' : '\r\n';
					client.send(`${method} ${target} HTTP/1.1\r\nHost: x\r\n${body}`);
					statuses.set(target, (await client.response()).status);
				}
			} finally {
				client.destroy();
			}
		}
	};
	const running = Promise.all(Array.from({ length: clients }, run));
	return {
		statuses,
		async reached(more: number): Promise<void> {
			const goal = count + more;
			while (count < goal) await new Promise((resolve) => setTimeout(resolve, 2));
		},
		async stop(): Promise<Map<string, number | string>> {
			stopped = true;
			await running;
			return statuses;
		},
	};
}

function openSockets(gateway: TestEngine): number {
	const endpoints = gateway.engine.upstreams().flatMap((state) => state.endpoints);
	return endpoints.reduce((sum, { inFlight, idle }) => sum + inFlight + idle, 0);
}

test('one of two backends killed and restarted under load: no GET fails, no POST is doubled', async () => {
	const one = await backend();
	const two = await backend();
	one.delay = 1;
	two.delay = 1;
	const parts: Partial<Upstream> = { ejection: { failures: 2, statuses: [], time: 60, maxTime: 60 } };
	const gateway = await testEngine({ decide: forwardTo([one.url, two.url], { upstream: parts }) });
	const gets = load(gateway, 6, 'GET');
	const posts = load(gateway, 6, 'POST');
	await gets.reached(100);
	await one.kill();
	await gets.reached(300);
	await one.start();
	const before = one.seen.size;
	while (one.seen.size < before + 50) await gets.reached(20);
	expect(new Set((await gets.stop()).values())).toEqual(new Set([200]));
	const posted = await posts.stop();
	for (const status of new Set(posted.values())) expect([200, 502]).toContain(status);
	for (const target of posted.keys()) {
		expect((one.seen.get(target) ?? 0) + (two.seen.get(target) ?? 0)).toBeLessThanOrEqual(1);
	}
	// Those that were under way to the one that was killed.
	expect([...posted.values()].filter((status) => status === 502).length).toBeLessThanOrEqual(6);
	expect(openSockets(gateway)).toBeLessThanOrEqual(24);
	expect(gateway.engine.upstreams()[0]?.endpoints.map(({ inFlight }) => inFlight)).toEqual([0, 0]);
});

test('the only backend killed and restarted: after its return nothing fails', async () => {
	const only = await backend();
	const gateway = await testEngine({ decide: forwardTo(only.url) });
	const gets = load(gateway, 8, 'GET');
	await gets.reached(100);
	await only.kill();
	await gets.reached(20);
	await only.start();
	const from = gets.statuses.size;
	await gets.reached(200);
	const statuses = [...(await gets.stop()).values()];
	// The eight that were under way when it came back may have been refused still.
	expect(new Set(statuses.slice(from + 8))).toEqual(new Set([200]));
	expect(statuses.filter((status) => status === 'lost')).toEqual([]);
});

test('a backend that closes connections as it likes: no POST is sent twice, every one is answered (M23)', async () => {
	const only = await backend();
	only.closesAfter = () => Math.floor(Math.random() * 4);
	const gateway = await testEngine({ decide: forwardTo(only.url) });
	const posts = load(gateway, 8, 'POST');
	await posts.reached(1_500);
	const statuses = await posts.stop();
	expect([...only.seen.values()].filter((times) => times !== 1)).toEqual([]);
	for (const [target, status] of statuses) {
		expect([200, 502]).toContain(status);
		if (status === 200) expect(only.seen.get(target)).toBe(1);
	}
	expect([...statuses.values()].filter((status) => status === 200).length).toBeGreaterThan(700);
});

test('the same with GET: nothing fails', async () => {
	const only = await backend();
	only.closesAfter = () => Math.floor(Math.random() * 4);
	const gateway = await testEngine({ decide: forwardTo(only.url) });
	const gets = load(gateway, 8, 'GET');
	await gets.reached(1_500);
	expect(new Set((await gets.stop()).values())).toEqual(new Set([200]));
});

test.each([
	['without a body', 'Content-Length: 0\r\n\r\n'],
	['with a body', 'Content-Length: 2\r\n\r\nab'],
	['with a chunked body', 'Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n'],
	['with a large body', `Content-Length: 20000\r\n\r\n${'a'.repeat(20_000)}`],
])('a POST %s whose connection turns out dead before a byte was taken is sent on another one', async (_, rest) => {
	const sockets: Socket[] = [];
	const origin = await rawUpstream((__, socket) => {
		sockets.push(socket);
		return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
	});
	let gate: (() => void) | undefined;
	const gateway = await testEngine({
		decide: (request) => {
			// The reset is in the kernel before the request is forwarded; this process has not read it yet.
			gate?.();
			return forwardTo(origin.url)(request);
		},
	});
	const client = await rawClient(gateway.url);
	const post = `POST / HTTP/1.1\r\nHost: x\r\n${rest}`;
	client.send(post);
	expect((await client.response()).status).toBe(200);
	gate = () => {
		gate = undefined;
		sockets[0]?.resetAndDestroy();
	};
	client.send(post);
	expect((await client.response()).status).toBe(200);
	const body = rest.slice(rest.indexOf('\r\n\r\n') + 4);
	while (origin.received[1]?.endsWith(body) !== true) await new Promise((resolve) => setTimeout(resolve, 2));
	expect(origin.received).toHaveLength(2);
	client.destroy();
});

test('half-open: a pooled connection whose peer is gone without a word costs one time-out, and is dropped', async () => {
	let isMute = false;
	const origin = await rawUpstream(() => (isMute ? undefined : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
	const gateway = await testEngine({
		decide: (request) => forwardTo(origin.url, { upstream: { timeout: isMute ? 50 : 10_000 } })(request),
	});
	expect((await exchange(gateway.url, get)).status).toBe(200);
	isMute = true;
	const answer = await exchange(gateway.url, get);
	expect([answer.status, answer.headers.get('x-reason')]).toEqual([504, 'upstream_timeout']);
	expect(openSockets(gateway)).toBe(0);
	isMute = false;
	expect((await exchange(gateway.url, get)).status).toBe(200);
	expect(origin.received).toHaveLength(2);
});

test('one of two accepts and never answers: after a few time-outs it gets no more', async () => {
	const mute = await rawUpstream(() => undefined);
	const good = await recordingUpstream();
	const parts = { timeout: 500, ejection: { failures: 2, statuses: [], time: 60_000, maxTime: 60_000 } };
	const gateway = await testEngine({ decide: forwardTo([mute.url, good.url], { upstream: parts }) });
	const statuses: number[] = [];
	for (let count = 0; count < 12; count++) statuses.push((await exchange(gateway.url, get)).status);
	expect(statuses.filter((status) => status === 504)).toHaveLength(2);
	expect(gateway.engine.upstreams()[0]?.endpoints.map(({ state }) => state)).toEqual(['ejected', 'available']);
	expect(gateway.logged).toEqual(['an upstream endpoint is left out for a while']);
});

test('statuses that are named count as failures, and are passed on', async () => {
	const failing = await recordingUpstream({
		answer: (_, response) => {
			response.statusCode = 503;
			response.end();
		},
	});
	const good = await recordingUpstream();
	const ejection = { failures: 3, statuses: [503], time: 60_000, maxTime: 60_000 };
	const gateway = await testEngine({ decide: forwardTo([failing.url, good.url], { upstream: { ejection } }) });
	for (let count = 0; count < 12; count++) await exchange(gateway.url, get);
	expect([failing.requests.length, good.requests.length]).toEqual([3, 9]);
});

test('with every endpoint ejected they are asked all the same', async () => {
	const one = await backend();
	const two = await backend();
	const ejection = { failures: 1, statuses: [], time: 60_000, maxTime: 60_000 };
	const gateway = await testEngine({ decide: forwardTo([one.url, two.url], { upstream: { ejection } }) });
	await one.kill();
	await two.kill();
	expect((await exchange(gateway.url, get)).headers.get('x-reason')).toBe('upstream_unreachable');
	await two.start();
	expect((await exchange(gateway.url, get)).status).toBe(200);
	expect(gateway.engine.upstreams()[0]?.endpoints.map(({ state }) => state)).toEqual(['ejected', 'available']);
});

/** One origin for each address, all on the same port. */
async function originsAt(addresses: readonly string[]): Promise<{ port: number; names: string[] }> {
	const names: string[] = [];
	let port = 0;
	for (const address of addresses) {
		const server = createRawServer((socket) => {
			socket.on('error', () => undefined);
			socket.on('data', () => {
				names.push(address);
				socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
			});
		});
		await new Promise<void>((resolve) => {
			server.listen(port, address, resolve);
		});
		onTestFinished(() => void server.close());
		const bound = server.address();
		if (typeof bound === 'object' && bound !== null) port = bound.port;
	}
	return { port, names };
}

test('a name that moves is followed, although its connections are in use all the time', async () => {
	const origins = await originsAt(['127.0.0.1', '127.0.0.2']);
	let current = '127.0.0.1';
	const lookup = async () => [{ address: current, family: 4 }];
	const pool = { ...upstream({}).pool, resolveAfter: 20 };
	const decide = forwardTo(`http://api.test:${origins.port}`, { upstream: { pool } });
	const gateway = await testEngine({ decide, engine: { lookup } });
	const client = await rawClient(gateway.url);
	const ask = async (): Promise<void> => {
		client.send(get);
		expect((await client.response()).status).toBe(200);
	};
	for (let count = 0; count < 5; count++) await ask();
	expect(new Set(origins.names)).toEqual(new Set(['127.0.0.1']));
	current = '127.0.0.2';
	while (origins.names.at(-1) !== '127.0.0.2') {
		await ask();
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
	for (let count = 0; count < 5; count++) await ask();
	expect(origins.names.slice(-6)).toEqual(Array(6).fill('127.0.0.2'));
	expect(openSockets(gateway)).toBe(1);
	client.destroy();
});

test('both families are tried, and new connections are spread over a name’s addresses', async () => {
	const origins = await originsAt(['127.0.0.1', '127.0.0.2']);
	const lookup = async () => [
		// RFC 6666: nothing is there, ever.
		{ address: '100::1', family: 6 },
		{ address: '127.0.0.1', family: 4 },
		{ address: '127.0.0.2', family: 4 },
	];
	const pool = { ...upstream({}).pool, maxIdle: 0 };
	const decide = forwardTo(`http://api.test:${origins.port}`, { upstream: { pool } });
	const gateway = await testEngine({ decide, engine: { lookup } });
	for (let count = 0; count < 4; count++) expect((await exchange(gateway.url, get)).status).toBe(200);
	expect(origins.names.toSorted()).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.2']);
});

test('TLS as configured: authority, name and certificate of ours, and no way around them', async () => {
	const own = selfSigned();
	const ours = selfSigned({ commonName: 'gateway' });
	const asked: (string | false)[] = [];
	const server = createTlsServer(
		{ cert: own.certificate, key: own.key, ca: ours.certificate, requestCert: true, rejectUnauthorized: true },
		(socket) => {
			asked.push('servername' in socket && typeof socket.servername === 'string' ? socket.servername : false);
			socket.on('error', () => undefined);
			socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
		},
	);
	server.on('tlsClientError', () => undefined);
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => void server.close());
	const address = server.address();
	const port = typeof address === 'object' && address !== null ? address.port : 0;
	const good = {
		ca: own.certificate,
		serverName: 'localhost',
		certificate: ours.certificate,
		key: ours.key,
	};
	const stranger = selfSigned();
	const reasons: (string | undefined)[] = [];
	for (const [host, tls] of [
		['api.test', good],
		['api.test', { ...good, serverName: undefined }],
		['api.test', { ...good, ca: undefined }],
		['api.test', { ...good, ca: stranger.certificate }],
		['api.test', { ...good, certificate: undefined, key: undefined }],
		['api.test', { ...good, certificate: stranger.certificate, key: stranger.key }],
	] as const) {
		const gateway = await testEngine({
			decide: forwardTo(`https://${host}:${port}`, { upstream: { tls } }),
			engine: { lookup: async () => [{ address: '127.0.0.1', family: 4 }] },
		});
		reasons.push((await exchange(gateway.url, get)).headers.get('x-reason'));
	}
	expect(reasons.slice(0, 4)).toEqual([
		undefined,
		'upstream_unreachable',
		'upstream_unreachable',
		'upstream_unreachable',
	]);
	// In TLS 1.3 the server refuses a certificate after the client's handshake is over.
	for (const reason of reasons.slice(4)) expect(reason).toMatch(/^upstream_(?:unreachable|invalid_response)$/);
	expect(asked).toEqual(['localhost']);
});

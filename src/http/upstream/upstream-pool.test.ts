/** Bounds of a pool over real sockets: what waits, what is refused, what stays open, and what a reload closes. */
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { PoolSettings } from '#core/index';
import { upstream } from '../../../test/support/definition.ts';
import { exchange, type RawClient, rawClient } from '../../../test/support/raw-client.ts';
import { rawUpstream, recordingUpstream } from '../../../test/support/recording-upstream.ts';
import { forwardTo, type TestEngine, testEngine } from '../../../test/support/test-engine.ts';
import type { Sweep } from '../sweep.ts';
import { type Applicant, UpstreamPool } from './upstream-pool.ts';

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const defaults = upstream({}).pool;

function pool(parts: Partial<PoolSettings>): { readonly upstream: { readonly pool: PoolSettings } } {
	return { upstream: { pool: { ...defaults, ...parts } } };
}

/** An upstream that answers when the test says so. */
async function heldUpstream() {
	const held: ServerResponse[] = [];
	const origin = await recordingUpstream({ answer: (_, response) => void held.push(response) });
	return {
		origin,
		held,
		answer(index: number) {
			const response = held[index];
			if (response === undefined) throw new Error(`request ${index} has not arrived`);
			response.end('answered');
		},
	};
}

async function until(reached: () => boolean): Promise<void> {
	while (!reached()) await new Promise((resolve) => setTimeout(resolve, 2));
}

function waiting(gateway: TestEngine): number {
	return gateway.engine.upstreams().reduce((sum, state) => sum + state.waiting, 0);
}

function open(gateway: TestEngine): { inFlight: number; idle: number } {
	const endpoints = gateway.engine.upstreams().flatMap((state) => state.endpoints);
	return {
		inFlight: endpoints.reduce((sum, { inFlight }) => sum + inFlight, 0),
		idle: endpoints.reduce((sum, { idle }) => sum + idle, 0),
	};
}

async function asking(gateway: TestEngine, bytes = get): Promise<RawClient> {
	const client = await rawClient(gateway.url);
	onTestFinished(() => client.destroy());
	client.send(bytes);
	return client;
}

test('a request beyond the connections waits for the next one that is free, in order', async () => {
	const { origin, answer } = await heldUpstream();
	const gateway = await testEngine({ decide: forwardTo(origin.url, pool({ maxConnections: 1 })) });
	const clients: RawClient[] = [];
	for (const name of ['a', 'b', 'c']) {
		clients.push(await asking(gateway, `POST /${name} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n${name}`));
		await until(() => waiting(gateway) === Math.max(0, clients.length - 1));
	}
	await origin.arrived(1);
	for (const [index, client] of clients.entries()) {
		await origin.arrived(index + 1);
		answer(index);
		expect((await client.response()).body).toBe('answered');
	}
	expect(origin.requests.map(({ target, body }) => target + body)).toEqual(['/aa', '/bb', '/cc']);
	expect(origin.connections).toBe(1);
	expect([waiting(gateway), open(gateway)]).toEqual([0, { inFlight: 0, idle: 1 }]);
});

test('a connection that breaks makes room as well', async () => {
	const { origin, held } = await heldUpstream();
	const gateway = await testEngine({ decide: forwardTo(origin.url, pool({ maxConnections: 1 })) });
	const first = await asking(gateway, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
	await origin.arrived(1);
	await asking(gateway);
	await until(() => waiting(gateway) === 1);
	held[0]?.destroy();
	expect((await first.response()).headers.get('x-reason')).toBe('upstream_unreachable');
	await origin.arrived(2);
});

test('beyond the queue, and beyond its time, requests are refused as overloaded and reach nobody', async () => {
	const { origin, answer } = await heldUpstream();
	const settings = pool({ maxConnections: 1, maxWaiting: 1, waitTimeout: 60 });
	const gateway = await testEngine({ decide: forwardTo(origin.url, settings) });
	const first = await asking(gateway);
	await origin.arrived(1);
	const second = await asking(gateway);
	await until(() => waiting(gateway) === 1);
	const third = await exchange(gateway.url, get);
	expect([third.status, third.headers.get('x-reason')]).toEqual([503, 'overloaded']);
	const late = await second.response();
	expect([late.status, late.headers.get('x-reason')]).toEqual([503, 'overloaded']);
	answer(0);
	expect((await first.response()).status).toBe(200);
	second.send(get);
	await origin.arrived(2);
	answer(1);
	expect((await second.response()).status).toBe(200);
	expect(origin.requests).toHaveLength(2);
	expect(gateway.engine.upstreams()[0]?.counts.refused).toBe(2);
});

test('the breaker counts requests over all endpoints', async () => {
	const one = await heldUpstream();
	const two = await heldUpstream();
	const settings = pool({ maxRequests: 2 });
	const gateway = await testEngine({ decide: forwardTo([one.origin.url, two.origin.url], settings) });
	const clients = [await asking(gateway), await asking(gateway)];
	await one.origin.arrived(1);
	await two.origin.arrived(1);
	expect((await exchange(gateway.url, get)).headers.get('x-reason')).toBe('overloaded');
	one.answer(0);
	two.answer(0);
	for (const client of clients) expect((await client.response()).status).toBe(200);
});

test('a client that leaves gives up its place in the queue', async () => {
	const { origin, answer } = await heldUpstream();
	const gateway = await testEngine({ decide: forwardTo(origin.url, pool({ maxConnections: 1 })) });
	const first = await asking(gateway);
	await origin.arrived(1);
	const second = await asking(gateway);
	await until(() => waiting(gateway) === 1);
	second.destroy();
	await until(() => waiting(gateway) === 0);
	answer(0);
	await first.response();
	await gateway.ended(2);
	expect(origin.requests).toHaveLength(1);
});

test('a tunnel takes up a connection until it is closed', async () => {
	const origin = await recordingUpstream({
		upgrade: (_, socket) =>
			void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n'),
	});
	const settings = pool({ maxConnections: 1, maxWaiting: 0 });
	const gateway = await testEngine({ decide: forwardTo(origin.url, settings) });
	const tunnel = await asking(gateway, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
	expect((await tunnel.response()).status).toBe(101);
	expect(open(gateway)).toEqual({ inFlight: 1, idle: 0 });
	expect((await exchange(gateway.url, get)).headers.get('x-reason')).toBe('overloaded');
	tunnel.destroy();
	await until(() => open(gateway).inFlight === 0);
	expect((await exchange(gateway.url, get)).status).toBe(200);
});

test('an upgrade makes room for itself: an idle connection cannot become a tunnel', async () => {
	const origin = await recordingUpstream({
		upgrade: (_, socket) =>
			void socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n'),
	});
	const gateway = await testEngine({ decide: forwardTo(origin.url, pool({ maxConnections: 1, maxWaiting: 0 })) });
	expect((await exchange(gateway.url, get)).status).toBe(200);
	const tunnel = await asking(gateway, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
	expect((await tunnel.response()).status).toBe(101);
	expect(origin.connections).toBe(2);
});

test('no more idle connections are kept than allowed, and none for longer', async () => {
	const sockets: Socket[] = [];
	const origin = await rawUpstream((_, socket) => {
		sockets.push(socket);
		return undefined;
	});
	const settings = pool({ maxIdle: 1, idleTimeout: 400 });
	const gateway = await testEngine({ decide: forwardTo(origin.url, settings) });
	const clients = [await asking(gateway), await asking(gateway), await asking(gateway)];
	await until(() => sockets.length === 3);
	expect(open(gateway)).toEqual({ inFlight: 3, idle: 0 });
	for (const socket of sockets) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
	for (const client of clients) await client.response();
	expect(open(gateway)).toEqual({ inFlight: 0, idle: 1 });
	await until(() => open(gateway).idle === 0 && sockets.every(({ closed }) => closed));
});

test.each([
	['says nothing', '', 2],
	['keeps it for long', 'Keep-Alive: timeout=30\r\n', 1],
	['closes it at once', 'Keep-Alive: timeout=1\r\n', 2],
])('an upstream that %s', async (_, line, connections) => {
	const answer = `HTTP/1.1 200 OK\r\n${line}Content-Length: 2\r\n\r\nok`;
	const origin = await rawUpstream(() => answer);
	const gateway = await testEngine({ decide: forwardTo(origin.url, pool({ idleTimeout: 40 })) });
	expect((await exchange(gateway.url, get)).body).toBe('ok');
	await new Promise((resolve) => setTimeout(resolve, 120));
	expect((await exchange(gateway.url, get)).body).toBe('ok');
	expect(origin.received).toHaveLength(connections);
});

test('the endpoint with the fewest requests gets the next one', async () => {
	const slow = await heldUpstream();
	const quick = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo([slow.origin.url, quick.url]) });
	await asking(gateway);
	await slow.origin.arrived(1);
	for (let count = 0; count < 20; count++) expect((await exchange(gateway.url, get)).status).toBe(200);
	expect([slow.held.length, quick.requests.length]).toEqual([1, 20]);
});

test('an upstream that stops in the middle of a body does not hold its client for ever', async () => {
	let times = 0;
	const origin = await rawUpstream(() => {
		times += 1;
		return times === 1 ? 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf' : undefined;
	});
	const gateway = await testEngine({ decide: forwardTo(origin.url, { upstream: { bodyTimeout: 50 } }) });
	const client = await asking(gateway);
	await expect(client.response()).rejects.toThrow('ended');
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 200, reason: 'upstream_timeout' });
	expect(open(gateway)).toEqual({ inFlight: 0, idle: 0 });
});

test('over a reload an unchanged upstream keeps its connections, one that is gone closes those nobody uses', async () => {
	const stays = await recordingUpstream();
	const goes = await heldUpstream();
	const [kept, gone] = [upstream({ endpoints: [stays.url] }), upstream({ endpoints: [goes.origin.url] })];
	const gateway = await testEngine({
		decide: (request) => {
			const chosen = request.target === '/stays' ? { ...kept } : gone;
			return forwardTo(chosen.endpoints, { upstream: chosen })(request);
		},
	});
	gateway.engine.followUpstreams([kept, gone]);
	const client = await asking(gateway, 'GET /stays HTTP/1.1\r\nHost: x\r\n\r\n');
	await client.response();
	const [first, second] = [await asking(gateway), await asking(gateway)];
	await goes.origin.arrived(2);
	goes.answer(0);
	await first.response();
	expect(open(gateway)).toEqual({ inFlight: 1, idle: 2 });

	gateway.engine.followUpstreams([{ ...kept, timeout: 1 }]);
	expect(open(gateway)).toEqual({ inFlight: 1, idle: 1 });
	client.send('GET /stays HTTP/1.1\r\nHost: x\r\n\r\n');
	await client.response();
	expect(stays.connections).toBe(1);
	goes.answer(1);
	expect((await second.response()).body).toBe('answered');
	expect(open(gateway)).toEqual({ inFlight: 0, idle: 1 });
	// Decided before the reload, forwarded behind it.
	const late = await asking(gateway);
	await goes.origin.arrived(3);
	goes.answer(2);
	await late.response();
	expect(open(gateway)).toEqual({ inFlight: 0, idle: 1 });
	expect(gateway.engine.upstreams()).toHaveLength(1);
});

test('reload after reload, nothing piles up', async () => {
	const origin = await recordingUpstream();
	let current = upstream({ endpoints: [origin.url] });
	const gateway = await testEngine({
		decide: (request) => forwardTo(origin.url, { upstream: current })(request),
	});
	const client = await rawClient(gateway.url);
	onTestFinished(() => client.destroy());
	for (let count = 0; count < 50; count++) {
		current = upstream({ endpoints: [origin.url], connectTimeout: 1_000 + count, name: `u${count}` });
		gateway.engine.followUpstreams([current]);
		client.send(get);
		expect((await client.response()).status).toBe(200);
	}
	expect(gateway.engine.upstreams().map(({ name }) => name)).toEqual(['u49']);
	expect(open(gateway)).toEqual({ inFlight: 0, idle: 1 });
});

test('a request that waits gets no more time by turns of others that leave it nothing', async () => {
	const server = createServer();
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const { port } = server.address() as AddressInfo;
	const sweep = { now: 0, tick: () => sweep.now, add() {}, remove() {}, in: (ms: number) => sweep.now + ms };
	const settings = upstream({
		endpoints: [`http://127.0.0.1:${port}`, `http://localhost:${port}`],
		pool: { ...defaults, maxConnections: 1, waitTimeout: 100 },
	});
	const tested = new UpstreamPool(
		{ ...settings, ejection: { ...settings.ejection, failures: 1 } },
		{ refused: 0, repeated: 0 },
		{
			sweep: sweep as unknown as Sweep,
			lookup: async () => [{ address: '127.0.0.1', family: 4 }],
			log: { info() {}, warn() {}, error() {} },
		},
	);
	onTestFinished(() => {
		tested.destroy();
		server.close();
	});
	const events: string[] = [];
	const leases = new Map<string, ReturnType<UpstreamPool['lease']>>();
	const ask = (name: string): void => {
		const applicant: Applicant = {
			turnCame() {
				events.push(`${name}: its turn`);
				leases.set(name, tested.lease(applicant));
			},
			waitedInVain: () => void events.push(`${name}: in vain`),
			connected() {},
			arrived() {},
			drained() {},
			late() {},
			ended() {},
			lost() {},
		};
		leases.set(name, tested.lease(applicant));
	};
	const release = (name: string, failed = false): void => {
		const lease = leases.get(name);
		if (typeof lease !== 'object') throw new Error(`${name} has no connection`);
		if (failed) lease.shelf.failed('as the test wants it');
		lease.destroy();
	};
	// The first endpoint is left out, and has room; the second one is in use.
	ask('a');
	release('a', true);
	for (const name of ['b', 'c', 'd']) ask(name);
	expect([leases.get('c'), leases.get('d')]).toEqual(['waiting', 'waiting']);
	sweep.now = 60;
	release('b');
	sweep.now = 110;
	tested.expired();
	expect(events).toEqual(['c: its turn', 'd: in vain']);
});

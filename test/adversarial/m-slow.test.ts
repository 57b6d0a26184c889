/** Group M: clients and upstreams that take their time (M18, M21): bounded, and nobody else waits for them. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { requestBytes } from '../support/guarded-gateway.ts';
import { exchange, type RawClient, rawClient } from '../support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from '../support/recording-upstream.ts';

const piece = Buffer.alloc(64 * 1024, 'a');
const pieces = 512;
let upstream: RecordingUpstream;
let gateway: TestGateway;

beforeAll(async () => {
	upstream = await recordingUpstream({
		closedBy: 'caller',
		keepBody: false,
		upgrade: (_, socket) => {
			socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
		},
		answer(request, response) {
			if (request.url === '/large') {
				response.writeHead(200, { 'content-length': piece.length * pieces });
				let left = pieces;
				const more = (): void => {
					while (left > 0) {
						left -= 1;
						if (!response.write(piece) && left > 0) {
							response.once('drain', more);
							return;
						}
					}
					response.end();
				};
				more();
			} else request.on('end', () => response.end('whole'));
		},
	});
	gateway = await startTestGateway({
		timeouts: { request_head: '400ms', request_body: '400ms', keep_alive: '400ms', tunnel_idle: '400ms' },
		routes: [{ name: 'open', path: '/**', public: true, upstream: upstream.url }],
	});
});

afterAll(async () => {
	await gateway.stop();
	await upstream.close();
});

const upload = (size: number, target = '/'): string =>
	requestBytes({ method: 'POST', target, headers: [['Content-Length', String(size)]] });

/** Slow in its own way: `start` is sent at once, then a `drip` again and again; without one, nothing, and nothing is read. */
interface Slow {
	readonly start: string;
	readonly drip?: string;
	readonly isDeaf?: boolean;
}

const ways: Readonly<Record<string, Slow>> = {
	'no request': { start: '' },
	'slow headers': { start: 'GET / HTTP/1.1\r\nHost: api.example.com\r\n', drip: 'X-A: b\r\n' },
	'line ends only': { start: '\r\n', drip: '\r\n' },
	'a body that stops': { start: `${upload(1_000)}some` },
	'a head that waits for its body': { start: upload(1_000) },
	'slow read': { start: requestBytes({ target: '/large' }), isDeaf: true },
	'slow read of many pipelined responses': { start: requestBytes({ target: '/large' }).repeat(20), isDeaf: true },
	'an idle WebSocket': {
		start: requestBytes({
			headers: [
				['Connection', 'Upgrade'],
				['Upgrade', 'websocket'],
			],
		}),
	},
	'an idle connection behind a response': { start: requestBytes() },
};

async function slowly({ start, drip, isDeaf }: Slow): Promise<RawClient> {
	const client = await rawClient(gateway.url);
	if (isDeaf === true) client.socket.pause();
	client.send(start);
	const timer = setInterval(() => {
		if (drip !== undefined && client.socket.writable) client.send(drip);
	}, 50);
	client.socket.once('close', () => clearInterval(timer));
	return client;
}

test.each(Object.entries(ways))('M18: %s ends in time, and other clients are served meanwhile', async (_, way) => {
	const slow = await Promise.all(Array.from({ length: 20 }, () => slowly(way)));
	for (let round = 0; round < 20; round++) {
		expect((await exchange(gateway.url, requestBytes())).body).toBe('whole');
	}
	// A socket that is not read does not hear that it was ended: it is told by the upstream and by what is left of it.
	if (way.isDeaf === true) await new Promise((resolve) => setTimeout(resolve, 1_500));
	for (const client of slow) client.socket.resume();
	await Promise.all(slow.map((client) => client.closed()));
	const whole = piece.length * pieces;
	if (way.isDeaf === true) for (const client of slow) expect(client.received().length).toBeLessThan(whole);
	const plain = upstream.requests.filter((request) => request.values('upgrade').length === 0);
	await expect.poll(() => plain.some(({ aborted, ended }) => !aborted && !ended)).toBe(false);
});

test('M21: 64 MiB each way at once, whole, through a gateway that holds a small part of it', async () => {
	const size = 64 * 1024 * 1024;
	const before = upstream.requests.length;
	// Nobody is slow here on purpose: the time-outs are the usual ones.
	const patient = await startTestGateway({
		routes: [{ name: 'open', path: '/**', public: true, upstream: upstream.url }],
	});
	onTestFinished(() => patient.stop());
	const up = await rawClient(patient.url);
	const down = await rawClient(patient.url);
	let received = 0;
	down.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
		received += chunk.length;
	});
	down.send(requestBytes({ target: '/large' }) + requestBytes({ target: '/large' }));
	up.send(upload(size));
	for (let sent = 0; sent < size; sent += piece.length) {
		if (!up.socket.write(piece)) await new Promise((resolve) => up.socket.once('drain', resolve));
	}
	expect((await up.response()).body).toBe('whole');
	await expect.poll(() => received, { timeout: 10_000 }).toBeGreaterThan(size);
	const sizes = upstream.requests.slice(before).map(({ bytes }) => bytes);
	expect(sizes.toSorted((a, b) => a - b)).toEqual([0, 0, size]);
	up.destroy();
	down.destroy();
});

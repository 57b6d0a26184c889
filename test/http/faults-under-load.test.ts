/**
 * Everything at once: clients that half close, break off, reset or read slowly, an upstream whose connections die, and good
 * clients between them. The good ones get their own answers, every decision ends once, and all sockets come back.
 */
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { rawClient } from '../support/raw-client.ts';
import { recordingUpstream } from '../support/recording-upstream.ts';
import { forwardTo, testEngine } from '../support/test-engine.ts';

const piece = Buffer.alloc(64 * 1024, 'a');
const large = 128 * piece.length;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
const head = (method: string, path: string, lines = ''): string =>
	`${method} ${path} HTTP/1.1\r\nHost: x\r\n${lines}\r\n`;

type Fault = (socket: Socket) => Promise<void>;

async function paused(socket: Socket, bytes: string): Promise<void> {
	socket.pause();
	socket.write(bytes);
	await pause(60);
}

const faults: Readonly<Record<string, Fault>> = {
	'half closed within a head': async (socket) => void socket.end(head('GET', '/a').slice(0, -6)),
	'half closed behind a request that waits': async (socket) => void socket.end(head('GET', '/silent')),
	'half closed within a body': async (socket) => void socket.end(`${head('POST', '/a', 'Content-Length: 9\r\n')}some`),
	'gone within a body': async (socket) => {
		socket.write(`${head('POST', '/a', 'Content-Length: 99999999\r\n')}some`);
		for (let count = 0; count < 20; count++) socket.write(piece);
		await pause(20);
		socket.destroy();
	},
	'reset within a chunked body': async (socket) => {
		socket.write(`${head('POST', '/a', 'Transfer-Encoding: chunked\r\n')}5\r\nhello\r\n`);
		await pause(20);
		socket.resetAndDestroy();
	},
	'reads nothing and goes': async (socket) => {
		await paused(socket, head('GET', '/large'));
		socket.destroy();
	},
	'reads nothing and resets': async (socket) => {
		await paused(socket, head('GET', '/large').repeat(3));
		socket.resetAndDestroy();
	},
	'reads late, and all of it': async (socket) => {
		let received = 0;
		socket.on('data', (chunk: Buffer) => {
			received += chunk.length;
		});
		await paused(socket, head('GET', '/large', 'Connection: close\r\n'));
		const ended = new Promise((resolve) => socket.once('close', resolve));
		socket.resume();
		await ended;
		expect(received).toBeGreaterThan(large);
	},
	'its upstream connection dies': async (socket) => {
		socket.write(head('GET', '/die'));
		await pause(20);
		socket.destroy();
	},
	'its upstream connection dies within the body': async (socket) => {
		socket.write(`${head('POST', '/die', 'Content-Length: 9999999\r\n')}some`);
		await pause(20);
		socket.destroy();
	},
};

test('faults under load: good clients are served, every decision ends once, all sockets come back', {
	timeout: 60_000,
}, async () => {
	const before = sockets();
	const upstream = await recordingUpstream({
		keepBody: false,
		answer(request, response) {
			// Said by itself, it comes without a time, and the connection is kept for the engine's own four seconds.
			response.setHeader('Connection', 'keep-alive');
			if (request.url === '/silent') return;
			if (request.url === '/die') request.socket.destroy();
			else if (request.url === '/large') {
				response.writeHead(200, { 'content-length': large });
				for (let sent = 0; sent < large; sent += piece.length) response.write(piece);
				response.end();
			} else request.on('end', () => response.end(request.url));
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const port = Number(new URL(gateway.url).port);
	const fault = async (one: Fault): Promise<void> => {
		const socket = connect({ host: '127.0.0.1', port });
		socket.on('error', () => undefined).resume();
		await new Promise((resolve) => socket.once('connect', resolve));
		await one(socket);
		if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
	};
	const good = async (name: string): Promise<void> => {
		const client = await rawClient(gateway.url);
		for (let count = 0; count < 40; count++) {
			client.send(head('GET', `/${name}/${count}`));
			expect((await client.response()).body).toBe(`/${name}/${count}`);
		}
		client.destroy();
	};
	for (let round = 0; round < 3; round++) {
		const all = Object.values(faults).flatMap((one) => Array.from({ length: 6 }, () => fault(one)));
		await Promise.all([...all, ...Array.from({ length: 8 }, (_, index) => good(`good-${round}-${index}`))]);
	}
	// Refusals of what was no request have an end and no decision.
	const decidedEnds = (): number => gateway.outcomes.filter((outcome) => outcome.record !== undefined).length;
	await expect.poll(decidedEnds, { timeout: 10_000 }).toBe(gateway.decided.length);
	await expect.poll(sockets, { timeout: 10_000 }).toBe(before);
	expect(gateway.logged).toEqual([]);
});

/**
 * Bodies that pass at the same time stay apart, byte for byte, however slowly either side reads: each connection sends
 * content of its own through an echo and compares what comes back.
 */
import { createHash } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { upstream as upstreamOf } from '../../test/support/definition.ts';
import { rawClient } from '../../test/support/raw-client.ts';
import { recordingUpstream } from '../../test/support/recording-upstream.ts';
import { forwardTo, testEngine } from '../../test/support/test-engine.ts';
import type { Lookup } from './upstream/addresses.ts';

const size = 3 * 1024 * 1024;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Content that no other number has at any place. */
function content(number: number): Buffer {
	const bytes = Buffer.alloc(size);
	for (let at = 0; at < size; at += 4) bytes.writeUInt32LE((at * 64 + number) >>> 0, at);
	return bytes;
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function listening(server: Server): Promise<string> {
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => void server.close());
	const address = server.address();
	if (typeof address !== 'object' || address === null) throw new Error('no address');
	return `http://127.0.0.1:${address.port}`;
}

/** Sends the body back as it comes, with rests in between; `framing` of its own response. */
function echo(framing: 'chunked' | 'counted'): Promise<string> {
	const server = createHttpServer((request, response) => {
		if (framing === 'counted') response.setHeader('Content-Length', size);
		let count = 0;
		request.on('data', (chunk: Buffer) => {
			count += 1;
			const isTaken = response.write(Buffer.from(chunk));
			if (isTaken && count % 7 !== 0) return;
			request.pause();
			if (isTaken) setTimeout(() => request.resume(), count % 3);
			else response.once('drain', () => request.resume());
		});
		request.on('end', () => response.end());
	});
	onTestFinished(() => server.closeAllConnections());
	return listening(server);
}

/** Echoes one counted body on a connection that ends with it. */
function echoUntilClose(): Promise<string> {
	return listening(
		createTcpServer((socket) => {
			let left: number | undefined;
			socket.on('error', () => undefined);
			socket.on('data', (chunk: Buffer) => {
				let piece = chunk;
				if (left === undefined) {
					left = size;
					piece = chunk.subarray(chunk.indexOf('\r\n\r\n') + 4);
					socket.write('HTTP/1.1 200 OK\r\n\r\n');
				}
				left -= piece.length;
				if (!socket.write(Buffer.from(piece))) {
					socket.pause();
					socket.once('drain', () => socket.resume());
				}
				if (left === 0) socket.end();
			});
		}),
	);
}

/** What comes back for this content, read with rests. */
async function round(url: string, number: number, version: string, isChunked: boolean): Promise<Buffer> {
	const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
	const pieces: Buffer[] = [];
	socket.on('data', (chunk: Buffer) => {
		pieces.push(chunk);
		if ((pieces.length + number) % 5 !== 0) return;
		socket.pause();
		setTimeout(() => socket.resume(), number % 4);
	});
	const ended = new Promise((resolve) => socket.once('close', resolve));
	const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`;
	socket.write(`POST /${number} ${version}\r\nHost: x\r\nConnection: close\r\n${framing}\r\n\r\n`);
	const bytes = content(number);
	for (let at = 0; at < size; ) {
		const end = Math.min(size, at + 1 + ((at * 31 + number * 7_919) % 90_000));
		if (isChunked) socket.write(`${(end - at).toString(16)}\r\n`);
		let isTaken = socket.write(bytes.subarray(at, end));
		if (isChunked) isTaken = socket.write('\r\n');
		if (!isTaken) await new Promise((resolve) => socket.once('drain', resolve));
		if (at % 11 === 0) await pause(0);
		at = end;
	}
	if (isChunked) socket.write('0\r\n\r\n');
	await ended;
	return Buffer.concat(pieces);
}

/** The content of a response, whatever its framing. */
function contentOf(response: Buffer): Buffer {
	const start = response.indexOf('\r\n\r\n') + 4;
	const head = response.toString('latin1', 0, start);
	expect(head).toContain(' 200 ');
	if (!/transfer-encoding: chunked/i.test(head)) return response.subarray(start);
	const pieces: Buffer[] = [];
	for (let at = start; ; ) {
		const line = response.indexOf('\r\n', at);
		const length = Number.parseInt(response.toString('latin1', at, line), 16);
		if (length === 0) return Buffer.concat(pieces);
		pieces.push(response.subarray(line + 2, line + 2 + length));
		at = line + 4 + length;
	}
}

test.each([
	['counted, to a counted echo', 'HTTP/1.1', false, () => echo('counted')],
	['chunked, to a chunked echo', 'HTTP/1.1', true, () => echo('chunked')],
	['counted in HTTP/1.0, to a chunked echo', 'HTTP/1.0', false, () => echo('chunked')],
	['counted, to an echo that ends with its connection', 'HTTP/1.1', false, echoUntilClose],
] as const)('bodies at the same time stay apart: %s', async (_, version, isChunked, upstream) => {
	const gateway = await testEngine({ decide: forwardTo(await upstream()) });
	const numbers = Array.from({ length: 12 }, (__, index) => index + 1);
	const answers = await Promise.all(numbers.map((number) => round(gateway.url, number, version, isChunked)));
	for (const [index, number] of numbers.entries()) {
		const answered = contentOf(answers[index] ?? Buffer.alloc(0));
		expect([number, answered.length, digest(answered)]).toEqual([number, size, digest(content(number))]);
	}
	expect(gateway.outcomes.map(({ status, reason }) => [status, reason])).toEqual(numbers.map(() => [200, undefined]));
});

test('tunnels at the same time stay apart', async () => {
	const server = createTcpServer((socket) => {
		let isSwitched = false;
		socket.on('error', () => undefined);
		socket.on('data', (chunk: Buffer) => {
			if (!isSwitched) {
				isSwitched = true;
				socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
				return;
			}
			if (socket.write(Buffer.from(chunk))) return;
			socket.pause();
			socket.once('drain', () => socket.resume());
		});
	});
	const gateway = await testEngine({ decide: forwardTo(await listening(server)) });
	const one = async (number: number): Promise<string> => {
		const socket = connect({ host: '127.0.0.1', port: Number(new URL(gateway.url).port) });
		const pieces: Buffer[] = [];
		let received = 0;
		const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'.length;
		socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
		await new Promise<void>((resolve) => {
			socket.on('data', (chunk: Buffer) => {
				if (received === 0) void socket.write(content(number));
				pieces.push(chunk);
				received += chunk.length;
				if (received === head + size) resolve();
				if (pieces.length % 5 !== 0) return;
				socket.pause();
				setTimeout(() => socket.resume(), number % 4);
			});
		});
		socket.destroy();
		return digest(Buffer.concat(pieces).subarray(head));
	};
	const numbers = Array.from({ length: 8 }, (_, index) => index + 1);
	expect(await Promise.all(numbers.map(one))).toEqual(numbers.map((number) => digest(content(number))));
});

test('a request that lost its connection before it began has one body: no byte of the next one is smuggled behind it', async () => {
	let kept: Socket | undefined;
	const upstream = await recordingUpstream({
		answer: (request, response) => {
			kept ??= request.socket;
			request.on('end', () => response.end(request.url));
		},
	});
	const resolved = Promise.withResolvers<void>();
	let lookups = 0;
	const lookup: Lookup = async () => {
		lookups += 1;
		if (lookups > 1) await resolved.promise;
		return [{ address: '127.0.0.1', family: 4 }];
	};
	const { pool } = upstreamOf({});
	const decide = forwardTo(upstream.url.replace('127.0.0.1', 'upstream.example'), {
		upstream: { pool: { ...pool, resolveAfter: 1 } },
	});
	const gateway = await testEngine({ decide, engine: { lookup } });
	const client = await rawClient(gateway.url);
	client.send('GET /first HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await client.response()).body).toBe('/first');
	await pause(5);
	// Its head waits for the body, on the connection that is kept; when that is gone, another one is opened.
	client.send('POST /second HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n');
	await expect.poll(() => gateway.decided.length).toBe(2);
	kept?.end();
	await expect.poll(() => gateway.engine.upstreams()[0]?.counts.repeated).toBe(1);
	client.send('body');
	await pause(20);
	resolved.resolve();
	await pause(20);
	client.send('GET /third HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await client.response()).body).toBe('/second');
	expect((await client.response()).body).toBe('/third');
	expect(gateway.decided.map(({ target }) => target)).toEqual(['/first', '/second', '/third']);
	expect(upstream.requests.map(({ target, body }) => [target, body])).toEqual([
		['/first', ''],
		['/second', 'body'],
		['/third', ''],
	]);
	client.destroy();
});

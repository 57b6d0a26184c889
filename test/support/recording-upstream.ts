/**
 * Origin servers for tests. The recording one keeps what reached it, byte for byte, and answers as it is told; the raw
 * one answers with given bytes, however wrong they are.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createRawServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { canaries } from './canaries.ts';

/**
 * An origin where nobody listens. No port that was free a moment ago: whoever listens next may be given that one, and a
 * gateway that is forwards to itself until its pool is full.
 */
export const nobody = 'http://127.0.0.1:1';

export interface RecordedRequest {
	readonly method: string;
	readonly target: string;
	/** Field lines in order, flat: name, value, …; latin1. */
	readonly lines: readonly string[];
	/** Values of all lines with this name, case-insensitively. */
	values(name: string): readonly string[];
	/** latin1; complete once the request ended. */
	body: string;
	/** Bytes of the body so far, also where `keepBody` is false. */
	bytes: number;
	ended: boolean;
	/** True when the connection broke before the request or its response had ended. */
	aborted: boolean;
}

export interface RecordingUpstream {
	readonly url: string;
	/** In order of arrival. */
	readonly requests: readonly RecordedRequest[];
	/** Connections ever accepted, and bytes ever received on them: zero bytes means that nothing reached this origin. */
	readonly connections: number;
	readonly bytesReceived: number;
	/** Resolves once `count` requests have arrived. */
	arrived(count: number): Promise<void>;
	/** Closes at once, open connections too. */
	close(): Promise<void>;
}

export interface RecordingOptions {
	/** Default: 200, text/plain, `hello from upstream`. Called as the head arrives. */
	answer?(request: IncomingMessage, response: ServerResponse, recorded: RecordedRequest): void;
	/** False counts bodies only. Default: true. */
	readonly keepBody?: boolean;
	/** False leaves request bodies to `answer`. Default: true. */
	readonly readBody?: boolean;
	readonly upgrade?: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
	/** Who closes it: the end of the test (default), or the caller, where it serves more than one test. */
	readonly closedBy?: 'test' | 'caller';
}

/** Listening; closed when the test is over, unless the caller does that. */
export async function recordingUpstream(options: RecordingOptions = {}): Promise<RecordingUpstream> {
	const requests: RecordedRequest[] = [];
	const sockets = new Set<Socket>();
	let closedBytes = 0;
	let connections = 0;
	let waiting: (() => void)[] = [];

	const record = (request: IncomingMessage): RecordedRequest => {
		const lines = request.rawHeaders;
		const recorded: RecordedRequest = {
			method: request.method ?? '',
			target: request.url ?? '',
			lines,
			values: (name) =>
				lines.filter((_, index) => index % 2 === 1 && lines[index - 1]?.toLowerCase() === name.toLowerCase()),
			body: '',
			bytes: 0,
			ended: false,
			aborted: false,
		};
		requests.push(recorded);
		const woken = waiting;
		waiting = [];
		for (const wake of woken) wake();
		return recorded;
	};

	const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
		const recorded = record(request);
		const broke = (): void => {
			if (!response.writableFinished) recorded.aborted = true;
		};
		response.on('close', broke).on('error', broke);
		request.on('error', broke);
		if (options.readBody !== false) {
			request.on('data', (chunk: Buffer) => {
				recorded.bytes += chunk.length;
				if (options.keepBody !== false) recorded.body += chunk.toString('latin1');
			});
			request.on('end', () => {
				recorded.ended = true;
			});
		}
		if (options.answer !== undefined) options.answer(request, response, recorded);
		else {
			response.setHeader('Content-Type', 'text/plain');
			response.end('hello from upstream');
		}
	});
	const { upgrade } = options;
	if (upgrade !== undefined) {
		server.on('upgrade', (request, socket, head) => {
			record(request);
			upgrade(request, socket as Socket, head);
		});
	}
	server.on('connection', (socket) => {
		connections += 1;
		sockets.add(socket);
		socket.on('error', () => undefined);
		socket.on('close', () => {
			sockets.delete(socket);
			closedBytes += socket.bytesRead;
		});
	});
	canaries.watch('a request to an upstream', true, function* () {
		for (const { target, lines, body } of requests) yield `${target}\n${lines.join('\n')}\n${body}`;
	});
	const url = await listening(server);
	if (options.closedBy !== 'caller') onTestFinished(() => closing(server, sockets));

	return {
		url,
		requests,
		get connections() {
			return connections;
		},
		get bytesReceived() {
			return [...sockets].reduce((sum, socket) => sum + socket.bytesRead, closedBytes);
		},
		async arrived(count) {
			while (requests.length < count) await new Promise<void>((resolve) => void waiting.push(resolve));
		},
		close: () => closing(server, sockets),
	};
}

export interface RawUpstream {
	readonly url: string;
	/** What came on each connection, latin1, in order of connecting. */
	readonly received: readonly string[];
	close(): Promise<void>;
}

/**
 * Answers the `n`-th request head on any connection with `reply(n, socket)`; a text is written as latin1. Heads are told
 * apart by their empty line only: use it with requests that have no body. Closed when the test is over.
 */
export async function rawUpstream(reply: (count: number, socket: Socket) => string | undefined): Promise<RawUpstream> {
	const received: string[] = [];
	const sockets = new Set<Socket>();
	let count = 0;
	const server = createRawServer((socket) => {
		const own = received.push('') - 1;
		let pending = '';
		sockets.add(socket);
		socket.on('error', () => undefined);
		socket.on('close', () => sockets.delete(socket));
		socket.on('data', (chunk: Buffer) => {
			const text = chunk.toString('latin1');
			received[own] += text;
			pending += text;
			for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
				pending = pending.slice(end + 4);
				const answer = reply(count, socket);
				count += 1;
				if (answer !== undefined) socket.write(answer, 'latin1');
			}
		});
	});
	canaries.watch('a request to an upstream', true, () => received);
	const url = await listening(server);
	onTestFinished(() => closing(server, sockets));
	return { url, received, close: () => closing(server, sockets) };
}

async function listening(server: Server): Promise<string> {
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const address = server.address();
	if (typeof address !== 'object' || address === null) throw new Error('no address');
	return `http://127.0.0.1:${address.port}`;
}

async function closing(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
	const closed = new Promise<void>((resolve) => {
		server.close(() => resolve());
	});
	for (const socket of sockets) socket.destroy();
	await closed;
}

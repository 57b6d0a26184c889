/**
 * What node's own strict parser (llhttp, `insecureHTTPParser` off) makes of the bytes of a connection: by way of
 * `node:http` on a socket that is none, so that nothing but the parser and what node says of its findings is in between.
 */
import { createServer, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** One message as it was read. */
export interface ReadMessage {
	/** Method of a request, status of a response. */
	readonly start: string;
	/** Target of a request. */
	readonly target: string;
	/** Of HTTP/1.x. */
	readonly minor: number;
	/** Flat: name, value, …; latin1. */
	readonly lines: readonly string[];
	/** latin1. */
	body: string;
	isComplete: boolean;
	/** Whether another message may come behind it on the same connection. */
	persists: boolean;
}

export interface Reading {
	readonly messages: readonly ReadMessage[];
	/** Whether the parser refused something. */
	failed: boolean;
}

class NoSocket extends Duplex {
	override _read(): void {}

	override _write(_: unknown, __: string, done: () => void): void {
		done();
	}

	setTimeout(): this {
		return this;
	}
	setNoDelay(): this {
		return this;
	}
	setKeepAlive(): this {
		return this;
	}
	ref(): this {
		return this;
	}
	unref(): this {
		return this;
	}
	destroySoon(): void {
		this.destroy();
	}
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Requests under way, by their socket. */
const readings = new WeakMap<Duplex, Reading & { messages: ReadMessage[] }>();

/** Hears the parser itself: a stream would lose what it holds when a later message breaks the connection. */
function collect(message: IncomingMessage, read: ReadMessage): void {
	message.push = (chunk: Buffer | null) => {
		if (chunk === null) read.isComplete = message.complete;
		else read.body += chunk.toString('latin1');
		return true;
	};
	message.on('error', () => undefined);
}

function heard(request: IncomingMessage, response: ServerResponse): void {
	const reading = readings.get(request.socket);
	const read: ReadMessage = {
		start: request.method ?? '',
		target: request.url ?? '',
		minor: request.httpVersionMinor,
		lines: request.rawHeaders,
		body: '',
		isComplete: false,
		persists: response.shouldKeepAlive,
	};
	reading?.messages.push(read);
	collect(request, read);
}

const server = createServer({
	maxHeaderSize: 64 * 1024,
	insecureHTTPParser: false,
	connectionsCheckingInterval: 2 ** 30,
	keepAliveTimeout: 0,
});
server.maxHeadersCount = 0;
server.on('request', heard).on('checkContinue', heard).on('checkExpectation', heard);
server.on('clientError', (_, socket) => {
	const reading = readings.get(socket);
	if (reading !== undefined) reading.failed = true;
});

/** Requests of one connection. */
export async function nodeReadsRequests(reads: readonly Buffer[]): Promise<Reading> {
	const socket = new NoSocket();
	const reading = { messages: [], failed: false };
	readings.set(socket, reading);
	server.emit('connection', socket as unknown as Socket);
	for (const bytes of reads) {
		socket.push(bytes);
		// Each read by itself.
		await turn();
	}
	await turn();
	socket.destroy();
	return reading;
}

/** The final response to one request with `method`, whose connection ends behind these bytes. */
export async function nodeReadsResponse(reads: readonly Buffer[], method: string): Promise<Reading> {
	const socket = new NoSocket();
	const messages: ReadMessage[] = [];
	const reading = { messages, failed: false };
	const request = openRequest({
		method,
		headers: { Connection: 'keep-alive' },
		maxHeaderSize: 64 * 1024,
		insecureHTTPParser: false,
		createConnection: () => socket,
	});
	request.maxHeadersCount = 0;
	request.on('error', () => {
		reading.failed = true;
	});
	request.on('response', (response) => {
		const read: ReadMessage = {
			start: String(response.statusCode),
			target: '',
			minor: response.httpVersionMinor,
			lines: response.rawHeaders,
			body: '',
			isComplete: false,
			persists: request.shouldKeepAlive,
		};
		messages.push(read);
		collect(response, read);
	});
	request.end();
	await turn();
	for (const bytes of reads) {
		if (socket.destroyed) break;
		socket.push(bytes);
		await turn();
	}
	if (!socket.destroyed) socket.push(null);
	await turn();
	request.destroy();
	socket.destroy();
	return reading;
}

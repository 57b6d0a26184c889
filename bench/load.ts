/**
 * The load generator: a process of its own with raw keep-alive sockets, one request under way on each. Closed loop: it
 * asks again as soon as it is answered. Reads an Order as JSON from its argument, prints a Result as JSON. Bench only.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { processorTime } from './processor-time.ts';

export interface Order {
	readonly port: number;
	/** File with one token a line, used in turn; each once when `once` is set, and then the run is over. */
	readonly tokens: string;
	readonly once: boolean;
	readonly connections: number;
	/** Milliseconds before, and of, measuring. With `once` the first is unused and the second a limit. */
	readonly warmUp: number;
	readonly duration: number;
	/** Processes whose processor time is taken at begin and end. */
	readonly pids: readonly number[];
}

export interface Result {
	readonly requests: number;
	/** Seconds. */
	readonly elapsed: number;
	/** Answers that were not 200, and connections that broke. */
	readonly errors: number;
	/** Milliseconds. */
	readonly p50: number;
	readonly p99: number;
	/** Microseconds of processor time of `pids` per request; undefined without /proc. */
	readonly processor: number | undefined;
}

const order: Order = JSON.parse(process.argv[2] ?? '');
const requests = readFileSync(order.tokens, 'utf8')
	.trimEnd()
	.split('\n')
	.map((token) => `GET /orders/1 HTTP/1.1\r\nHost: 127.0.0.1:${order.port}\r\nAuthorization: Bearer ${token}\r\n\r\n`);

let next = 0;
let measuring = order.once;
let over = false;
let errors = 0;
let latencies: number[] = [];
const sockets = new Set<Socket>();
const sentAt = new WeakMap<Socket, number>();

await Promise.all(Array.from({ length: order.connections }, open));
const begin = { time: performance.now(), processor: processorTime(order.pids) };
const run = Promise.withResolvers<void>();
const limit = setTimeout(run.resolve, order.once ? order.duration : order.warmUp + order.duration);
if (!order.once) setTimeout(startMeasuring, order.warmUp);
for (const socket of sockets) ask(socket);
await run.promise;
clearTimeout(limit);
over = true;
const result = summary();
for (const socket of sockets) socket.destroy();
process.stdout.write(`${JSON.stringify(result)}\n`);

function startMeasuring(): void {
	measuring = true;
	begin.time = performance.now();
	begin.processor = processorTime(order.pids);
	latencies = [];
	errors = 0;
}

function summary(): Result {
	const elapsed = (performance.now() - begin.time) / 1000;
	const after = processorTime(order.pids);
	const sorted = latencies.toSorted((a, b) => a - b);
	const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
	return {
		requests: sorted.length,
		elapsed,
		errors,
		p50: quantile(0.5),
		p99: quantile(0.99),
		processor:
			after === undefined || begin.processor === undefined ? undefined : (after - begin.processor) / sorted.length,
	};
}

function ask(socket: Socket): void {
	if (order.once && next === requests.length) {
		sockets.delete(socket);
		socket.destroy();
		if (sockets.size === 0) run.resolve();
		return;
	}
	const request = requests[next % requests.length];
	next += 1;
	if (request !== undefined) socket.write(request, 'latin1');
	sentAt.set(socket, performance.now());
}

/** Opens a connection; one that breaks counts as an error and is replaced. */
function open(): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const socket = connect({ host: '127.0.0.1', port: order.port, noDelay: true });
		let text = '';
		let opened = false;
		socket.on('connect', () => {
			opened = true;
			sockets.add(socket);
			resolve(socket);
		});
		socket.on('error', (problem) => {
			if (!opened) reject(problem);
		});
		socket.on('data', (data) => {
			text += data.toString('latin1');
			const end = responseEnd(text);
			if (end === undefined) return;
			if (measuring && !over) {
				latencies.push(performance.now() - (sentAt.get(socket) ?? 0));
				if (!text.startsWith('HTTP/1.1 200 ')) errors += 1;
			}
			text = text.slice(end);
			if (!over) ask(socket);
		});
		socket.on('close', () => {
			if (over || !sockets.delete(socket)) return;
			errors += 1;
			open().then(ask, run.reject);
		});
	});
}

/** Index behind the response; undefined while it is not all there. Knows Content-Length and chunked. */
function responseEnd(text: string): number | undefined {
	const head = text.indexOf('\r\n\r\n');
	if (head < 0) return undefined;
	const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1];
	if (length !== undefined) {
		const end = head + 4 + Number(length);
		return text.length >= end ? end : undefined;
	}
	const last = text.indexOf('\r\n0\r\n\r\n', head);
	return last < 0 ? undefined : last + 7;
}

/**
 * A client that sends exactly the bytes it is given and reads the answers strictly: what no HTTP library would send, and
 * what no lenient reader would notice.
 */
import { connect, type Socket } from 'node:net';

export interface RawResponse {
	readonly status: number;
	/** Lower-case name → value; several lines of one name are joined with `, `. */
	readonly headers: ReadonlyMap<string, string>;
	/** Head as it came, without the empty line; latin1. */
	readonly head: string;
	/** latin1. */
	readonly body: string;
}

export interface RawClient {
	readonly socket: Socket;
	/** Everything received so far, latin1. */
	received(): string;
	/** Resolves once `text` is among what was received, at any place; rejects when the connection ends first. */
	seen(text: string): Promise<void>;
	send(bytes: string | Uint8Array): void;
	/** The next final response. `method` is that of its request: HEAD has no body. Rejects when the connection ends first. */
	response(method?: string): Promise<RawResponse>;
	/** Interim responses skipped by `response`, by status. */
	readonly interim: readonly number[];
	/** Resolves when the connection is closed, with the code of the error that ended it. */
	closed(): Promise<string | undefined>;
	destroy(): void;
}

/** Opens a connection to a `http://host:port` URL. Texts are sent as latin1. */
export async function rawClient(url: string): Promise<RawClient> {
	const { hostname, port } = new URL(url);
	const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
	await new Promise((resolve, reject) => {
		socket.once('connect', resolve).once('error', reject);
	});
	return clientOn(socket);
}

/** The same on a socket that is connected already. */
export function clientOn(socket: Socket): RawClient {
	let buffer = '';
	let everything = '';
	let ended = false;
	let failure: string | undefined;
	let wake: (() => void)[] = [];
	const interim: number[] = [];
	const changed = (): void => {
		const waiting = wake;
		wake = [];
		for (const each of waiting) each();
	};
	socket.on('data', (chunk: Buffer) => {
		const text = chunk.toString('latin1');
		buffer += text;
		everything += text;
		changed();
	});
	socket.on('error', (error) => {
		failure = 'code' in error ? String(error.code) : error.message;
	});
	socket.on('end', () => {
		ended = true;
		changed();
	});
	socket.on('close', () => {
		ended = true;
		changed();
	});
	const more = (): Promise<void> => new Promise((resolve) => void wake.push(resolve));
	/** Reads with `take` until it gives something; `take` sees whether the connection has ended. */
	const until = async <R>(take: () => R | undefined, what: string): Promise<R> => {
		for (;;) {
			const taken = take();
			if (taken !== undefined) return taken;
			if (ended)
				throw new Error(`the connection ended (${failure ?? 'FIN'}) before ${what}; left: ${JSON.stringify(buffer)}`);
			await more();
		}
	};
	const upTo = (separator: string) => (): string | undefined => {
		const at = buffer.indexOf(separator);
		if (at < 0) return undefined;
		const text = buffer.slice(0, at);
		buffer = buffer.slice(at + separator.length);
		return text;
	};
	const exactly = (count: number) => (): string | undefined => {
		if (buffer.length < count) return undefined;
		const text = buffer.slice(0, count);
		buffer = buffer.slice(count);
		return text;
	};
	const body = async (status: number, headers: ReadonlyMap<string, string>, method: string): Promise<string> => {
		if (method === 'HEAD' || status === 204 || status === 304) return '';
		if (headers.get('transfer-encoding') === 'chunked') {
			let text = '';
			for (;;) {
				const size = await until(upTo('\r\n'), 'a chunk size');
				if (!/^[0-9a-f]+$/i.test(size)) throw new Error(`bad chunk size ${JSON.stringify(size)}`);
				const chunk = await until(exactly(Number.parseInt(size, 16)), 'the end of a chunk');
				if ((await until(exactly(2), 'the line end of a chunk')) !== '\r\n') throw new Error('bad end of chunk');
				if (chunk === '') return text;
				text += chunk;
			}
		}
		const length = headers.get('content-length');
		if (length !== undefined) return until(exactly(Number(length)), 'the end of the body');
		while (!ended) await more();
		const rest = buffer;
		buffer = '';
		return rest;
	};
	return {
		socket,
		interim,
		received: () => everything,
		async seen(text) {
			await until(() => (everything.includes(text) ? true : undefined), JSON.stringify(text));
		},
		send(bytes) {
			if (typeof bytes === 'string') socket.write(bytes, 'latin1');
			else socket.write(bytes);
		},
		async response(method = 'GET') {
			for (;;) {
				const head = await until(upTo('\r\n\r\n'), 'the end of a head');
				const [line = '', ...fields] = head.split('\r\n');
				const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(line)?.[1] ?? Number.NaN);
				if (Number.isNaN(status)) throw new Error(`bad status line ${JSON.stringify(line)}`);
				if (status < 200 && status !== 101) {
					interim.push(status);
					continue;
				}
				const headers = new Map<string, string>();
				for (const field of fields) {
					const colon = field.indexOf(':');
					if (colon < 1) throw new Error(`bad field line ${JSON.stringify(field)}`);
					const name = field.slice(0, colon).toLowerCase();
					const before = headers.get(name);
					const value = field.slice(colon + 1).trim();
					headers.set(name, before === undefined ? value : `${before}, ${value}`);
				}
				return { status, headers, head, body: status === 101 ? '' : await body(status, headers, method) };
			}
		},
		async closed() {
			while (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
			return failure;
		},
		destroy: () => void socket.destroy(),
	};
}

/** Sends `bytes` on a connection of its own and gives the first response. */
export async function exchange(url: string, bytes: string, method = 'GET'): Promise<RawResponse> {
	const client = await rawClient(url);
	try {
		client.send(bytes);
		return await client.response(method);
	} finally {
		client.destroy();
	}
}

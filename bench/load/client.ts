/** One connection of the load generator: one request under way at a time, over TCP or TLS, kept or opened anew for each. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createResponseReader } from './response-end.ts';

export interface Client {
	/** Sends a request; nothing else may be under way. */
	ask(head: Buffer, body: Buffer | undefined): void;
	destroy(): void;
}

export interface ClientOptions {
	readonly port: number;
	readonly tls: boolean;
	/** A new connection for each request. */
	readonly close: boolean;
	/** Status of the answer, or undefined when the connection broke; the client can be asked again in either case. */
	answered(status: number | undefined): void;
}

/** All plain connections read into one buffer: what is in it is looked at before the next read. */
const shared = Buffer.allocUnsafe(256 * 1024);

/** Resolves when connected; with `close` at once. Rejects when the first connection cannot be made. */
export async function openClient(options: ClientOptions): Promise<Client> {
	let link = options.close ? undefined : await openLink(options);
	let destroyed = false;

	return {
		ask(head, body) {
			if (link?.isOpen() === true && !options.close) {
				link.send(head, body);
				return;
			}
			openLink(options).then(
				(opened) => {
					link = opened;
					if (destroyed) opened.destroy();
					else opened.send(head, body);
				},
				() => options.answered(undefined),
			);
		},
		destroy() {
			destroyed = true;
			link?.destroy();
		},
	};
}

interface Link {
	send(head: Buffer, body: Buffer | undefined): void;
	isOpen(): boolean;
	destroy(): void;
}

function openLink({ port, tls, close, answered }: ClientOptions): Promise<Link> {
	return new Promise((resolve, reject) => {
		const reader = createResponseReader();
		let waiting = false;

		const hear = (data: Buffer) => {
			const progress = waiting ? reader.read(data) : 'surplus';
			if (progress === 'more') return;
			waiting = false;
			// What follows an answer is nobody's: the connection is of no use, and the request counts as broken.
			if (progress === 'surplus' || close) socket.destroy();
			answered(progress === 'surplus' ? undefined : progress);
		};
		const socket = tls ? openTls(port, hear) : openPlain(port, hear);
		socket.setNoDelay(true);
		socket.once(tls ? 'secureConnect' : 'connect', () =>
			resolve({
				send(head, body) {
					waiting = true;
					if (body === undefined) {
						socket.write(head);
						return;
					}
					socket.cork();
					socket.write(head);
					socket.write(body);
					socket.uncork();
				},
				isOpen: () => !socket.destroyed && socket.writable,
				destroy: () => {
					waiting = false;
					socket.destroy();
				},
			}),
		);
		socket.on('error', reject);
		socket.on('close', () => {
			if (!waiting) return;
			waiting = false;
			answered(undefined);
		});
	});
}

function openPlain(port: number, hear: (data: Buffer) => void): Socket {
	return connect({
		host: '127.0.0.1',
		port,
		onread: {
			buffer: shared,
			callback: (length) => {
				hear(shared.subarray(0, length));
				return true;
			},
		},
	});
}

/** The certificate is our own and made for this run. Sessions are not resumed: each handshake is a full one. */
function openTls(port: number, hear: (data: Buffer) => void): TLSSocket {
	const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false });
	socket.on('data', hear);
	return socket;
}

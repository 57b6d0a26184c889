/**
 * One listening socket, plain or TLS. What comes out of it is a connection to read from: in HTTP/2 where both sides
 * agreed on that in the handshake (RFC 7301), else in HTTP/1.1.
 */
import { createServer, type Server, type Socket } from 'node:net';
import {
	createServer as createTlsServer,
	type SecureContextOptions,
	type TLSSocket,
	Server as TlsServer,
} from 'node:tls';
import type { BoundAddress, EngineOptions, ListenerOptions } from './engine.ts';
import { keepAliveDelay } from './probing.ts';
import { Wire } from './wire.ts';

/** What a listener tells. */
export interface ListenerEvents {
	/** A connection came about; false: it is not wanted. */
	opened(socket: Socket): boolean;
	/** It can be read from: at once without TLS, after the handshake with it. `isMutual`: client certificates are asked for. */
	ready(connection: Wire | TLSSocket, isMutual: boolean): void;
}

const keepsAlive = { keepAlive: true, keepAliveInitialDelay: keepAliveDelay };

/** A listener that has a server but is not bound yet. Throws when certificate or key cannot be used. */
export function createListener({ tls }: ListenerOptions, options: EngineOptions, events: ListenerEvents): Server {
	if (tls === undefined) {
		const server = createServer({ ...keepsAlive, noDelay: true, allowHalfOpen: true, pauseOnConnect: true });
		return server.on('connection', (accepted) => {
			const wire = Wire.accept(accepted);
			if (opened(wire.socket, events)) events.ready(wire, false);
		});
	}
	const isMutual = tls.clientCertificate !== 'none';
	const server = createTlsServer({
		...secureContext(tls),
		...keepsAlive,
		noDelay: true,
		// A client that ends its side within the handshake has gone away.
		allowHalfOpen: false,
		handshakeTimeout: options.timeouts.tlsHandshake,
		// What a client does not offer is not chosen; one that offers nothing gets HTTP/1.1.
		ALPNProtocols: ['h2', 'http/1.1'],
		requestCert: isMutual,
		rejectUnauthorized: tls.clientCertificate === 'require',
	});
	server.on('connection', (socket) => opened(socket, events));
	server.on('secureConnection', (socket) => {
		socket.on('error', ignore);
		socket.allowHalfOpen = true;
		events.ready(socket, isMutual);
	});
	server.on('tlsClientError', (_, socket) => socket.destroy());
	return server;
}

function opened(socket: Socket, events: ListenerEvents): boolean {
	socket.on('error', ignore);
	if (events.opened(socket)) return true;
	socket.destroy();
	return false;
}

function secureContext({ certificate, key, clientCa }: NonNullable<ListenerOptions['tls']>): SecureContextOptions {
	return { cert: certificate, key, minVersion: 'TLSv1.2', ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

/** For connections from now on; a plain listener is left alone. Throws for a certificate that cannot be used. */
export function renewCertificate(server: Server, { tls }: ListenerOptions): void {
	if (tls !== undefined && server instanceof TlsServer) server.setSecureContext(secureContext(tls));
}

/** A plain listener has none. */
export function useTicketKeys(server: Server, keys: Uint8Array): void {
	if (server instanceof TlsServer) server.setTicketKeys(Buffer.from(keys));
}

/** Opens it, on a socket that is bound already where there is one; rejects with an Error that says what to do. */
export async function openListener(
	server: Server,
	listener: ListenerOptions,
	descriptor?: number,
): Promise<BoundAddress> {
	const { host, port } = listener;
	await new Promise<void>((resolve, reject) => {
		const failed = (cause: Error): void => {
			reject(new Error(whyNot(cause, host, port), { cause }));
		};
		server.once('error', failed);
		server.listen(descriptor === undefined ? { host, port } : { fd: descriptor }, () => {
			server.off('error', failed);
			resolve();
		});
	});
	const address = server.address();
	return addressOf(listener, typeof address === 'object' && address !== null ? address.port : port);
}

function bracketed(host: string): string {
	return host.includes(':') ? `[${host}]` : host;
}

/** `port`: the one that it came to, where any was asked for. */
export function addressOf({ host, tls }: ListenerOptions, port: number): BoundAddress {
	return { host, port, url: `${tls === undefined ? 'http' : 'https'}://${bracketed(host)}:${port}` };
}

/** Why an address cannot be listened on, for the operator. */
export function whyNot(cause: Error, host: string, port: number): string {
	const address = `${bracketed(host)}:${port}`;
	const code = 'code' in cause ? cause.code : undefined;
	if (code === 'EADDRINUSE') return `cannot listen on ${address}: another process already does`;
	if (code === 'EACCES') return `cannot listen on ${address}: this user may not open that port`;
	if (code === 'EADDRNOTAVAIL') return `cannot listen on ${address}: this machine has no such address`;
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `cannot listen on ${address}: the name is unknown`;
	return `cannot listen on ${address}: ${cause.message}`;
}

/** How a connection ends is told by its 'close'. */
function ignore(): void {}

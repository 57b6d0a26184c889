/** One listening socket, plain or TLS. What comes out of it is a connection to read HTTP/1.1 from. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions, Server as TlsServer } from 'node:tls';
import type { EngineOptions, ListenerOptions } from '../engine.ts';

/** What a listener tells. */
export interface ListenerEvents {
	/** A connection came about; false: it is not wanted. */
	opened(socket: Socket): boolean;
	/** It can be read from: at once without TLS, after the handshake with it. */
	ready(socket: Socket): void;
}

/** A listener that has a server but is not bound yet. Throws when certificate or key cannot be used. */
export function createListener({ tls }: ListenerOptions, options: EngineOptions, events: ListenerEvents): Server {
	if (tls === undefined) {
		const server = createServer({ noDelay: true, allowHalfOpen: true });
		return server.on('connection', (socket) => {
			if (opened(socket, events)) events.ready(socket);
		});
	}
	const server = createTlsServer({
		...secureContext(tls),
		noDelay: true,
		allowHalfOpen: true,
		handshakeTimeout: options.timeouts.requestHead,
		ALPNProtocols: ['http/1.1'],
		requestCert: tls.clientCertificate !== 'none',
		rejectUnauthorized: tls.clientCertificate === 'require',
	});
	server.on('connection', (socket) => opened(socket, events));
	server.on('secureConnection', (socket) => {
		socket.on('error', ignore);
		events.ready(socket);
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

/** How a connection ends is told by its 'close'. */
function ignore(): void {}

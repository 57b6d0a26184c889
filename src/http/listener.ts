/**
 * One listening socket with node's own HTTP/1.1 parser behind it, set to its strict side. Everything that node would
 * answer by itself (a missing Host, an unknown expectation, a broken request) is left to the engine.
 */
import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { Server as AnyServer } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { BoundAddress, EngineOptions, ListenerOptions } from './engine.ts';
import { isCarriedUpgrade } from './upgrade.ts';

/** A listener that has a server but is not bound yet. */
export function createListener(listener: ListenerOptions, options: EngineOptions): Server {
	const { timeouts, limits } = options;
	const common: ServerOptions = {
		insecureHTTPParser: false,
		requireHostHeader: false,
		maxHeaderSize: limits.headers,
		headersTimeout: timeouts.requestHead,
		// The engine times bodies itself, piece by piece.
		requestTimeout: 0,
		keepAliveTimeout: timeouts.keepAlive,
		connectionsCheckingInterval: Math.min(1_000, Math.max(50, Math.floor(timeouts.requestHead / 4))),
		noDelay: true,
		shouldUpgradeCallback: isCarriedUpgrade,
	};
	const { tls } = listener;
	const server =
		tls === undefined
			? createServer(common)
			: createTlsServer({
					...common,
					...secureContext(tls),
					handshakeTimeout: timeouts.requestHead,
					ALPNProtocols: ['http/1.1'],
					requestCert: tls.clientCertificate !== 'none',
					rejectUnauthorized: tls.clientCertificate === 'require',
				});
	// Node drops field lines beyond its own limit without a word; the engine counts and refuses.
	server.maxHeadersCount = 0;
	return server;
}

function secureContext({ certificate, key, clientCa }: NonNullable<ListenerOptions['tls']>): SecureContextOptions {
	return { cert: certificate, key, minVersion: 'TLSv1.2', ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

/** For connections from now on; a plain listener is left alone. Throws for a certificate that cannot be used. */
export function renewCertificate(server: Server, { tls }: ListenerOptions): void {
	if (tls !== undefined && server instanceof TlsServer) server.setSecureContext(secureContext(tls));
}

/** Opens it; rejects with an Error that says what to do. */
export async function openListener(server: AnyServer, listener: ListenerOptions): Promise<BoundAddress> {
	const { host, port, tls } = listener;
	await new Promise<void>((resolve, reject) => {
		const failed = (cause: Error): void => {
			reject(new Error(whyNot(cause, `${bracketed(host)}:${port}`), { cause }));
		};
		server.once('error', failed);
		server.listen({ host, port }, () => {
			server.off('error', failed);
			resolve();
		});
	});
	const address = server.address();
	const bound = typeof address === 'object' && address !== null ? address.port : port;
	return { host, port: bound, url: `${tls === undefined ? 'http' : 'https'}://${bracketed(host)}:${bound}` };
}

function bracketed(host: string): string {
	return host.includes(':') ? `[${host}]` : host;
}

function whyNot(cause: Error, address: string): string {
	const code = 'code' in cause ? cause.code : undefined;
	if (code === 'EADDRINUSE') return `cannot listen on ${address}: another process already does`;
	if (code === 'EACCES') return `cannot listen on ${address}: this user may not open that port`;
	if (code === 'EADDRNOTAVAIL') return `cannot listen on ${address}: this machine has no such address`;
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `cannot listen on ${address}: the name is unknown`;
	return `cannot listen on ${address}: ${cause.message}`;
}

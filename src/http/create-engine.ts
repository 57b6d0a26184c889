/**
 * The engine on plain sockets: opens the listeners, gives every connection its reader, and closes down. HTTP/1.1
 * on both sides without a parser or client of node's own, and HTTP/2 towards clients.
 */
import type { Server, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { compileBlocks } from '#formats/ip';
import type { BoundAddress, Engine, EngineOptions, RequestHandler } from './engine.ts';
import type { EngineParts } from './engine-parts.ts';
import { ClientConnection } from './h1/client-connection.ts';
import { ClientSession } from './h2/client-session.ts';
import { lingerTime } from './linger.ts';
import { createListener, openListener, renewCertificate, useTicketKeys } from './listener.ts';
import { peerOf } from './peer.ts';
import { Sweep } from './sweep.ts';
import { systemLookup } from './upstream/addresses.ts';
import { createUpstreamPools } from './upstream/upstream-pools.ts';
import { Wire } from './wire.ts';

/**
 * An engine that is not listening yet. Throws when an option cannot work (certificate, key, trusted proxies). Nothing
 * keeps the process alive once `drain` has resolved.
 */
export function createEngine<C>(options: EngineOptions, handler: RequestHandler<C>): Engine {
	const sweep = new Sweep();
	const pools = createUpstreamPools({ sweep, lookup: options.lookup ?? systemLookup, log: options.log });
	const isTrusted = compileBlocks(options.trustedProxies);
	/** Every socket of a client, tunnels and handshakes too. */
	const sockets = new Set<Socket>();
	const connections = new Set<ClientConnection<C> | ClientSession<C>>();
	let draining = false;
	const allGone = Promise.withResolvers<void>();

	const parts: EngineParts<C> = { options, handler, pools, sweep, isTrusted, isDraining: () => draining, open: 0 };

	const events = {
		opened(socket: Socket): boolean {
			const { connections: limit } = options.limits;
			if (draining || (limit !== undefined && sockets.size >= limit)) return false;
			sockets.add(socket);
			socket.once('close', () => {
				sockets.delete(socket);
				if (draining && sockets.size === 0) allGone.resolve();
			});
			return true;
		},
		ready(connected: Wire | TLSSocket, isMutual: boolean): void {
			sweep.tick();
			const isPlain = connected instanceof Wire;
			const socket = isPlain ? connected.socket : connected;
			const peer = peerOf(socket, isMutual);
			const connection =
				!isPlain && connected.alpnProtocol === 'h2'
					? new ClientSession(connected, peer, parts)
					: new ClientConnection(isPlain ? connected : Wire.of(connected), peer, parts);
			connections.add(connection);
			if (draining) connection.drain();
			socket.once('close', () => connections.delete(connection));
		},
	};
	const servers = options.listeners.map((listener) => ({
		listener,
		server: createListener(listener, options, events),
	}));

	return {
		async listen(descriptors) {
			const bound: BoundAddress[] = [];
			try {
				for (const [index, { server, listener }] of servers.entries()) {
					bound.push(await openListener(server, listener, descriptors?.[index]));
					// A connection that could not be accepted (no file descriptor left) is no reason to end the process.
					server.on('error', (error) => options.log.error('a listener could not accept a connection', { error }));
				}
			} catch (error) {
				await Promise.all(servers.map(({ server }) => close(server)));
				throw error;
			}
			return bound;
		},
		renewCertificates(listeners) {
			for (const { server, listener } of servers) {
				const renewed = listeners.find(({ host, port }) => host === listener.host && port === listener.port);
				if (renewed !== undefined) renewCertificate(server, renewed);
			}
		},
		followUpstreams: (upstreams) => pools.follow(upstreams),
		upstreams: () => pools.state(),
		useTicketKeys(keys) {
			for (const { server } of servers) useTicketKeys(server, keys);
		},
		async drain() {
			draining = true;
			// The listeners' own count ends with their part in a connection, which is over once it is accepted.
			const closed = Promise.all(servers.map(({ server }) => close(server)));
			if (sockets.size === 0) allGone.resolve();
			for (const connection of connections) connection.drain();
			const timer = setTimeout(() => {
				for (const socket of sockets) socket.destroy();
			}, options.timeouts.drain);
			await Promise.all([closed, allGone.promise]);
			clearTimeout(timer);
			// A decision that is still pending has nobody left to tell; its end is waited for, but not for ever.
			for (const from = performance.now(); parts.open > 0 && performance.now() - from < lingerTime; ) await pause(5);
			pools.destroy();
			sweep.stop();
		},
	};
}

function close(server: Server): Promise<void> {
	return new Promise((resolve) => {
		server.close(() => resolve());
	});
}

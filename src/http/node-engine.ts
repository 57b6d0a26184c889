/**
 * The engine on node:http and undici: opens the listeners, gives every request an exchange and a turn on its
 * connection, answers what is not HTTP, and closes down.
 */
import type { Buffer } from 'node:buffer';
import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Reason } from '#core/index';
import { compileBlocks } from '#formats/ip';
import { bareAnswer, closeGently, prepareAnswer, writeLastAnswer } from './answer.ts';
import { Connection } from './connection.ts';
import { lingerTime } from './discard.ts';
import type { BoundAddress, Engine, EngineOptions, RequestHandler } from './engine.ts';
import type { EngineParts } from './engine-parts.ts';
import { Exchange, type ExchangeKind } from './exchange.ts';
import { createListener, openListener, renewCertificate } from './listener.ts';
import { isCarriedUpgrade, UpgradeForwarding } from './upgrade.ts';
import { createUpstreamPools } from './upstream-pool.ts';

const plain: ExchangeKind = { expectsContinue: false, upgrade: undefined };
const continued: ExchangeKind = { expectsContinue: true, upgrade: undefined };

/**
 * An engine that is not listening yet. Throws when an option cannot work (certificate, key, trusted proxies). Nothing
 * keeps the process alive once `drain` has resolved.
 */
export function createEngine<C>(options: EngineOptions, handler: RequestHandler<C>): Engine {
	const pools = createUpstreamPools();
	const isTrusted = compileBlocks(options.trustedProxies);
	const connections = new WeakMap<Duplex, Connection<Exchange<C>>>();
	const sockets = new Set<Socket>();
	let draining = false;

	const parts: EngineParts<C> = { options, handler, pools, isTrusted, isDraining: () => draining, open: new Set() };

	const connectionOf = (socket: Socket): Connection<Exchange<C>> => {
		let connection = connections.get(socket);
		if (connection === undefined) {
			connection = new Connection(socket, () => {
				// A response whose head went out before the drain promised to keep the connection.
				if (draining) closeGently(socket);
			});
			connections.set(socket, connection);
		}
		return connection;
	};

	const take = (request: IncomingMessage, response: ServerResponse, kind: ExchangeKind): void => {
		const connection = connectionOf(request.socket);
		connection.take(new Exchange(parts, connection, request, response, kind));
	};

	/** A request whose connection has left its parser: answered on the bare socket, which then closes. */
	const takeDetached = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
		const connection = connectionOf(socket);
		if (!connection.idle) {
			// Nobody pipelines an upgrade in good faith, and the answers before it need the socket.
			connection.conclude(() => refuseBare(socket, 'request_malformed', undefined));
			return;
		}
		const response = new ServerResponse(request);
		response.assignSocket(socket);
		response.shouldKeepAlive = false;
		const carried = isCarriedUpgrade(request);
		const exchange = new Exchange(parts, connection, request, response, {
			expectsContinue: false,
			upgrade: carried ? (each, action) => new UpgradeForwarding(each, action, { socket, head }) : undefined,
		});
		response.once('finish', () => {
			response.detachSocket(socket);
			exchange.closed();
			closeGently(socket);
		});
		// An older node hands over upgrades that we do not carry, and with them bodies that nobody parses any more.
		if (!carried && exchange.hasBody) exchange.refuse('request_malformed');
		connection.take(exchange);
		socket.read(0);
	};

	const refuseBare = (socket: Socket, reason: Reason, cause: unknown): void => {
		let answer = prepareAnswer(bareAnswer);
		try {
			answer = prepareAnswer(handler.refuse(reason, undefined, undefined));
		} catch (error) {
			options.log.error('wording a refusal failed', { reason, error });
		}
		writeLastAnswer(socket, answer);
		const outcome = { upstreamStatus: undefined, reason, cause, duration: 0, upstreamDuration: undefined };
		try {
			handler.ended({ ...outcome, status: answer.status }, undefined, undefined);
		} catch (error) {
			options.log.error('recording the end of a request failed', { error });
		}
	};

	const broke = (error: Error, socket: Duplex): void => {
		const reason = reasonOf(error);
		if (reason === undefined || !(socket instanceof Socket) || socket.bytesRead === 0) {
			socket.destroy();
			return;
		}
		const connection = connectionOf(socket);
		const unfinished = connection.unfinished;
		if (unfinished === undefined) connection.conclude(() => refuseBare(socket, reason, error));
		// Our FIN is out already; the client may still be reading its answer.
		else if (!socket.writable) return;
		// Within a body that ends early the client has left, and one whose answer is out must not get a second.
		else if (unfinished.isOver || isEarlyEnd(error)) socket.destroy();
		else unfinished.refuse(reason, error);
	};

	const opened = (socket: Socket): void => {
		socket.on('error', ignore);
		const { connections: limit } = options.limits;
		if (draining || (limit !== undefined && sockets.size >= limit)) {
			socket.destroy();
			return;
		}
		sockets.add(socket);
		socket.once('close', () => sockets.delete(socket));
	};

	const servers = options.listeners.map((listener) => {
		const server = createListener(listener, options);
		server.on('connection', opened);
		server.on('secureConnection', (socket: Socket) => socket.on('error', ignore));
		server.on('request', (request, response) => take(request, response, plain));
		server.on('checkContinue', (request, response) => take(request, response, continued));
		// RFC 9110 §10.1.1 lets a server ignore an expectation it does not know; it is not passed on.
		server.on('checkExpectation', (request, response) => take(request, response, plain));
		server.on('upgrade', (request, socket, head) => takeDetached(request, asSocket(socket), head));
		server.on('connect', (request, socket, head) => takeDetached(request, asSocket(socket), head));
		server.on('clientError', broke);
		return { listener, server };
	});

	return {
		async listen() {
			const bound: BoundAddress[] = [];
			try {
				for (const { server, listener } of servers) {
					bound.push(await openListener(server, listener));
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
		async drain() {
			draining = true;
			const closed = Promise.all(servers.map(({ server }) => close(server)));
			// Connections on which nothing was ever asked count as busy for node.
			for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
			const timer = setTimeout(() => {
				for (const socket of sockets) socket.destroy();
			}, options.timeouts.drain);
			await closed;
			clearTimeout(timer);
			// A decision that is still pending has nobody left to tell; its end is waited for, but not for ever.
			for (const from = performance.now(); parts.open.size > 0 && performance.now() - from < lingerTime; )
				await pause(5);
			await pools.destroy();
		},
	};
}

function isEarlyEnd(error: Error): boolean {
	return 'code' in error && error.code === 'HPE_INVALID_EOF_STATE';
}

/** The reason for an error that node's parser or its clock reports; undefined when there is nobody left to answer. */
function reasonOf(error: Error): Reason | undefined {
	const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
	if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
	if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
	return code.startsWith('HPE_') ? 'request_malformed' : undefined;
}

/** Node types the socket of an upgrade as any duplex stream; on a listener of ours it is always a socket. */
function asSocket(stream: Duplex): Socket {
	if (stream instanceof Socket) return stream;
	throw new TypeError('an upgrade came without a socket');
}

function close(server: Server): Promise<void> {
	return new Promise((resolve) => {
		server.close(() => resolve());
	});
}

function ignore(): void {}

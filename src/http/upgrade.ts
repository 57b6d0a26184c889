/**
 * Carries an upgrade (WebSocket and the like, RFC 9110 §7.8): the upstream is asked only after the decision, on a
 * connection of its own, and the two sides are joined only once it has answered 101. Any other answer is relayed as a
 * plain response.
 */
import type { Buffer } from 'node:buffer';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { isFieldValue } from '#formats/header-value';
import { afterMs } from './deadline.ts';
import type { Carrier, Exchange, ForwardAction } from './exchange.ts';
import { upstreamLines } from './request-headers.ts';
import { clientLines } from './response-headers.ts';
import { effectiveHost } from './target.ts';
import { joinSockets } from './tunnel.ts';
import { faultOf } from './upstream-fault.ts';
import { type Endpoint, maxResponseHead } from './upstream-pool.ts';

/** A client connection that asks for an upgrade, out of its parser's hands. */
export interface UpgradeSocket {
	readonly socket: Socket;
	/** Bytes that came right after the request's head. */
	readonly head: Buffer;
}

/**
 * Whether this request is an upgrade that we carry: GET, HTTP/1.1, no body, and none of its protocols is HTTP/2 or TLS
 * (RFC 2817): a tunnel to an upstream that goes on in HTTP would carry requests that nobody decided. Everything else is
 * a plain request, whose Upgrade is dropped.
 */
export function isCarriedUpgrade(request: IncomingMessage): boolean {
	const { headers } = request;
	if (request.method !== 'GET' || request.httpVersion !== '1.1') return false;
	if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return false;
	const protocols = protocolsOf(headers.upgrade ?? '');
	return protocols.length > 0 && !protocols.some((protocol) => /^(?:h2|http|tls)/.test(protocol));
}

/** Lower-case protocol names of an Upgrade value. */
function protocolsOf(value: string): readonly string[] {
	return value
		.split(',')
		.map((protocol) => protocol.trim().toLowerCase())
		.filter((protocol) => protocol !== '');
}

export class UpgradeForwarding<C> implements Carrier {
	readonly #exchange: Exchange<C>;
	readonly #action: ForwardAction;
	readonly #client: UpgradeSocket;
	#endpoints: readonly Endpoint[] = [];
	#lines: readonly string[] = [];
	#tried = 0;
	#upstream: Socket | undefined;
	#timer: NodeJS.Timeout | undefined;
	#stopped = false;
	#arrived = false;

	constructor(exchange: Exchange<C>, action: ForwardAction, client: UpgradeSocket) {
		this.#exchange = exchange;
		this.#action = action;
		this.#client = client;
	}

	start(): void {
		const { engine, view } = this.#exchange;
		const edits = this.#action.upstream;
		this.#endpoints = engine.pools.endpoints(edits.upstream);
		this.#lines = upstreamLines(view.raw, edits, {
			peer: view.peer,
			scheme: view.scheme,
			host: effectiveHost(view),
			trusted: engine.isTrusted(view.peer),
		});
		this.#exchange.forwarded();
		this.#connect();
	}

	stop(): void {
		this.#stopped = true;
		clearTimeout(this.#timer);
		this.#upstream?.destroy();
	}

	#connect(): void {
		const endpoint = this.#endpoints[this.#tried % this.#endpoints.length];
		if (endpoint === undefined) throw new Error(`the upstream ${this.#action.upstream.upstream.name} has no endpoints`);
		this.#tried += 1;
		endpoint.connect((error, socket) => {
			if (socket !== null && this.#stopped) socket.destroy();
			if (this.#stopped) return;
			if (socket !== null) {
				this.#upstream = socket;
				this.#ask(endpoint, socket);
			} else if (this.#tried < this.#endpoints.length) this.#connect();
			else this.#exchange.refuse('upstream_unreachable', error);
		});
	}

	#ask(endpoint: Endpoint, socket: Socket): void {
		const { view } = this.#exchange;
		const { upstream, path, query } = this.#action.upstream;
		const host = upstream.preserveHost ? effectiveHost(view) : '';
		const authority = host === '' ? endpoint.authority : host;
		const protocols = view.header('upgrade') ?? '';
		let request: ClientRequest;
		try {
			request = httpRequest({
				createConnection: () => socket,
				method: 'GET',
				path: path + query,
				maxHeaderSize: maxResponseHead,
				headers: ['Host', authority, ...this.#lines, 'Connection', 'Upgrade', 'Upgrade', protocols],
			});
		} catch (error) {
			this.#exchange.refuse('internal_error', error);
			return;
		}
		this.#timer = afterMs(upstream.timeout, () => this.#exchange.refuse('upstream_timeout'));
		request.once('upgrade', (response: IncomingMessage, raw: Socket, head: Buffer) =>
			this.#switched(response, raw, head),
		);
		request.once('response', (response: IncomingMessage) => this.#declined(response));
		request.on('error', (error: unknown) => {
			if (!this.#stopped) this.#exchange.refuse(faultOf(error, this.#arrived), error);
		});
		request.end();
	}

	#declined(response: IncomingMessage): void {
		clearTimeout(this.#timer);
		this.#arrived = true;
		response.on('error', () => undefined);
		if (this.#stopped) return;
		const status = response.statusCode ?? 0;
		if (status < 200) {
			this.#exchange.refuse('upstream_invalid_response', new Error(`unexpected status ${status}`));
			return;
		}
		if (!this.#exchange.sendHead(status, response.rawHeaders, this.#action)) return;
		pipeline(response, this.#exchange.response, (error) => {
			if (error !== null && error !== undefined && !this.#stopped) {
				this.#exchange.refuse('upstream_invalid_response', error);
			}
		});
	}

	#switched(response: IncomingMessage, upstream: Socket, head: Buffer): void {
		clearTimeout(this.#timer);
		if (this.#stopped) {
			upstream.destroy();
			return;
		}
		const { view, engine } = this.#exchange;
		const offered = protocolsOf(view.header('upgrade') ?? '');
		const chosen = response.headers.upgrade ?? '';
		let answer: string | undefined;
		try {
			answer = switchingHead(chosen, clientLines(response.rawHeaders, 101, this.#action.response));
		} catch (error) {
			this.#exchange.refuse('internal_error', error);
			return;
		}
		if (response.statusCode !== 101 || answer === undefined || !offered.includes(chosen.trim().toLowerCase())) {
			this.#exchange.refuse('upstream_invalid_response', new Error('the upstream switched to something else'));
			return;
		}
		const { socket } = this.#client;
		this.#exchange.answered(101);
		this.#exchange.switched();
		this.#stopped = true;
		socket.write(answer, 'latin1');
		if (head.length > 0) socket.write(head);
		if (this.#client.head.length > 0) upstream.write(this.#client.head);
		joinSockets(socket, upstream, {
			idle: engine.options.timeouts.tunnelIdle,
			until: this.#action.until,
			ended: () => this.#exchange.end(101),
		});
	}
}

/** The head of our 101; undefined when a line of it could not go on a wire. */
function switchingHead(protocol: string, lines: readonly string[]): string | undefined {
	let head = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
	for (let index = 0; index + 1 < lines.length; index += 2) {
		const value = lines[index + 1] ?? '';
		if (!isFieldValue(value)) return undefined;
		head += `${lines[index]}: ${value}\r\n`;
	}
	return isFieldValue(protocol) ? `${head}\r\n` : undefined;
}

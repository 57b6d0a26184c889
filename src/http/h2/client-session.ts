/**
 * One HTTP/2 connection (RFC 9113): opens a stream for every request, counts what a client may not send without end, and
 * closes so that streams under way can end. Frames and header compression are node's.
 */

import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { EngineParts } from '../engine-parts.ts';
import { refuseUnread } from '../exchange/refuse-unread.ts';
import { ForwardedLines } from '../h1/forwarded-text.ts';
import { lingerTime } from '../linger.ts';
import type { Peer } from '../peer.ts';
import type { Timed } from '../sweep.ts';
import { ClientStream } from './client-stream.ts';
import { ControlMeter } from './control-meter.ts';
import { nodeHttp2 } from './node-http2.ts';
import { connectionWindow, sessionOptions } from './session-options.ts';
import { readStreamHead } from './stream-head.ts';

export class ClientSession<C> implements Timed {
	readonly engine: EngineParts<C>;
	readonly peer: Peer;
	readonly forwarded: ForwardedLines;
	deadline: number;
	readonly #socket: Socket;
	readonly #session: ServerHttp2Session;
	readonly #control: ControlMeter;
	#open = 0;

	/** `socket` is a TLS connection on which both sides have agreed to speak HTTP/2. */
	constructor(socket: Socket, peer: Peer, engine: EngineParts<C>) {
		const { sweep, options } = engine;
		this.engine = engine;
		this.peer = peer;
		this.forwarded = new ForwardedLines(peer, engine.isTrusted(peer.address));
		this.deadline = sweep.in(options.timeouts.requestHead);
		this.#socket = socket;
		this.#control = new ControlMeter(sweep.now);
		sweep.add(this);
		socket.on('end', () => socket.destroySoon()).on('close', () => sweep.remove(this));
		const session = nodeHttp2().performServerHandshake(socket, sessionOptions(options));
		this.#session = session;
		session.setLocalWindowSize(connectionWindow);
		session.on('stream', (stream, _, flags, raw) => this.#opened(stream, flags, raw));
		session.on('ping', () => this.#counted()).on('remoteSettings', () => this.#counted());
		session.on('error', ignore);
	}

	/** No new streams from now on; those under way may end, and the connection ends with the last of them. */
	drain(): void {
		this.#session.close();
		if (this.#open === 0) this.deadline = this.engine.sweep.in(lingerTime);
	}

	streamClosed(): void {
		this.#open -= 1;
		if (this.#open > 0) return;
		const { keepAlive } = this.engine.options.timeouts;
		if (this.#session.closed || keepAlive <= 0) this.drain();
		else this.deadline = this.engine.sweep.in(keepAlive);
	}

	expired(): void {
		if (this.#session.closed) this.#socket.destroy();
		else this.drain();
	}

	#opened(stream: ServerHttp2Stream, flags: number, raw: readonly string[]): void {
		this.engine.sweep.tick();
		this.#open += 1;
		this.deadline = Number.POSITIVE_INFINITY;
		const isWhole = (flags & nodeHttp2().constants.NGHTTP2_FLAG_END_STREAM) !== 0;
		const client = new ClientStream(stream, this, isWhole);
		const head = readStreamHead(raw, isWhole, this.engine.options.limits, this.peer);
		if (typeof head === 'string') refuseUnread(this.engine, client, head, undefined);
		else client.serve(head);
	}

	#counted(): void {
		if (!this.#control.take(this.engine.sweep.tick()))
			this.#session.destroy(undefined, nodeHttp2().constants.NGHTTP2_ENHANCE_YOUR_CALM);
	}
}

/** How a connection ends is told by its socket's 'close'. */
function ignore(): void {}

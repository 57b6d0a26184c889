/**
 * One stream of an HTTP/2 connection: one request, read at the pace at which somebody takes its body, and its response.
 * What nobody takes stays within the stream's window.
 */
import { Buffer } from 'node:buffer';
import type { ServerHttp2Stream } from 'node:http2';
import type { EngineParts } from '../engine-parts.ts';
import type { Client } from '../exchange/client.ts';
import { Exchange } from '../exchange/exchange.ts';
import { type Body, CountedBody } from '../h1/body.ts';
import { chunked } from '../h1/framing.ts';
import type { RequestHead } from '../h1/request-head.ts';
import type { Peer } from '../peer.ts';
import type { Timed } from '../sweep.ts';
import type { ClientSession } from './client-session.ts';
import { DataBody } from './data-body.ts';
import { nodeHttp2 } from './node-http2.ts';
import { StreamWriter } from './stream-writer.ts';

const nothing = Buffer.alloc(0);

export class ClientStream<C> implements Client<C>, Timed {
	readonly engine: EngineParts<C>;
	readonly response: StreamWriter;
	deadline = Number.POSITIVE_INFINITY;
	readonly #stream: ServerHttp2Stream;
	readonly #session: ClientSession<C>;
	#exchange: Exchange<C> | undefined;
	/** What was read and not taken yet. */
	#rest: Buffer | undefined;
	/** All of the request has been read. */
	#isEnded: boolean;

	/** `isWhole`: the request has no body. */
	constructor(stream: ServerHttp2Stream, session: ClientSession<C>, isWhole: boolean) {
		this.engine = session.engine;
		this.response = new StreamWriter(stream);
		this.#stream = stream;
		this.#session = session;
		this.#isEnded = isWhole;
		this.engine.sweep.add(this);
		stream.on('drain', () => this.#onDrain()).on('aborted', () => this.#onGone());
		stream.on('error', ignore).on('close', () => this.#onClose());
		// The end of a request without a body must be read like any other, or the stream would never close.
		if (isWhole) stream.resume();
		else {
			stream.pause();
			stream.on('data', (chunk: Buffer) => this.#onData(chunk)).on('end', () => this.#onEnd());
		}
	}

	get peer(): Peer {
		return this.#session.peer;
	}

	get isTrusted(): boolean {
		return this.#session.forwarded.isTrusted;
	}

	serve(head: RequestHead): void {
		this.#exchange = new Exchange(this, head, false);
		this.#exchange.start();
	}

	bodyOf({ framing }: RequestHead): Body {
		return framing === chunked ? new DataBody() : new CountedBody(Math.max(framing, 0));
	}

	get hasMore(): boolean {
		return this.#rest !== undefined;
	}

	pull(body: Body): Buffer | undefined | null {
		const bytes = this.#rest;
		if (bytes !== undefined) {
			this.#rest = undefined;
			return body.take(bytes, 0) < bytes.length ? null : bytes;
		}
		if (!this.#isEnded) return undefined;
		if (!(body instanceof DataBody)) return null;
		body.ended();
		return nothing;
	}

	pauseReading(): void {
		this.#stream.pause();
	}

	resumeReading(): void {
		// The end may have come while nobody wanted it, and then it will not come again.
		if (this.#isEnded) process.nextTick(this.#offer);
		else this.#stream.resume();
	}

	forwardedLines(head: RequestHead, host: string): string {
		return this.#session.forwarded.lines(head, host);
	}

	over(): void {
		this.close();
	}

	/** A request that is still coming is told to stop once the response is out (RFC 9113 §8.1). */
	close(): void {
		this.#exchange = undefined;
		this.#rest = undefined;
		this.#stream.end();
		this.deadline = this.engine.sweep.in(this.engine.options.timeouts.requestBody);
		if (this.#isEnded) return;
		// Not before: a stream that node takes for closed already could not be cancelled when the client reads nothing.
		if (this.#stream.writableFinished) this.#stop();
		else this.#stream.once('finish', () => this.#stop());
	}

	#stop(): void {
		this.#stream.resume();
		this.#stream.close(nodeHttp2().constants.NGHTTP2_NO_ERROR);
	}

	cut(): void {
		this.#exchange = undefined;
		// `close` would send END_STREAM before it resets, and the response would look whole; an error resets alone.
		this.#stream.destroy(new Error('the response broke off'));
	}

	detach(): undefined {
		return undefined;
	}

	expired(): void {
		if (this.#exchange === undefined) this.#stream.close(nodeHttp2().constants.NGHTTP2_CANCEL);
		else this.#exchange.clientLate();
	}

	#onData(chunk: Buffer): void {
		this.engine.sweep.tick();
		if (this.#exchange === undefined) return;
		this.#rest = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
		this.#offer();
		if (this.#rest !== undefined) this.#stream.pause();
	}

	#onEnd(): void {
		this.#isEnded = true;
		this.#offer();
	}

	readonly #offer = (): void => {
		if (this.#exchange?.wantsBody === true) this.#exchange.bodyArrived();
	};

	#onDrain(): void {
		this.engine.sweep.tick();
		this.#exchange?.clientDrained();
	}

	/** The client has reset the stream, or the connection is gone. */
	#onGone(): void {
		const exchange = this.#exchange;
		this.#exchange = undefined;
		this.#rest = undefined;
		this.#stream.resume();
		this.engine.sweep.tick();
		exchange?.clientLeft();
	}

	#onClose(): void {
		this.#onGone();
		this.engine.sweep.remove(this);
		this.#session.streamClosed();
	}
}

/** How a stream ends is told by its 'close'. */
function ignore(): void {}

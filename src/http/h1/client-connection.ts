/**
 * One client connection: reads heads, gives each request its turn, and closes so that the client can read its answer.
 * Requests are taken strictly one after the other; what comes while one is under way is left in the socket after at most
 * one read, so a flood of pipelined requests waits in the client's own buffers.
 */
import { Buffer } from 'node:buffer';
import type { Reason } from '#core/index';
import type { EngineParts } from '../engine-parts.ts';
import type { Client, Detached } from '../exchange/client.ts';
import { Exchange } from '../exchange/exchange.ts';
import { refuseUnread } from '../exchange/refuse-unread.ts';
import { lingerBytes, lingerTime } from '../linger.ts';
import type { Peer } from '../peer.ts';
import type { Timed } from '../sweep.ts';
import { kept, type Wire, type WireListener } from '../wire.ts';
import { type Body, bodyOf } from './body.ts';
import { ForwardedLines } from './forwarded-text.ts';
import { CR } from './octets.ts';
import { PartialHead } from './partial-head.ts';
import { type RequestHead, readRequestHead, skipEmptyLines } from './request-head.ts';
import { SocketWriter } from './socket-writer.ts';

/** `idle` reads heads, `busy` has a request under way, `discarding` drops the rest of a body that nobody wants. */
type Phase = 'idle' | 'busy' | 'discarding' | 'closing' | 'gone';

export class ClientConnection<C> implements Client<C>, Timed, WireListener {
	readonly wire: Wire;
	readonly engine: EngineParts<C>;
	readonly peer: Peer;
	readonly isTrusted: boolean;
	readonly response: SocketWriter;
	deadline: number;
	#phase: Phase = 'idle';
	#exchange: Exchange<C> | undefined;
	/** What was read and not taken yet, from `#at` on. */
	#rest: Buffer | undefined;
	#at = 0;
	readonly #partial = new PartialHead();
	#isPaused = false;
	#isServing = false;
	/** What is left of a body that is being dropped, and how much was dropped. */
	#unwanted: Body | undefined;
	#dropped = 0;
	readonly #forwarded: ForwardedLines;

	constructor(wire: Wire, peer: Peer, engine: EngineParts<C>) {
		this.wire = wire;
		this.engine = engine;
		this.peer = peer;
		this.isTrusted = engine.isTrusted(peer.address);
		this.#forwarded = new ForwardedLines(peer, this.isTrusted);
		this.response = new SocketWriter(wire, engine.options.timeouts.keepAlive);
		this.deadline = engine.sweep.in(engine.options.timeouts.requestHead);
		engine.sweep.add(this);
		wire.listen(this);
	}

	/** Ends it if no request is under way and none has begun to come; else the last one's response will say so. */
	drain(): void {
		if (this.#phase === 'idle' && this.#partial.isEmpty) this.close();
	}

	bodyOf(head: RequestHead): Body {
		return bodyOf(head.framing);
	}

	get hasMore(): boolean {
		return this.#rest !== undefined;
	}

	pull(body: Body): Buffer | undefined | null {
		const bytes = this.#rest;
		if (bytes === undefined) return undefined;
		const end = body.take(bytes, this.#at);
		if (end < 0) return null;
		this.#advance(end);
		return bytes;
	}

	pauseReading(): void {
		if (this.#isPaused) return;
		this.#isPaused = true;
		this.wire.socket.pause();
	}

	resumeReading(): void {
		if (!this.#isPaused) return;
		this.#isPaused = false;
		this.wire.socket.resume();
	}

	forwardedLines(head: RequestHead, host: string): string {
		return this.#forwarded.lines(head, host);
	}

	over(exchange: Exchange<C>, persists: boolean, unwanted: Body | undefined): void {
		if (this.#exchange !== exchange || this.#phase !== 'busy') return;
		this.#exchange = undefined;
		if (!persists) {
			this.close();
			return;
		}
		if (unwanted === undefined) {
			this.#rested();
			return;
		}
		this.#phase = 'discarding';
		this.#unwanted = unwanted;
		this.#dropped = 0;
		this.deadline = this.engine.sweep.in(lingerTime);
		this.resumeReading();
		this.#discard();
	}

	/**
	 * Sends our FIN now and destroys the connection later: destroyed under a client that still sends, it would give that
	 * client a reset instead of its answer. What still comes is dropped, within bounds.
	 */
	close(): void {
		if (this.#phase === 'closing' || this.#phase === 'gone') return;
		this.#phase = 'closing';
		this.#exchange = undefined;
		this.#dropped = this.#rest === undefined ? 0 : this.#rest.length - this.#at;
		this.#rest = undefined;
		// A client may take as long for an answer as for a body; from when it has gone out, the connection lingers.
		this.deadline = this.engine.sweep.in(this.engine.options.timeouts.requestBody);
		this.wire.end(this.#onFlushed);
		if (this.wire.socket.readableEnded) this.wire.destroySoon();
		else this.resumeReading();
	}

	cut(reset = false): void {
		// What was passed on so far is the client's.
		this.wire.flush();
		if (reset) this.wire.reset();
		else this.wire.destroy();
	}

	/** Nothing of this listens on the socket any more. */
	detach(): Detached {
		const rest = this.#rest === undefined ? undefined : kept(this.#rest.subarray(this.#at));
		this.#phase = 'gone';
		this.#exchange = undefined;
		this.engine.sweep.remove(this);
		return { wire: this.wire, rest };
	}

	expired(): void {
		switch (this.#phase) {
			case 'idle':
				if (this.#partial.isEmpty) this.close();
				else this.#refuse('request_timeout', undefined);
				break;
			case 'busy':
				this.#exchange?.clientLate();
				break;
			default:
				this.wire.destroy();
		}
	}

	arrived(chunk: Buffer): void {
		this.engine.sweep.tick();
		this.#take(chunk);
		if (this.#rest !== undefined) this.#rest = kept(this.#rest);
	}

	#take(chunk: Buffer): void {
		switch (this.#phase) {
			case 'idle': {
				const bytes = this.#partial.add(chunk);
				if (bytes === undefined) return;
				this.#rest = bytes;
				this.#at = 0;
				this.#serve(false);
				break;
			}
			case 'busy':
				this.#hold(chunk);
				if (this.#exchange?.wantsBody === true) this.#exchange.bodyArrived();
				if (this.#rest !== undefined) this.pauseReading();
				break;
			case 'discarding':
				this.#hold(chunk);
				this.#discard();
				break;
			default:
				this.#drop(chunk.length);
		}
	}

	drained(): void {
		this.#exchange?.clientDrained();
	}

	readonly #onFlushed = (): void => {
		if (this.#phase === 'closing') this.deadline = this.engine.sweep.in(lingerTime);
	};

	ended(): void {
		switch (this.#phase) {
			case 'idle':
				if (this.#partial.isEmpty) this.close();
				else this.#refuse('request_malformed', new Error('the connection ended within a head'));
				break;
			case 'closing':
				this.wire.destroySoon();
				break;
			default:
				// A client that has gone away in the middle of an exchange does not wait for its end.
				this.wire.destroy();
		}
	}

	closed(): void {
		const exchange = this.#exchange;
		this.#phase = 'gone';
		this.#exchange = undefined;
		this.#rest = undefined;
		this.engine.sweep.remove(this);
		exchange?.clientLeft();
	}

	#hold(chunk: Buffer): void {
		if (this.#rest === undefined) this.#rest = chunk;
		else this.#rest = Buffer.concat([this.#rest.subarray(this.#at), chunk]);
		this.#at = 0;
	}

	#advance(to: number): void {
		if (this.#rest !== undefined && to >= this.#rest.length) {
			this.#rest = undefined;
			this.#at = 0;
		} else this.#at = to;
	}

	/** The last request is over, its connection stays. */
	#rested(): void {
		this.#phase = 'idle';
		this.#unwanted = undefined;
		this.#serve(true);
	}

	/** Takes requests one after the other, as long as each is over at once. `isBehind`: another one before what is there. */
	#serve(isBehind: boolean): void {
		if (this.#isServing) return;
		this.#isServing = true;
		let isPipelined = isBehind;
		while (this.#phase === 'idle' && this.#rest !== undefined && this.#takeHead(isPipelined)) isPipelined = true;
		this.#isServing = false;
		if (this.#phase === 'idle') this.#await(isPipelined);
		else if (this.#phase === 'busy' && this.#rest !== undefined) this.pauseReading();
	}

	/** Waits for a head, or for the rest of one. Only a request makes a wait longer: line ends alone do not. */
	#await(isBehind: boolean): void {
		const { options, sweep } = this.engine;
		if (this.#partial.isEmpty && isBehind) {
			// A response whose head went out before the drain promised to keep the connection.
			if (this.engine.isDraining()) {
				this.close();
				return;
			}
			this.deadline = sweep.in(options.timeouts.keepAlive);
		}
		this.resumeReading();
	}

	/** False when there is no whole head to take, or nothing more may be taken. */
	#takeHead(isPipelined: boolean): boolean {
		const bytes = this.#rest;
		if (bytes === undefined) return false;
		const { limits, timeouts } = this.engine.options;
		const from = skipEmptyLines(bytes, this.#at);
		const isBlank = from === bytes.length || (from + 1 === bytes.length && bytes[from] === CR);
		const head = isBlank ? undefined : readRequestHead(bytes, from, limits, this.peer);
		if (typeof head === 'string') {
			this.#refuse(head, undefined);
			return false;
		}
		if (head === undefined) {
			this.#rest = undefined;
			this.#at = 0;
			if (from === bytes.length) this.#partial.clear();
			else {
				const isUntimed = this.deadline === Number.POSITIVE_INFINITY;
				if (this.#partial.isEmpty && (isUntimed || !isBlank))
					this.deadline = this.engine.sweep.in(timeouts.requestHead);
				this.#partial.keep(bytes, from);
			}
			return false;
		}
		this.#partial.clear();
		this.#advance(from + head.text.length);
		this.#phase = 'busy';
		this.deadline = Number.POSITIVE_INFINITY;
		const exchange = new Exchange(this, head, isPipelined);
		this.#exchange = exchange;
		exchange.start();
		return true;
	}

	/** Drops the rest of a body after an early response; an honest client keeps its connection. */
	#discard(): void {
		const body = this.#unwanted;
		if (body === undefined) return;
		const before = body.received;
		const bytes = this.pull(body);
		if (bytes === null) this.cut();
		else if (body.isComplete) this.#rested();
		else this.#drop(body.received - before);
	}

	#drop(bytes: number): void {
		this.#dropped += bytes;
		if (this.#dropped > lingerBytes) this.pauseReading();
	}

	/** Answers what is no request, and closes. */
	#refuse(reason: Reason, cause: unknown): void {
		refuseUnread(this.engine, this, reason, cause);
	}
}

/**
 * One client connection: reads heads, gives each request its turn, and closes so that the client can read its answer.
 * Requests are taken strictly one after the other; what comes while one is under way is left in the socket after at most
 * one read, so a flood of pipelined requests waits in the client's own buffers.
 */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Answer, Reason } from '#core/index';
import { bareAnswer, prepareAnswer } from '../answer.ts';
import { lingerBytes, lingerTime } from '../linger.ts';
import type { Body } from './body.ts';
import { answerHead, persistenceLines } from './client-head.ts';
import type { EngineParts } from './engine-parts.ts';
import { Exchange } from './exchange.ts';
import { forwardedText } from './forwarded-text.ts';
import { CR } from './octets.ts';
import { PartialHead } from './partial-head.ts';
import { type Peer, type RequestHead, readRequestHead, skipEmptyLines } from './request-head.ts';
import type { Timed } from './sweep.ts';

/** `idle` reads heads, `busy` has a request under way, `discarding` drops the rest of a body that nobody wants. */
type Phase = 'idle' | 'busy' | 'discarding' | 'closing' | 'gone';

export class ClientConnection<C> implements Timed {
	readonly socket: Socket;
	readonly engine: EngineParts<C>;
	readonly peer: Peer;
	readonly isTrusted: boolean;
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
	#forwardedHost: string | undefined;
	#forwardedText = '';

	constructor(socket: Socket, engine: EngineParts<C>) {
		this.socket = socket;
		this.engine = engine;
		this.peer = peerOf(socket);
		this.isTrusted = engine.isTrusted(this.peer.address);
		this.deadline = engine.sweep.in(engine.options.timeouts.requestHead);
		engine.sweep.add(this);
		socket.on('data', this.#onData).on('drain', this.#onDrain).on('end', this.#onEnd).on('close', this.#onClose);
	}

	/** True while no request is under way and none has begun to come. */
	get isIdle(): boolean {
		return this.#phase === 'idle' && this.#partial.isEmpty;
	}

	/** Whether bytes are waiting here that came behind what was taken so far. */
	get hasMore(): boolean {
		return this.#rest !== undefined;
	}

	/** Lets `body` read what is there: the bytes it read in, undefined when there are none, null when they are malformed. */
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
		this.socket.pause();
	}

	resumeReading(): void {
		if (!this.#isPaused) return;
		this.#isPaused = false;
		this.socket.resume();
	}

	/** Field lines about this connection for the upstream; the same for every request of it to the same host. */
	forwardedLines(head: RequestHead, host: string): string {
		if (this.isTrusted) return forwardedText(head, { peer: this.peer, host, isTrusted: true });
		if (host !== this.#forwardedHost) {
			this.#forwardedHost = host;
			this.#forwardedText = forwardedText(head, { peer: this.peer, host, isTrusted: false });
		}
		return this.#forwardedText;
	}

	/**
	 * The exchange is over and its response was written. `unwanted` is what is left of its request's body; undefined when
	 * all of it was read.
	 */
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
		this.deadline = this.engine.sweep.in(lingerTime);
		this.socket.end();
		if (this.socket.readableEnded) this.socket.destroySoon();
		else this.resumeReading();
	}

	/** Ends at once. With `reset`, in a way that nobody can take for the end of a body. */
	cut(reset = false): void {
		if (reset) this.socket.resetAndDestroy();
		else this.socket.destroy();
	}

	/** Takes the socket out of here, with what was read and not taken; nothing of this listens on it any more. */
	detach(): Buffer | undefined {
		const rest = this.#rest?.subarray(this.#at);
		this.#phase = 'gone';
		this.#exchange = undefined;
		this.engine.sweep.remove(this);
		this.socket.off('data', this.#onData).off('drain', this.#onDrain);
		this.socket.off('end', this.#onEnd).off('close', this.#onClose);
		return rest;
	}

	expired(): void {
		switch (this.#phase) {
			case 'idle':
				if (this.#partial.isEmpty) this.socket.destroySoon();
				else this.#refuse('request_timeout', undefined);
				break;
			case 'busy':
				this.#exchange?.clientLate();
				break;
			default:
				this.socket.destroy();
		}
	}

	readonly #onData = (chunk: Buffer): void => {
		this.engine.sweep.tick();
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
	};

	readonly #onDrain = (): void => this.#exchange?.clientDrained();

	readonly #onEnd = (): void => {
		switch (this.#phase) {
			case 'idle':
				if (this.#partial.isEmpty) this.socket.destroySoon();
				else this.#refuse('request_malformed', new Error('the connection ended within a head'));
				break;
			case 'closing':
				this.socket.destroySoon();
				break;
			default:
				// A client that has gone away in the middle of an exchange does not wait for its end.
				this.socket.destroy();
		}
	};

	readonly #onClose = (): void => {
		const exchange = this.#exchange;
		this.#phase = 'gone';
		this.#exchange = undefined;
		this.#rest = undefined;
		this.engine.sweep.remove(this);
		exchange?.clientLeft();
	};

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
		if (this.#phase === 'idle') this.#await();
		else if (this.#phase === 'busy' && this.#rest !== undefined) this.pauseReading();
	}

	/** Waits for a head, or for the rest of one. */
	#await(): void {
		const { options, sweep } = this.engine;
		if (this.#partial.isEmpty) {
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
				if (this.#partial.isEmpty) this.deadline = this.engine.sweep.in(timeouts.requestHead);
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
		const { handler, options } = this.engine;
		let answer: Answer = bareAnswer;
		try {
			answer = handler.refuse(reason, undefined, undefined);
		} catch (error) {
			options.log.error('wording a refusal failed', { reason, error });
		}
		let prepared = prepareAnswer(bareAnswer);
		try {
			prepared = prepareAnswer(answer);
		} catch (error) {
			options.log.error('an answer could not be written', { error });
		}
		const { status, body } = prepared;
		const head = answerHead(prepared, persistenceLines({ persists: false, keepAlive: 0 }));
		this.socket.write(head + body.toString('latin1'), 'latin1');
		this.close();
		const outcome = { upstreamStatus: undefined, reason, cause, duration: 0, upstreamDuration: undefined };
		try {
			handler.ended({ ...outcome, status }, undefined, undefined);
		} catch (error) {
			options.log.error('recording the end of a request failed', { error });
		}
	}
}

function peerOf(socket: Socket): Peer {
	const secure = socket instanceof TLSSocket;
	const name = secure && 'servername' in socket && typeof socket.servername === 'string' ? socket.servername : '';
	return {
		address: plainAddress(socket.remoteAddress ?? ''),
		scheme: secure ? 'https' : 'http',
		serverName: name === '' ? undefined : name.toLowerCase(),
	};
}

/** An IPv4 address that a dual-stack socket shows as `::ffff:192.0.2.1` is that IPv4 address. */
function plainAddress(address: string): string {
	return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

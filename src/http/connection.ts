/**
 * One client connection: who is at its other end, and whose turn it is. Pipelined requests are taken one after the
 * other, so that each is decided and answered alone and a flood of them waits in the client's own buffers.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface Peer {
	readonly address: string;
	readonly scheme: 'http' | 'https';
	readonly serverName: string | undefined;
}

/** What takes a turn on a connection. */
export interface Turn {
	/** Whether all of its request was read. */
	readonly complete: boolean;
	start(): void;
}

/** Requests that may wait behind the current one: more than one read of a socket can hold by an honest client. */
const maxWaiting = 1_000;

export class Connection<T extends Turn> {
	readonly socket: Socket;
	readonly peer: Peer;
	readonly #rested: () => void;
	#current: T | undefined;
	#waiting: T[] = [];
	/** The turn that is over although its request is still coming in. */
	#leftover: T | undefined;
	#last: (() => void) | undefined;
	#concluded = false;
	#paused = false;

	/** `rested` is called whenever the last request under way is over and the connection stays. */
	constructor(socket: Socket, rested: () => void) {
		this.socket = socket;
		this.#rested = rested;
		this.peer = peerOf(socket);
	}

	/** True when nothing is under way. */
	get idle(): boolean {
		return this.#current === undefined;
	}

	/** The request of which bytes are still to come, whether or not its turn is over. */
	get unfinished(): T | undefined {
		const newest = this.#waiting.at(-1) ?? this.#current ?? this.#leftover;
		return newest?.complete === false ? newest : undefined;
	}

	/** Starts `turn` now or when those before it are over. */
	take(turn: T): void {
		if (this.#concluded || !this.socket.writable) return;
		if (this.#current === undefined) {
			this.#current = turn;
			turn.start();
			return;
		}
		this.#waiting.push(turn);
		if (this.#waiting.length > maxWaiting) this.socket.destroy();
		else {
			this.#paused = true;
			this.socket.pause();
		}
	}

	/** To be called once when a turn is over. */
	over(turn: T): void {
		if (this.#current !== turn) return;
		this.#leftover = turn.complete ? undefined : turn;
		// After a last answer (`Connection: close`) nothing more is served (RFC 9112 §9.6).
		this.#current = this.socket.writable ? this.#waiting.shift() : undefined;
		if (this.#current !== undefined) {
			this.#current.start();
			return;
		}
		if (this.#paused) {
			this.#paused = false;
			this.socket.resume();
		}
		if (!this.socket.writable) return;
		if (this.#last === undefined) this.#rested();
		else this.#last();
	}

	/** Nothing more is taken; `last` runs once everything under way is over. Only the first call counts. */
	conclude(last: () => void): void {
		if (this.#concluded) return;
		this.#concluded = true;
		if (this.#current !== undefined) this.#last = last;
		else if (this.socket.writable) last();
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

/**
 * A socket as the engine reads and writes it. Where node allows it, every connection of the process reads into one
 * buffer, so a read allocates nothing and an idle connection holds none. What is written in one turn of the event loop
 * goes out at its end, in one write a socket: the peers are woken once for what all their connections have to read.
 */
import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';

/** Who hears of a connection. */
export interface WireListener {
	/** Bytes that came. They stay as they are only until this call returns; `kept` makes them stay. */
	arrived(bytes: Buffer): void;
	/** What was written has gone out; more may be written. */
	drained(): void;
	/** The peer sends no more. */
	ended(): void;
	/** The connection is gone; `error` is undefined when it was closed in order. Called once, and last. */
	closed(error: Error | undefined): void;
}

/** Up to this many bytes, one copy into a text is cheaper than a second write. */
export const joined = 8 * 1024;

const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** Views of what was read, by their length: to make one costs as much as to read a head of three lines. */
const views: (Buffer | undefined)[] = Array.from({ length: 256 });

/** The first octets of the shared buffer. */
function beginning(length: number): Buffer {
	const slot = length % views.length;
	let view = views[slot];
	if (view === undefined || view.length !== length) {
		view = shared.subarray(0, length);
		views[slot] = view;
	}
	return view;
}

const silent: WireListener = { arrived() {}, drained() {}, ended() {}, closed() {} };

/** What a socket reads into, and whom it tells: has to be said when the socket is made. */
interface OnRead {
	readonly buffer: Buffer;
	readonly callback: (length: number) => boolean;
}

/** The parts of node's socket that are not in its types: its handle, which another socket object can take over. */
interface WithHandle {
	_handle: { readonly useUserBuffer?: unknown } | null;
}

export class Wire {
	readonly socket: Socket;
	#listener: WireListener = silent;
	#pending = '';
	/** A character of it; -1: nothing is pending. */
	#first = -1;
	/** Somebody may have been told to wait for what is pending. */
	#isAwaited = false;
	#error: Error | undefined;

	private constructor(makeSocket: (onread: OnRead | undefined) => Socket, sharesBuffer: boolean) {
		this.socket = makeSocket(
			sharesBuffer
				? {
						buffer: shared,
						callback: (length) => {
							this.#listener.arrived(beginning(length));
							return true;
						},
					}
				: undefined,
		);
		if (!sharesBuffer) this.socket.on('data', (bytes: Buffer) => this.#listener.arrived(bytes));
		this.socket.on('drain', () => this.#listener.drained());
		this.socket.on('end', () => this.#listener.ended());
		this.socket.on('error', (error) => {
			this.#error = error;
		});
		this.socket.on('close', () => {
			this.#take();
			const listener = this.#listener;
			this.#listener = silent;
			listener.closed(this.#error);
		});
	}

	/**
	 * A connection that was accepted with `pauseOnConnect` and that nobody has read from. Its handle gets a new socket
	 * object, because only that can be told where to read to; `accepted` is of no use afterwards.
	 */
	static accept(accepted: Socket): Wire {
		const parts = accepted as unknown as WithHandle;
		const handle = parts._handle;
		// Not in node's documentation, so it is asked for: without it, reads are allocated as they always are.
		if (handle === null || typeof handle.useUserBuffer !== 'function') {
			const wire = Wire.of(accepted);
			// It was accepted paused, and nothing else would ever read from it.
			accepted.resume();
			return wire;
		}
		parts._handle = null;
		const wire = new Wire((onread) => new Socket({ handle, onread, allowHalfOpen: true } as object), true);
		// Without a handle this closes nothing, but the server no longer counts it.
		accepted.destroy();
		return wire;
	}

	/** A connection whose socket exists already (TLS): reads are node's own. */
	static of(socket: Socket): Wire {
		return new Wire(() => socket, false);
	}

	/** A connection that `connect` opens with the options it is given. */
	static open(connect: (options: { readonly onread: OnRead }) => Socket): Wire {
		return new Wire((onread) => connect({ onread: onread as OnRead }), true);
	}

	/** From now on `listener` hears of it, and nobody else. */
	listen(listener: WireListener): void {
		this.#listener = listener;
	}

	/** Whether the peer reads too slowly for more to be written now; `drained` will be called then. */
	get isBlocked(): boolean {
		return this.socket.writableLength + this.#pending.length >= this.socket.writableHighWaterMark;
	}

	/** Whether something that was written waits for the end of the turn: the peer cannot have seen it. */
	get isWaiting(): boolean {
		return this.#first >= 0;
	}

	/** Whether a write has failed. */
	get isBroken(): boolean {
		return this.socket.errored !== null;
	}

	/** Latin1. */
	write(text: string): void {
		if (text === '') return;
		if (this.#first < 0) post(this);
		// V8 puts a joined text together when somebody looks into it: better now, while its pieces are in the processor's cache,
		// than at the end of the turn, dozens of requests later.
		this.#first = text.charCodeAt(0);
		this.#pending += text;
		if (this.isBlocked) this.#isAwaited = true;
	}

	/** Writes `before`, the bytes from `start` to `end`, and `after`; texts are latin1. */
	send(before: string, bytes: Buffer, start: number, end: number, after: string): void {
		if (end - start <= joined) {
			this.write(start === end ? before + after : before + bytes.toString('latin1', start, end) + after);
			return;
		}
		const piece = bytes.subarray(start, end);
		const lead = this.#take() + before;
		this.socket.cork();
		if (lead !== '') this.socket.write(lead, 'latin1');
		this.#writeBytes(piece);
		if (after !== '') this.socket.write(after, 'latin1');
		this.socket.uncork();
	}

	/** From the shared buffer by way of a block that comes back once it has gone out: a long body leaves no garbage. */
	#writeBytes(piece: Buffer): void {
		if (piece.buffer !== shared.buffer) {
			this.socket.write(piece);
			return;
		}
		const block = blocks.pop() ?? Buffer.allocUnsafeSlow(shared.length);
		piece.copy(block);
		this.socket.write(block.subarray(0, piece.length), () => {
			if (blocks.length < mostBlocks) blocks.push(block);
		});
	}

	/** Writes out what waits for the end of the turn. */
	flush(): void {
		const text = this.#take();
		if (text !== '') this.socket.write(text, 'latin1');
	}

	/** What waits for the end of the turn, and does so no longer. */
	#take(): string {
		const text = this.#pending;
		this.#pending = '';
		this.#first = -1;
		return text;
	}

	/** The end of a turn. Where the socket has room again by then, it has nothing to say: the wait ends here. */
	turned(): void {
		this.flush();
		if (!this.#isAwaited) return;
		this.#isAwaited = false;
		if (this.socket.writable && !this.socket.writableNeedDrain) this.#listener.drained();
	}

	/** Sends what was written, and a FIN behind it. */
	end(flushed?: () => void): void {
		this.flush();
		this.socket.end(flushed);
	}

	/** Ends as soon as what was written has gone out. */
	destroySoon(): void {
		this.flush();
		this.socket.destroySoon();
	}

	/** At once; what waits for the end of the turn is not sent. */
	destroy(error?: Error): void {
		this.#take();
		this.socket.destroy(error);
	}

	/** In a way that nobody can take for the end of a body. */
	reset(): void {
		this.#take();
		this.socket.resetAndDestroy();
	}
}

/** Blocks that nobody uses, and how many of them are kept: two megabytes. */
const blocks: Buffer[] = [];
const mostBlocks = 32;

/** These bytes, or a copy of them where the next read would write over them. */
export function kept(bytes: Buffer): Buffer {
	return bytes.buffer === shared.buffer ? Buffer.from(bytes) : bytes;
}

let waiting: Wire[] = [];
let isScheduled = false;

function post(wire: Wire): void {
	waiting.push(wire);
	if (isScheduled) return;
	isScheduled = true;
	setImmediate(flushAll);
}

function flushAll(): void {
	const wires = waiting;
	waiting = [];
	isScheduled = false;
	for (const wire of wires) wire.turned();
}

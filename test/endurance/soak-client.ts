/** One client of the soak: a connection at a time, one request at a time, each answer read to its end and compared. */
import { connect, type Socket } from 'node:net';

export interface Answer {
	readonly status: number;
	/** latin1; empty where only its size was asked for. */
	readonly body: string;
	readonly size: number;
	readonly persists: boolean;
}

export class SoakClient {
	readonly #port: number;
	#socket: Socket | undefined;
	#text = '';
	#head: { status: number; length: number; persists: boolean } | undefined;
	#size = 0;
	#settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

	constructor(port: number) {
		this.#port = port;
	}

	/** Sends these pieces, each by itself, and reads one answer. Rejects when the connection ends before that. */
	async ask(...pieces: readonly (string | Uint8Array)[]): Promise<Answer> {
		const socket = await this.#connected();
		const answered = new Promise<Answer>((resolve, reject) => {
			this.#settle = { resolve, reject };
		});
		for (const piece of pieces) {
			const isTaken = typeof piece === 'string' ? socket.write(piece, 'latin1') : socket.write(piece);
			if (!isTaken && socket.writable) await Promise.race([drained(socket), answered.catch(() => undefined)]);
		}
		const answer = await answered;
		if (!answer.persists) this.leave();
		return answer;
	}

	/** Sends this and is gone. */
	async abandon(bytes: string): Promise<void> {
		const socket = await this.#connected();
		await new Promise<void>((resolve) => {
			socket.write(bytes, 'latin1', () => resolve());
		});
		this.leave();
	}

	/** Closes the connection; the next request opens another. */
	leave(): void {
		this.#socket?.destroy();
		this.#socket = undefined;
		this.#settle = undefined;
		this.#text = '';
		this.#head = undefined;
	}

	async #connected(): Promise<Socket> {
		if (this.#socket !== undefined) return this.#socket;
		const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
		this.#socket = socket;
		await new Promise<void>((resolve, reject) => {
			socket.once('connect', resolve).once('error', reject);
		});
		socket.on('error', () => undefined).on('data', (chunk: Buffer) => this.#hear(chunk));
		socket.on('close', () => {
			if (this.#socket !== socket) return;
			const settle = this.#settle;
			this.leave();
			settle?.reject(new Error('the connection ended before the answer'));
		});
		return socket;
	}

	#hear(chunk: Buffer): void {
		if (this.#head === undefined) {
			this.#text += chunk.toString('latin1');
			const end = this.#text.indexOf('\r\n\r\n');
			if (end < 0) return;
			const head = this.#text.slice(0, end);
			this.#text = this.#text.slice(end + 4);
			this.#size = this.#text.length;
			const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
			this.#head = { status: Number(head.slice(9, 12)), length, persists: !/\r\nconnection: close/i.test(head) };
		} else {
			this.#size += chunk.length;
			// A large body is counted, not kept.
			if (this.#size <= 4_096) this.#text += chunk.toString('latin1');
		}
		const { status, length, persists } = this.#head;
		if (this.#size < length) return;
		const answer = { status, body: this.#text, size: this.#size, persists: persists && this.#size === length };
		const settle = this.#settle;
		this.#text = '';
		this.#head = undefined;
		this.#settle = undefined;
		settle?.resolve(answer);
	}
}

function drained(socket: Socket): Promise<void> {
	return new Promise((resolve) => {
		socket.once('drain', resolve).once('close', () => resolve());
	});
}

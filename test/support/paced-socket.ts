/** What a wire takes for a socket, without a network: it has taken a write when the test says so. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

export class PacedSocket extends Duplex {
	/** Latin1, in order. */
	readonly written: string[] = [];
	#taken: (() => void)[] = [];

	constructor() {
		super({ allowHalfOpen: true });
	}

	/** For whoever knows sockets only. */
	get asSocket(): Socket {
		return this as unknown as Socket;
	}

	/** The peer has read what was written so far. */
	takeAll(): void {
		const taken = this.#taken;
		this.#taken = [];
		for (const done of taken) done();
	}

	override _read(): void {}

	override _write(chunk: Buffer, _: string, done: () => void): void {
		this.written.push(chunk.toString('latin1'));
		this.#taken.push(done);
	}

	setTimeout(): this {
		return this;
	}

	setNoDelay(): this {
		return this;
	}

	destroySoon(): void {
		this.end();
		if (this.writableFinished) this.destroy();
		else this.once('finish', () => this.destroy());
	}
}

/** A head that comes in several reads: kept until it may be worth another look, so that looking stays linear. */
import { Buffer } from 'node:buffer';

export class PartialHead {
	#bytes: Buffer | undefined;
	#looked = 0;
	#searched = 0;

	get isEmpty(): boolean {
		return this.#bytes === undefined;
	}

	/** Bytes to read a head from; undefined while it cannot be complete and has not grown enough to be judged anew. */
	add(chunk: Buffer): Buffer | undefined {
		if (this.#bytes === undefined) return chunk;
		this.#bytes = Buffer.concat([this.#bytes, chunk]);
		const bytes = this.#bytes;
		const ends = bytes.includes('\r\n\r\n', Math.max(0, this.#searched - 3), 'latin1');
		this.#searched = bytes.length;
		return ends || bytes.length >= this.#looked * 2 ? bytes : undefined;
	}

	/** The bytes from `from` on are not a whole head yet. */
	keep(bytes: Buffer, from: number): void {
		// A copy, because a slice would keep the whole read alive.
		this.#bytes = Buffer.from(bytes.subarray(from));
		this.#looked = this.#bytes.length;
		this.#searched = this.#bytes.length;
	}

	clear(): void {
		this.#bytes = undefined;
	}
}

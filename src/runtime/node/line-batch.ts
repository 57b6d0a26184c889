/**
 * Lines that wait to be written, as octets in memory that is used again. A line becomes octets as soon as it is there:
 * joined to a long text first, it would be put together from its pieces only when these have left the processor's cache.
 */

/** Octets of a batch at first, and for as long as no more are needed. */
const usualSize = 32 * 1024;
/** In UTF-8, of one UTF-16 code unit. */
const mostOctets = 3;

export class LineBatch {
	/** Octets so far. */
	length = 0;
	/** Lines so far. */
	lines = 0;
	#memory: Buffer | undefined;

	/** Takes a line without its end. */
	add(line: string): void {
		const memory = this.#withRoom(line.length * mostOctets + 1);
		const end = this.length + memory.write(line, this.length);
		memory[end] = 0x0a;
		this.length = end + 1;
		this.lines += 1;
	}

	/** All lines, each with its end. They stay as they are until the next `add` or `clear`. */
	get bytes(): Buffer {
		return this.#memory?.subarray(0, this.length) ?? Buffer.alloc(0);
	}

	/** Forgets the lines; memory that was needed once is given back. */
	clear(): void {
		this.length = 0;
		this.lines = 0;
		if (this.#memory !== undefined && this.#memory.length > usualSize) this.#memory = undefined;
	}

	#withRoom(octets: number): Buffer {
		const needed = this.length + octets;
		const before = this.#memory;
		if (before !== undefined && needed <= before.length) return before;
		const memory = Buffer.allocUnsafeSlow(Math.max(usualSize, needed, (before?.length ?? 0) * 2));
		before?.copy(memory, 0, 0, this.length);
		this.#memory = memory;
		return memory;
	}
}

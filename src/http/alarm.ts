/** A call at a time of the wall clock: when what was decided no longer holds. */

/** setTimeout takes no more milliseconds than this. */
const longestWait = 2 ** 31 - 1;

export class Alarm {
	readonly #at: number;
	readonly #ring: () => void;
	#timer: NodeJS.Timeout | undefined;

	/** Calls `ring` once, at `at` (milliseconds since the epoch; Infinity: never), but never before it returns. */
	constructor(at: number, ring: () => void) {
		this.#at = at;
		this.#ring = ring;
		if (Number.isFinite(at)) this.#wait();
	}

	clear(): void {
		clearTimeout(this.#timer);
	}

	#wait(): void {
		const left = Math.min(Math.max(this.#at - Date.now(), 0), longestWait);
		this.#timer = setTimeout(() => {
			// A clock that was set back, or a wait longer than a timer takes.
			if (Date.now() < this.#at) this.#wait();
			else this.#ring();
		}, left);
	}
}

/** A bucket of a few permits that fills by the clock: what bounds fetches that tokens ask for, whatever they say. */

export class TokenBucket {
	readonly #capacity: number;
	readonly #interval: number;
	#permits: number;
	/** Monotonic milliseconds at which the last permit counted as added. */
	#filledAt: number;

	/** Starts full. One permit comes back every `interval` ms. */
	constructor(capacity: number, interval: number, monotonic: number) {
		this.#capacity = capacity;
		this.#interval = interval;
		this.#permits = capacity;
		this.#filledAt = monotonic;
	}

	/** Takes a permit if there is one. */
	take(monotonic: number): boolean {
		const added = Math.floor((monotonic - this.#filledAt) / this.#interval);
		if (added > 0) {
			this.#permits = Math.min(this.#capacity, this.#permits + added);
			this.#filledAt += added * this.#interval;
		}
		if (this.#permits === 0) return false;
		// A full bucket has not been filling: its interval begins now.
		if (this.#permits === this.#capacity) this.#filledAt = monotonic;
		this.#permits--;
		return true;
	}
}

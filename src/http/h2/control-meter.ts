/** How many control frames a client may send: a bucket that fills again by the second. */
import { controlBurst, controlRate } from './session-options.ts';

export class ControlMeter {
	#left = controlBurst;
	#at: number;

	/** `now`: monotonic milliseconds, as for `take`. */
	constructor(now: number) {
		this.#at = now;
	}

	/** Counts one; false: that was one too many. */
	take(now: number): boolean {
		this.#left = Math.min(controlBurst, this.#left + ((now - this.#at) / 1_000) * controlRate) - 1;
		this.#at = now;
		return this.#left >= 0;
	}
}

/** So many calls at a time, so many waiting, and none of them for ever: a slow server fills no memory and no pool. */
import type { Timers } from '#core/index';

export interface CallSlotsLimits {
	/** Calls at a time. */
	readonly concurrency: number;
	/** Calls that may wait for their turn; one more is turned away. */
	readonly waiting: number;
	/** Milliseconds that one may wait. */
	readonly patience: number;
}

export class CallSlots {
	readonly #limits: CallSlotsLimits;
	readonly #timers: Timers;
	#taken = 0;
	/** In order of arrival. */
	readonly #waiting = new Set<() => void>();

	constructor(limits: CallSlotsLimits, timers: Timers) {
		this.#limits = limits;
		this.#timers = timers;
	}

	/** False when there was no turn: too many wait, or it took too long. After true, `release` is owed. */
	take(): boolean | Promise<boolean> {
		if (this.#taken < this.#limits.concurrency) {
			this.#taken++;
			return true;
		}
		if (this.#waiting.size >= this.#limits.waiting) return false;
		return new Promise((resolve) => {
			const turn = (): void => {
				cancel();
				resolve(true);
			};
			const cancel = this.#timers.after(this.#limits.patience, () => {
				this.#waiting.delete(turn);
				resolve(false);
			});
			this.#waiting.add(turn);
		});
	}

	/** The next in line takes over, else the slot is free. */
	release(): void {
		const [next] = this.#waiting;
		if (next === undefined) {
			this.#taken--;
			return;
		}
		this.#waiting.delete(next);
		next();
	}

	get taken(): number {
		return this.#taken;
	}

	get waiting(): number {
		return this.#waiting.size;
	}
}

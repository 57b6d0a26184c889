/**
 * Time-outs without a timer each: whoever has a deadline is looked at every now and then. Looking is one comparison, so
 * a request costs nothing; a deadline is met late by at most a quarter of its length.
 */
import { performance } from 'node:perf_hooks';

/** Something with a deadline. */
export interface Timed {
	/** Monotonic milliseconds; Infinity: none. */
	deadline: number;
	/** Called once the deadline is past, which has been set to Infinity before. */
	expired(): void;
}

/** Milliseconds between two looks, at most and at least. */
const longest = 500;
const shortest = 10;

export class Sweep {
	/** Monotonic milliseconds: of the last read of any socket, which is near enough for a time-out. */
	now: number = performance.now();
	readonly #timed = new Set<Timed>();
	#interval = longest;
	#timer: NodeJS.Timeout | undefined;

	/** Reads the clock. */
	tick(): number {
		this.now = performance.now();
		return this.now;
	}

	add(timed: Timed): void {
		this.#timed.add(timed);
		this.#timer ??= this.#start();
	}

	remove(timed: Timed): void {
		this.#timed.delete(timed);
	}

	/** When `ms` from now are over; Infinity for 0, Infinity and whatever else is no time-out. */
	in(ms: number): number {
		if (!(ms > 0) || !Number.isFinite(ms)) return Number.POSITIVE_INFINITY;
		if (ms < this.#interval * 4) this.#quicken(ms / 4);
		return this.now + ms;
	}

	stop(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
		this.#timed.clear();
	}

	#quicken(wanted: number): void {
		const interval = Math.max(shortest, Math.floor(wanted));
		if (interval >= this.#interval) return;
		this.#interval = interval;
		if (this.#timer === undefined) return;
		clearInterval(this.#timer);
		this.#timer = this.#start();
	}

	/** Never keeps the process alive: the listeners do. */
	#start(): NodeJS.Timeout {
		return setInterval(() => this.#look(), this.#interval).unref();
	}

	#look(): void {
		const now = this.tick();
		for (const timed of this.#timed) {
			if (timed.deadline > now) continue;
			timed.deadline = Number.POSITIVE_INFINITY;
			timed.expired();
		}
	}
}

/**
 * Stops asking a server that does not answer, and tries again by itself: after some failures in a row nobody asks for a
 * while, then one may; its success opens the way for all, its failure doubles the wait. Holds no timer.
 */
export interface CircuitBreakerLimits {
	/** Failures in a row that open the circuit. */
	readonly threshold: number;
	/** Milliseconds of the first wait and of the longest. */
	readonly shortest: number;
	readonly longest: number;
}

export const defaultCircuitLimits: CircuitBreakerLimits = { threshold: 5, shortest: 1_000, longest: 10_000 };

export class CircuitBreaker {
	readonly #limits: CircuitBreakerLimits;
	#failures = 0;
	/** Monotonic milliseconds; undefined while the circuit is closed. */
	#openUntil: number | undefined = undefined;
	#wait = 0;
	#probing = false;

	constructor(limits: CircuitBreakerLimits = defaultCircuitLimits) {
		this.#limits = limits;
	}

	/** Whether the server may be asked now. Whoever is let in must tell how it went. */
	admit(monotonic: number): boolean {
		if (this.#openUntil === undefined) return true;
		if (this.#probing || monotonic < this.#openUntil) return false;
		this.#probing = true;
		return true;
	}

	succeeded(): void {
		this.#failures = 0;
		this.#openUntil = undefined;
		this.#wait = 0;
		this.#probing = false;
	}

	failed(monotonic: number): void {
		this.#failures++;
		const wasOpen = this.#openUntil !== undefined;
		// Others that were under way when the circuit opened end late, and say nothing new.
		if (wasOpen && !this.#probing) return;
		if (!wasOpen && this.#failures < this.#limits.threshold) return;
		this.#probing = false;
		this.#wait = wasOpen ? Math.min(this.#wait * 2, this.#limits.longest) : this.#limits.shortest;
		this.#openUntil = monotonic + this.#wait;
	}

	/** Asked for nothing that counts: a probe that ended so leaves the way to the next one. */
	undecided(): void {
		this.#probing = false;
	}

	isOpen(): boolean {
		return this.#openUntil !== undefined;
	}

	/** Seconds until asking is worth while, at least 1. */
	retryAfter(monotonic: number): number {
		return Math.max(1, Math.ceil(((this.#openUntil ?? monotonic) - monotonic) / 1000));
	}
}

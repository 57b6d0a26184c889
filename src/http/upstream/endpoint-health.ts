/**
 * Whether an endpoint is trusted with requests. Too many failures in a row eject it for a time that grows while it goes
 * on failing; after that time one request at a time tries it, until one succeeds. An active health check, where there is
 * one, has a say of its own.
 */
import type { EjectionSettings } from '#core/index';

export type EndpointState = 'available' | 'ejected' | 'unhealthy';

export class EndpointHealth {
	/** What the active check says. */
	isUnhealthy = false;
	readonly #settings: EjectionSettings;
	#failures = 0;
	#isEjected = false;
	/** Monotonic milliseconds. */
	#until = 0;
	/** Ejections that followed each other soon. */
	#ejections = 0;
	#restoredAt = Number.NEGATIVE_INFINITY;
	/** A request is on its way to the ejected endpoint; `due`: because its time is over. */
	#trial: 'none' | 'forced' | 'due' = 'none';

	constructor(settings: EjectionSettings) {
		this.#settings = settings;
	}

	get state(): EndpointState {
		if (this.isUnhealthy) return 'unhealthy';
		return this.#isEjected ? 'ejected' : 'available';
	}

	/** `now`: monotonic milliseconds. */
	isAvailable(now: number): boolean {
		return this.availableFrom <= now;
	}

	/** Monotonic milliseconds from which on it is trusted if nothing happens before; Infinity: something has to. */
	get availableFrom(): number {
		if (this.isUnhealthy) return Number.POSITIVE_INFINITY;
		return this.#isEjected ? this.#until : Number.NEGATIVE_INFINITY;
	}

	/** A request goes there: the next one waits for what becomes of it, or for the time of one ejection. */
	picked(now: number): void {
		if (!this.#isEjected) return;
		if (this.#until > now) {
			if (this.#trial === 'none') this.#trial = 'forced';
			return;
		}
		this.#trial = 'due';
		this.#until = now + this.#settings.time;
	}

	/** True when that brings it back. */
	succeeded(now: number): boolean {
		this.#failures = 0;
		// What was on its way before the ejection proves nothing.
		if (!this.#isEjected || this.#trial === 'none') return false;
		this.restore(now);
		return true;
	}

	/** True when that ejects it. */
	failed(now: number): boolean {
		if (this.#isEjected) {
			// Only a trial in its turn may prolong an ejection: with no other endpoint left, requests come by the thousand.
			if (this.#trial === 'due') this.#eject(now);
			this.#trial = 'none';
			return false;
		}
		this.#failures += 1;
		if (this.#failures < this.#settings.failures) return false;
		if (now - this.#restoredAt > this.#settings.maxTime) this.#ejections = 0;
		this.#eject(now);
		return true;
	}

	/** Trusts it again at once. */
	restore(now: number): void {
		if (this.#isEjected) this.#restoredAt = now;
		this.#isEjected = false;
		this.#failures = 0;
		this.#until = 0;
		this.#trial = 'none';
	}

	#eject(now: number): void {
		const { time, maxTime } = this.#settings;
		this.#isEjected = true;
		this.#trial = 'none';
		this.#until = now + Math.min(time * 2 ** this.#ejections, maxTime);
		// Beyond this the time would not grow any more, whatever its bounds.
		this.#ejections = Math.min(this.#ejections + 1, 30);
	}
}

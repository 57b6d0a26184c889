/**
 * One upstream: which endpoint a request goes to, and whether it goes at all. Requests beyond the connections wait in a
 * queue, those beyond the queue are refused at once. Nothing is counted that would have to be given back: what is under
 * way is what is open and not idle.
 */
import type { Upstream } from '#core/index';
import type { Sweep, Timed } from '../sweep.ts';
import { leastBusy } from './balance.ts';
import { Endpoint, type EndpointOptions } from './endpoint.ts';
import type { Leaseholder, UpstreamConnection } from './upstream-connection.ts';

/** Who asks for a connection. */
export interface Applicant extends Leaseholder {
	/** A connection may be there now: ask again. */
	turnCame(): void;
	/** Nothing became free in time; nobody is waiting here any more. */
	waitedInVain(): void;
}

/** What happened so far; routes with the same upstream share it, whatever pool they use. */
export interface UpstreamCounts {
	/** Requests refused because too much was under way or waiting. */
	refused: number;
	/** Requests that were sent, or tried, again. */
	repeated: number;
}

const nobody: readonly Endpoint[] = [];

export class UpstreamPool implements Timed {
	readonly upstream: Upstream;
	readonly endpoints: readonly Endpoint[];
	readonly counts: UpstreamCounts;
	/** Of the one that waits longest. */
	deadline = Number.POSITIVE_INFINITY;
	readonly #sweep: Sweep;
	readonly #only: Endpoint | undefined;
	/** In order of arrival, each with its deadline. */
	readonly #waiting = new Map<Applicant, number>();
	#isServing = false;
	#turn = 0;

	/** Throws when there is no endpoint, or the TLS settings cannot be used. */
	constructor(upstream: Upstream, counts: UpstreamCounts, options: Omit<EndpointOptions, 'upstream' | 'freed'>) {
		const [first, second] = upstream.endpoints;
		if (first === undefined) throw new Error(`the upstream ${upstream.name} has no endpoints`);
		const freed = (): void => {
			if (this.#waiting.size > 0) this.#serve();
		};
		this.upstream = upstream;
		this.counts = counts;
		this.#sweep = options.sweep;
		this.endpoints = upstream.endpoints.map((origin) => new Endpoint(origin, { ...options, upstream, freed }));
		this.#only = second === undefined ? this.endpoints[0] : undefined;
	}

	/** Requests that wait for a connection. */
	get waiting(): number {
		return this.#waiting.size;
	}

	/** Requests and tunnels under way, waiting ones included. */
	get inFlight(): number {
		let sum = this.#waiting.size;
		for (const endpoint of this.endpoints) sum += endpoint.inFlight;
		return sum;
	}

	/** True once nothing is open or waiting. */
	get isEmpty(): boolean {
		return this.#waiting.size === 0 && this.endpoints.every(({ open }) => open === 0);
	}

	/**
	 * A connection from now on leased to `applicant`, who hears when it is there if it is new. `waiting`: its turn will
	 * come. `avoided` are endpoints that it tried already; `fresh`: no connection that was used before.
	 */
	lease(
		applicant: Applicant,
		avoided: readonly Endpoint[] = nobody,
		fresh = false,
	): UpstreamConnection<Endpoint> | 'waiting' | 'overloaded' {
		if (this.#waiting.size > 0 && !this.#isServing) return this.#enqueue(applicant);
		const { maxRequests } = this.upstream.pool;
		if (maxRequests !== Number.POSITIVE_INFINITY && this.inFlight >= maxRequests) return this.#refuse();
		const endpoint = this.#only ?? this.#choose(avoided);
		const connection = endpoint.lease(applicant, fresh);
		if (connection === undefined) return this.#enqueue(applicant);
		endpoint.picked();
		return connection;
	}

	/** It no longer waits. */
	withdraw(applicant: Applicant): void {
		if (this.#waiting.size > 0 && this.#waiting.delete(applicant)) this.#watch();
	}

	/** Nobody asks for this upstream any more, except requests that were decided before. */
	retire(): void {
		for (const endpoint of this.endpoints) endpoint.retire();
	}

	/** Breaks off whatever is open. */
	destroy(): void {
		this.#sweep.remove(this);
		for (const endpoint of this.endpoints) endpoint.destroy();
	}

	expired(): void {
		const now = this.#sweep.now;
		for (const [applicant, deadline] of Array.from(this.#waiting)) {
			if (deadline > now) continue;
			// It may have left while another one heard that it waited in vain.
			if (!this.#waiting.delete(applicant)) continue;
			this.counts.refused += 1;
			applicant.waitedInVain();
		}
		this.#watch();
	}

	#choose(avoided: readonly Endpoint[]): Endpoint {
		const endpoint = leastBusy(this.endpoints, avoided, this.#turn, this.#sweep.now);
		// A second attempt takes nobody else's turn.
		if (avoided.length === 0) this.#turn = (this.#turn + 1) % this.endpoints.length;
		if (endpoint === undefined) throw new Error('an upstream without endpoints');
		return endpoint;
	}

	#enqueue(applicant: Applicant): 'waiting' | 'overloaded' {
		const { maxWaiting, maxRequests, waitTimeout } = this.upstream.pool;
		if (this.#waiting.size >= maxWaiting || this.inFlight >= maxRequests) return this.#refuse();
		this.#waiting.set(applicant, this.#sweep.in(waitTimeout));
		this.#watch();
		return 'waiting';
	}

	#refuse(): 'overloaded' {
		this.counts.refused += 1;
		return 'overloaded';
	}

	/** Gives turns to those that wait, as long as there is something to give. */
	#serve(): void {
		if (this.#isServing) return;
		this.#isServing = true;
		try {
			// Who comes back to the queue goes to its end, and is not seen twice here.
			for (const [applicant, deadline] of Array.from(this.#waiting)) {
				if (!this.#hasRoom()) break;
				if (!this.#waiting.delete(applicant)) continue;
				applicant.turnCame();
				// A turn that came to nothing gives no more time.
				if (this.#waiting.has(applicant)) this.#waiting.set(applicant, deadline);
			}
		} finally {
			this.#isServing = false;
			this.#watch();
		}
	}

	/** Whether a request could go somewhere now. One that is left out counts only when there is no other. */
	#hasRoom(): boolean {
		const { now } = this.#sweep;
		const trusted = this.endpoints.filter((endpoint) => endpoint.isAvailable(now));
		return (trusted.length > 0 ? trusted : this.endpoints).some(({ hasRoom }) => hasRoom);
	}

	#watch(): void {
		const [first] = this.#waiting.values();
		this.deadline = first ?? Number.POSITIVE_INFINITY;
		if (first === undefined) this.#sweep.remove(this);
		else this.#sweep.add(this);
	}
}

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

interface Wait {
	/** Monotonic milliseconds. */
	readonly deadline: number;
	/** Endpoints that it tried already. */
	readonly avoided: readonly Endpoint[];
}

const nobody: readonly Endpoint[] = [];

export class UpstreamPool implements Timed {
	readonly upstream: Upstream;
	readonly endpoints: readonly Endpoint[];
	readonly counts: UpstreamCounts;
	/** When one that waits may have waited long enough, or an endpoint that has room is trusted again. */
	deadline = Number.POSITIVE_INFINITY;
	readonly #sweep: Sweep;
	readonly #only: Endpoint | undefined;
	/** In order of arrival. */
	readonly #waiting = new Map<Applicant, Wait>();
	/** No later than the first deadline of those that wait. */
	#earliest = Number.POSITIVE_INFINITY;
	#isServing = false;
	/** Something became free while turns were given: of use perhaps to one that was passed over before. */
	#isOwed = false;
	#turn = 0;

	/** Throws when there is no endpoint, or the TLS settings cannot be used. */
	constructor(upstream: Upstream, counts: UpstreamCounts, options: Omit<EndpointOptions, 'upstream' | 'freed'>) {
		const [first, second] = upstream.endpoints;
		if (first === undefined) throw new Error(`the upstream ${upstream.name} has no endpoints`);
		const freed = (): void => {
			this.#isOwed = true;
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
		if (this.#waiting.size > 0 && !this.#isServing) {
			// Who came before goes first, where what is free is of use to them.
			if (this.#hasRoom(avoided)) this.#serve();
			if (this.#waiting.size > 0 && !this.#hasRoom(avoided)) return this.#enqueue(applicant, avoided);
		}
		const { maxRequests } = this.upstream.pool;
		if (maxRequests !== Number.POSITIVE_INFINITY && this.inFlight >= maxRequests) return this.#refuse();
		const endpoint = this.#only ?? this.#choose(avoided);
		const connection = endpoint.lease(applicant, fresh);
		if (connection === undefined) return this.#enqueue(applicant, avoided);
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
		this.#earliest = Number.POSITIVE_INFINITY;
		for (const [applicant, { deadline }] of Array.from(this.#waiting)) {
			if (deadline > now) {
				this.#earliest = Math.min(this.#earliest, deadline);
				continue;
			}
			// It may have left while another one heard that it waited in vain.
			if (!this.#waiting.delete(applicant)) continue;
			this.counts.refused += 1;
			applicant.waitedInVain();
		}
		// An endpoint may have come back with time.
		this.#serve();
	}

	#choose(avoided: readonly Endpoint[]): Endpoint {
		const endpoint = leastBusy(this.endpoints, avoided, this.#turn, this.#sweep.now);
		// A second attempt takes nobody else's turn.
		if (avoided.length === 0) this.#turn = (this.#turn + 1) % this.endpoints.length;
		if (endpoint === undefined) throw new Error('an upstream without endpoints');
		return endpoint;
	}

	#enqueue(applicant: Applicant, avoided: readonly Endpoint[]): 'waiting' | 'overloaded' {
		const { maxWaiting, maxRequests, waitTimeout } = this.upstream.pool;
		if (this.#waiting.size >= maxWaiting || this.inFlight >= maxRequests) return this.#refuse();
		const deadline = this.#sweep.in(waitTimeout);
		this.#waiting.set(applicant, { deadline, avoided });
		this.#earliest = Math.min(this.#earliest, deadline);
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
			do {
				this.#isOwed = false;
				this.#giveTurns();
			} while (this.#isOwed);
		} finally {
			this.#isServing = false;
			this.#watch();
		}
	}

	/** To each for which there is room, in order. Who comes to the queue meanwhile is not seen here: this ends, whatever they do. */
	#giveTurns(): void {
		let isFull = false;
		for (const [applicant, { avoided }] of Array.from(this.#waiting)) {
			// What is full for one that tried nothing yet is so for all of these; who avoids some endpoint may go elsewhere.
			if (isFull && avoided.length === 0) continue;
			if (!this.#hasRoom(avoided)) {
				isFull ||= avoided.length === 0;
				continue;
			}
			if (this.#waiting.delete(applicant)) applicant.turnCame();
		}
	}

	/** Whether a request that avoids these could go somewhere now. */
	#hasRoom(avoided: readonly Endpoint[]): boolean {
		const endpoint = this.#only ?? leastBusy(this.endpoints, avoided, this.#turn, this.#sweep.now);
		return endpoint?.hasRoom === true;
	}

	#watch(): void {
		if (this.#waiting.size === 0) {
			this.deadline = this.#earliest = Number.POSITIVE_INFINITY;
			this.#sweep.remove(this);
			return;
		}
		const { now } = this.#sweep;
		this.deadline = this.#earliest;
		for (const endpoint of this.endpoints) {
			if (endpoint.availableFrom > now && endpoint.hasRoom) {
				this.deadline = Math.min(this.deadline, endpoint.availableFrom);
			}
		}
		this.#sweep.add(this);
	}
}

/**
 * One connection to an upstream: leased to one request at a time, and closed as soon as anybody could doubt what the
 * next bytes on it belong to.
 */
import type { Sweep, Timed } from '../sweep.ts';
import type { Wire, WireListener } from '../wire.ts';

/** Who has the connection now and hears what happens on it. */
export interface Leaseholder {
	connected(): void;
	/** Bytes of the response. */
	arrived(chunk: Buffer): void;
	/** What was written has gone out; more may be written. */
	drained(): void;
	/** The deadline that the holder has set is past. */
	late(): void;
	/** The upstream sends no more. */
	ended(): void;
	/** The connection is gone; `error` is undefined when it was closed in order. Called at most once, and last. */
	lost(error: Error | undefined): void;
}

/** Where connections that nobody has go. */
export interface Shelf {
	forget(connection: UpstreamConnection): void;
}

export class UpstreamConnection<S extends Shelf = Shelf> implements Timed, WireListener {
	readonly wire: Wire;
	readonly shelf: S;
	/** Of the addresses of its endpoint's name, when it was last known to be one of them. */
	generation = 0;
	/** While connecting: for the connection; while idle: for the next lease. */
	deadline = Number.POSITIVE_INFINITY;
	isConnected = false;
	readonly #sweep: Sweep;
	#holder: Leaseholder | undefined;

	/** `wire` is connecting; `ready` is the event that says that it has. */
	constructor(wire: Wire, ready: 'connect' | 'secureConnect', holder: Leaseholder, sweep: Sweep, shelf: S) {
		this.wire = wire;
		this.#holder = holder;
		this.#sweep = sweep;
		this.shelf = shelf;
		sweep.add(this);
		wire.socket.once(ready, () => {
			this.isConnected = true;
			this.deadline = Number.POSITIVE_INFINITY;
			sweep.tick();
			this.#holder?.connected();
		});
		wire.listen(this);
	}

	/** Nothing happened on it for too long, or the connection did not come about in time. */
	expired(): void {
		if (this.#holder === undefined) this.destroy();
		else if (this.isConnected) this.#holder.late();
		else this.wire.destroy(new Error('no connection came about in time'));
	}

	/** From now on `holder` hears of it. */
	lease(holder: Leaseholder): void {
		this.#holder = holder;
		this.deadline = Number.POSITIVE_INFINITY;
	}

	/** Nobody hears of it any more; it closes after `idle` milliseconds. */
	rest(idle: number): void {
		this.#holder = undefined;
		this.deadline = this.#sweep.in(idle);
	}

	/** Closes it at once; the holder hears nothing. */
	destroy(): void {
		this.#holder = undefined;
		this.shelf.forget(this);
		this.wire.destroy();
	}

	/** Takes the wire out of here: whoever listens to it next is the only one who does. It counts as open until it is closed. */
	detach(): Wire {
		this.#holder = undefined;
		this.#sweep.remove(this);
		this.wire.socket.once('close', () => this.shelf.forget(this));
		return this.wire;
	}

	arrived(chunk: Buffer): void {
		this.#sweep.tick();
		// Bytes that nobody asked for would be the next request's answer.
		if (this.#holder === undefined) this.destroy();
		else this.#holder.arrived(chunk);
	}

	drained(): void {
		this.#holder?.drained();
	}

	ended(): void {
		if (this.#holder === undefined) this.destroy();
		else this.#holder.ended();
	}

	closed(error: Error | undefined): void {
		this.#sweep.remove(this);
		this.shelf.forget(this);
		const holder = this.#holder;
		this.#holder = undefined;
		this.#sweep.tick();
		holder?.lost(error);
	}
}

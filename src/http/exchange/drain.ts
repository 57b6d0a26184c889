/**
 * The rest of a response that nobody wants any more is read away where it is short, so that its connection carries the next
 * request; else the connection is closed, as it is when anything else happens on it.
 */
import type { Buffer } from 'node:buffer';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { Leaseholder, UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { ResponseRelay } from './response-relay.ts';

/** Octets of an unwanted response that are read away at most. */
export const maxDrained = 64 * 1024;
/** Milliseconds until all of them must be there. */
export const drainTime = 2_000;

export class Drain<C> implements Leaseholder {
	readonly #upstream: UpstreamConnection<Endpoint>;
	readonly #response: ResponseRelay<C>;
	#read = 0;

	/** `response` has been replaced, and is not complete. */
	constructor(upstream: UpstreamConnection<Endpoint>, response: ResponseRelay<C>) {
		this.#upstream = upstream;
		this.#response = response;
	}

	arrived(chunk: Buffer): void {
		this.#read += chunk.length;
		const response = this.#response;
		if (!response.drop(chunk) || this.#read > maxDrained) this.#upstream.destroy();
		else if (response.isReusable) this.#upstream.shelf.shelve(this.#upstream, response.keepAlive);
		else if (response.isComplete) this.#upstream.destroy();
	}

	late(): void {
		this.#upstream.destroy();
	}

	ended(): void {
		this.#upstream.destroy();
	}

	connected(): void {}

	drained(): void {}

	lost(): void {}
}

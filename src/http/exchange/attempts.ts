/**
 * Where a request is tried, and whether once more. It is sent again only where nothing of it can have had an effect: no
 * connection came about, the one it was given was dead before a byte was taken, or it is idempotent, has no body, and the
 * connection broke before anything of a response came (RFC 9110 §9.2.2).
 */
import type { RequestHead } from '../h1/request-head.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { Applicant, UpstreamPool } from '../upstream/upstream-pool.ts';
import { isBrokenConnection } from '../upstream-fault.ts';
import { idempotent } from './idempotent.ts';

const none: readonly Endpoint[] = [];

export class Attempts {
	readonly #pool: UpstreamPool;
	readonly #head: RequestHead;
	/** Endpoints that did not carry it. */
	#failed: readonly Endpoint[] = none;
	#tried = 0;
	#isRepeated = false;

	constructor(pool: UpstreamPool, head: RequestHead) {
		this.#pool = pool;
		this.#head = head;
	}

	/** What the pool has for the next attempt. `isAlone`: a connection that carried nothing before. */
	lease(applicant: Applicant, isAlone: boolean): UpstreamConnection<Endpoint> | 'waiting' | 'overloaded' {
		// What was repeated once meets no second stale one.
		const leased = this.#pool.lease(applicant, this.#failed, isAlone || this.#isRepeated);
		if (typeof leased === 'object') this.#tried += 1;
		return leased;
	}

	/** There is no need of another connection. */
	withdraw(applicant: Applicant): void {
		this.#pool.withdraw(applicant);
	}

	/** Another credential is another request: every endpoint may be tried for it. */
	restart(): void {
		this.#tried = 0;
	}

	/**
	 * The connection of this attempt is gone: whether there may be another attempt, which is counted then. `error` is
	 * undefined when it was closed in order; `hasBegun`: something of the request was sent; `hasArrived`: something of a
	 * response came.
	 */
	mayRepeat(
		{ shelf, isConnected }: UpstreamConnection<Endpoint>,
		error: Error | undefined,
		hasBegun: boolean,
		hasArrived: boolean,
	): boolean {
		this.#failed = [...this.#failed, shelf];
		const repeats = isConnected ? this.#isHarmless(error, hasBegun, hasArrived) : this.#hasUntried();
		if (repeats) this.#pool.counts.repeated += 1;
		return repeats;
	}

	#hasUntried(): boolean {
		return this.#tried < this.#pool.endpoints.length + (this.#isRepeated ? 1 : 0);
	}

	#isHarmless(error: Error | undefined, hasBegun: boolean, hasArrived: boolean): boolean {
		if (this.#isRepeated || hasArrived) return false;
		// Nothing of a request that still waits for its body has been sent.
		if (hasBegun && (this.#head.hasBody || !idempotent.has(this.#head.method))) return false;
		this.#isRepeated = error === undefined || isBrokenConnection(error);
		return this.#isRepeated;
	}
}

/**
 * The active health check of one endpoint: a request of our own on a connection of its own, again and again, over the
 * same name resolution and TLS settings as the requests of clients. Its head is the answer; the body is not read.
 */
import type { HealthCheckSettings } from '#core/index';
import { PartialHead } from '../h1/partial-head.ts';
import { readResponseHead } from '../h1/response-head.ts';
import type { Sweep, Timed } from '../sweep.ts';
import type { Connector } from './connector.ts';
import { type Leaseholder, type Shelf, UpstreamConnection } from './upstream-connection.ts';

/** Whose health it is. */
export interface Patient {
	readonly authority: string;
	readonly connector: Connector;
	checked(isHealthy: boolean, why: string): void;
}

const userAgent = 'countersign-health-check';
/** Nobody takes a check's connection back. */
const nowhere: Shelf = { forget: () => undefined };

export class HealthCheck implements Timed, Leaseholder {
	/** Of the check that is under way, or for the next one. */
	deadline = Number.POSITIVE_INFINITY;
	readonly #patient: Patient;
	readonly #settings: HealthCheckSettings;
	readonly #sweep: Sweep;
	#connection: UpstreamConnection | undefined;
	#partial = new PartialHead();
	/** Results in a row that speak against what is believed; the first result decides alone. */
	#against = Number.POSITIVE_INFINITY;
	#isHealthy = true;
	#isRunning = false;

	constructor(patient: Patient, settings: HealthCheckSettings, sweep: Sweep) {
		this.#patient = patient;
		this.#settings = settings;
		this.#sweep = sweep;
	}

	/** Begins with a check at once. Without effect where checks are under way. */
	start(): void {
		if (this.#isRunning) return;
		this.#isRunning = true;
		this.#sweep.add(this);
		this.expired();
	}

	stop(): void {
		this.#isRunning = false;
		this.#sweep.remove(this);
		this.deadline = Number.POSITIVE_INFINITY;
		this.#connection?.destroy();
		this.#connection = undefined;
	}

	expired(): void {
		if (this.#connection !== undefined) {
			this.#conclude(false, 'it did not answer in time');
			return;
		}
		const { connect, ready } = this.#patient.connector;
		this.#partial = new PartialHead();
		this.#connection = new UpstreamConnection(connect(), ready, this, this.#sweep, nowhere);
		this.deadline = this.#sweep.in(this.#settings.timeout);
	}

	connected(): void {
		const { authority } = this.#patient;
		const lines = `host: ${authority}\r\nuser-agent: ${userAgent}\r\naccept: */*\r\nconnection: close\r\n`;
		this.#connection?.wire.write(`GET ${this.#settings.path} HTTP/1.1\r\n${lines}\r\n`);
	}

	arrived(chunk: Buffer): void {
		const bytes = this.#partial.add(chunk);
		if (bytes === undefined) return;
		let at = 0;
		for (;;) {
			const head = readResponseHead(bytes, at);
			if (head === undefined) {
				this.#partial.keep(bytes, at);
				return;
			}
			if (head === 'malformed' || head.isAmbiguous || head.status === 101) {
				this.#conclude(false, 'its answer is not valid HTTP/1.1');
				return;
			}
			if (head.status >= 200) {
				this.#conclude(this.#isGood(head.status), `it answered ${head.status}`);
				return;
			}
			at += head.length;
		}
	}

	drained(): void {
		// The request is far smaller than any buffer.
	}

	late(): void {
		this.#conclude(false, 'it did not answer in time');
	}

	ended(): void {
		this.#conclude(false, 'it closed the connection without an answer');
	}

	lost(error: Error | undefined): void {
		this.#connection = undefined;
		this.#conclude(false, error?.message ?? 'it closed the connection without an answer');
	}

	#isGood(status: number): boolean {
		const { statuses } = this.#settings;
		return statuses.length === 0 ? status >= 200 && status < 300 : statuses.includes(status);
	}

	#conclude(isGood: boolean, why: string): void {
		this.#connection?.destroy();
		this.#connection = undefined;
		this.deadline = this.#sweep.in(this.#settings.interval);
		const isFirst = this.#against === Number.POSITIVE_INFINITY;
		if (isGood === this.#isHealthy) {
			this.#against = 0;
			return;
		}
		this.#against += 1;
		const { healthy, unhealthy } = this.#settings;
		if (!isFirst && this.#against < (isGood ? healthy : unhealthy)) return;
		this.#against = 0;
		this.#isHealthy = isGood;
		this.#patient.checked(isGood, why);
	}
}

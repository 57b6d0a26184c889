/**
 * Reads the whole of a small request body, for an answer that depends on it. Bounded: in octets by whoever asks, in time
 * like every body.
 */
import { Buffer } from 'node:buffer';
import type { Answer } from '#core/index';
import type { Body } from '../h1/body.ts';
import type { Exchange } from './exchange.ts';

export interface CollectAction {
	readonly kind: 'collect';
	/** Octets; a longer body is refused with `content_too_large`. */
	readonly limit: number;
	answer(body: Uint8Array): Promise<Answer>;
}

export class Collecting<C> {
	readonly #exchange: Exchange<C>;
	readonly #action: CollectAction;
	readonly #pieces: Uint8Array[] = [];
	#body: Body | undefined;
	#isStopped = false;

	constructor(exchange: Exchange<C>, action: CollectAction) {
		this.#exchange = exchange;
		this.#action = action;
	}

	get wantsBody(): boolean {
		return this.#body !== undefined && !this.#body.isComplete && !this.#isStopped;
	}

	get hasWholeBody(): boolean {
		return this.#body?.isComplete === true;
	}

	start(): void {
		const { head, client } = this.#exchange;
		if (head.framing > this.#action.limit) {
			this.#exchange.refuse('content_too_large');
			return;
		}
		if (!head.hasBody) {
			void this.#answer();
			return;
		}
		this.#body = client.bodyOf(head);
		if (head.expectsContinue && !client.hasMore) client.response.goOn();
		this.bodyArrived();
	}

	bodyArrived(): void {
		const { client, engine } = this.#exchange;
		const body = this.#body;
		if (body === undefined || !this.wantsBody) return;
		const bytes = client.pull(body);
		if (bytes === null) {
			this.#exchange.refuse('request_malformed', new Error('the chunked body is malformed'));
			return;
		}
		if (body.received > this.#action.limit) {
			this.#exchange.refuse('content_too_large');
			return;
		}
		if (bytes !== undefined) this.#keep(bytes, body.content);
		if (body.isComplete) {
			client.deadline = Number.POSITIVE_INFINITY;
			void this.#answer();
			return;
		}
		client.deadline = engine.sweep.in(engine.options.timeouts.requestBody);
		client.resumeReading();
	}

	stop(): void {
		this.#isStopped = true;
	}

	clientDrained(): void {}

	/** Copied: the buffer of a read is used again. A Buffer's own `slice` would be another view of it. */
	#keep(bytes: Buffer, content: readonly number[]): void {
		for (let i = 0; i + 1 < content.length; i += 2) {
			this.#pieces.push(Buffer.from(bytes.subarray(content[i], content[i + 1])));
		}
	}

	async #answer(): Promise<void> {
		try {
			const answer = await this.#action.answer(Buffer.concat(this.#pieces));
			this.#exchange.engine.sweep.tick();
			if (!this.#isStopped) this.#exchange.collected(answer);
		} catch (error) {
			this.#exchange.engine.options.log.error('answering a request failed', { error });
			this.#exchange.refuse('internal_error', error);
		}
	}
}

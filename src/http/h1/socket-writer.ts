/** How responses go out on a connection of HTTP/1.1: with as few writes as there are reads, framed as the client needs. */
import type { Buffer } from 'node:buffer';
import type { PreparedAnswer } from '../answer.ts';
import type { ResponseWriter } from '../exchange/client.ts';
import type { Wire } from '../wire.ts';
import type { Stretch } from './body.ts';
import { answerHead, continueHead, persistenceLines, responseHead } from './client-head.ts';
import { chunked, type Framing, noFraming } from './framing.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';

/** `plain`: the stretches as they are; `wrapped`: each as a chunk; `content`: what is inside the chunks. */
type Passage = 'plain' | 'wrapped' | 'content';

export class SocketWriter implements ResponseWriter {
	readonly #wire: Wire;
	readonly #goesOn: string;
	#lead = '';
	#passage: Passage = 'plain';

	/** `keepAlive`: milliseconds that an idle connection is kept. */
	constructor(wire: Wire, keepAlive: number) {
		this.#wire = wire;
		this.#goesOn = persistenceLines({ persists: true, keepAlive: Math.floor(keepAlive / 1_000) });
	}

	get isBlocked(): boolean {
		return this.#wire.isBlocked;
	}

	goOn(): void {
		this.#wire.write(continueHead);
	}

	answer(answer: PreparedAnswer, isHead: boolean, persists: boolean): void {
		const head = answerHead(answer, this.#persistence(persists));
		this.#wire.write(isHead ? head : head + answer.body.toString('latin1'));
	}

	start(
		request: RequestHead,
		head: ResponseHead,
		framing: Framing,
		fields: string,
		isOpenEnded: boolean,
		persists: boolean,
	): void {
		this.#passage = 'plain';
		if (isOpenEnded) {
			if (request.minor === 0) this.#passage = framing === chunked ? 'content' : 'plain';
			else if (framing === noFraming) this.#passage = 'wrapped';
		}
		this.#lead = responseHead(
			head,
			fields,
			{ length: framing >= 0 ? framing : undefined, isChunked: isOpenEnded && request.minor === 1 },
			this.#persistence(persists),
		);
	}

	pass(bytes: Buffer, stretch: Stretch, text?: string): void {
		const lead = this.#lead;
		this.#lead = '';
		const { start, end } = stretch;
		if (this.#passage === 'plain') {
			if (text !== undefined) this.#wire.write(`${lead}${stretch.prefix}${text}${stretch.suffix}`);
			else this.#wire.send(lead + stretch.prefix, bytes, start, end, stretch.suffix);
		} else if (this.#passage === 'wrapped') {
			const size = end - start;
			if (size === 0) this.#wire.send(lead, bytes, 0, 0, '');
			else this.#wire.send(`${lead}${size.toString(16)}\r\n`, bytes, start, end, '\r\n');
		} else this.#writeContent(lead, bytes, stretch);
	}

	endContent(): void {
		if (this.#passage === 'wrapped') this.#wire.write('0\r\n\r\n');
	}

	#persistence(persists: boolean): string {
		return persists ? this.#goesOn : closing;
	}

	#writeContent(lead: string, bytes: Buffer, { content }: Stretch): void {
		this.#wire.write(lead);
		for (let index = 0; index + 1 < content.length; index += 2) {
			this.#wire.send('', bytes, content[index] ?? 0, content[index + 1] ?? 0, '');
		}
	}
}

const closing = persistenceLines({ persists: false, keepAlive: 0 });

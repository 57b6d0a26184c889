/** How responses go out on a connection of HTTP/1.1: with as few writes as there are reads, framed as the client needs. */
import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { PreparedAnswer } from '../answer.ts';
import type { ResponseWriter } from '../client.ts';
import type { Body } from './body.ts';
import { answerHead, continueHead, persistenceLines, responseHead } from './client-head.ts';
import { chunked, noFraming } from './framing.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import { isBlocked, writeParts } from './write-parts.ts';

/** `plain`: the stretches as they are; `wrapped`: each as a chunk; `content`: what is inside the chunks. */
type Passage = 'plain' | 'wrapped' | 'content';

export class SocketWriter implements ResponseWriter {
	readonly #socket: Socket;
	readonly #goesOn: string;
	#lead = '';
	#passage: Passage = 'plain';

	/** `keepAlive`: milliseconds that an idle connection is kept. */
	constructor(socket: Socket, keepAlive: number) {
		this.#socket = socket;
		this.#goesOn = persistenceLines({ persists: true, keepAlive: Math.floor(keepAlive / 1_000) });
	}

	get isBlocked(): boolean {
		return isBlocked(this.#socket);
	}

	goOn(): void {
		this.#socket.write(continueHead, 'latin1');
	}

	answer(answer: PreparedAnswer, isHead: boolean, persists: boolean): void {
		const head = answerHead(answer, this.#persistence(persists));
		this.#socket.write(isHead ? head : head + answer.body.toString('latin1'), 'latin1');
	}

	start(request: RequestHead, head: ResponseHead, fields: string, isOpenEnded: boolean, persists: boolean): void {
		const { framing } = head;
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

	pass(bytes: Buffer, body: Body): void {
		const lead = this.#lead;
		this.#lead = '';
		if (this.#passage === 'plain') {
			writeParts(this.#socket, lead + body.prefix, bytes, body.start, body.end, body.suffix);
		} else if (this.#passage === 'wrapped') {
			const size = body.end - body.start;
			if (size === 0) writeParts(this.#socket, lead, bytes, 0, 0, '');
			else writeParts(this.#socket, `${lead}${size.toString(16)}\r\n`, bytes, body.start, body.end, '\r\n');
		} else this.#writeContent(lead, bytes, body);
	}

	endContent(): void {
		if (this.#passage === 'wrapped') this.#socket.write('0\r\n\r\n', 'latin1');
	}

	#persistence(persists: boolean): string {
		return persists ? this.#goesOn : closing;
	}

	#writeContent(lead: string, bytes: Buffer, { content }: Body): void {
		this.#socket.cork();
		if (lead !== '') this.#socket.write(lead, 'latin1');
		for (let index = 0; index + 1 < content.length; index += 2) {
			this.#socket.write(bytes.subarray(content[index], content[index + 1]));
		}
		this.#socket.uncork();
	}
}

const closing = persistenceLines({ persists: false, keepAlive: 0 });

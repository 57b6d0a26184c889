/** The way of a response from an upstream to the client: read strictly, rewritten once, its body passed on as it comes. */
import { Buffer } from 'node:buffer';
import { type Body, bodyOf, CountedBody, UntilClose } from './body.ts';
import { clientFields, responseHead } from './client-head.ts';
import type { Exchange, ForwardAction } from './exchange.ts';
import { placeOf, valueAt } from './field-lines.ts';
import { chunked, noFraming } from './framing.ts';
import { PartialHead } from './partial-head.ts';
import { type ResponseHead, readResponseHead } from './response-head.ts';
import { isBlocked, writeParts } from './write-parts.ts';

/** What one read comes to. `switched`: a 101 that nobody has judged. */
export type Progress = 'more' | 'blocked' | 'complete' | 'malformed' | 'switched';

/** Interim responses before the final one. */
const maxInterim = 20;

/** `plain`: the stretches as they are; `wrapped`: each as a chunk; `content`: what is inside the chunks. */
type Passage = 'plain' | 'wrapped' | 'content';

export class ResponseRelay<C> {
	readonly #exchange: Exchange<C>;
	readonly #action: ForwardAction;
	/** The final head, once it is there. */
	head: ResponseHead | undefined;
	/** Whether any byte of a response has come. */
	hasBegun = false;
	/** What came behind a 101. */
	rest: Buffer = Buffer.alloc(0);
	#partial: PartialHead | undefined;
	#interim = 0;
	#body: Body | undefined;
	#passage: Passage = 'plain';
	#hasStray = false;

	constructor(exchange: Exchange<C>, action: ForwardAction) {
		this.#exchange = exchange;
		this.#action = action;
	}

	/** Whether the connection may carry another request: complete, nothing behind it, and nobody wants to close it. */
	get isReusable(): boolean {
		const { head } = this;
		if (head === undefined || this.#hasStray || head.connection.close || head.minor === 0) return false;
		// A status without content that declares some leaves open what comes next.
		if (head.status === 204 && head.framing !== noFraming && head.framing !== 0) return false;
		return this.#body?.isComplete === true && !(this.#body instanceof UntilClose);
	}

	/** Seconds for which the upstream says that it keeps the connection. */
	get keepAlive(): number | undefined {
		if (this.head === undefined) return undefined;
		const place = placeOf(this.head, 'keep-alive');
		if (place < 0) return undefined;
		const seconds = /(?:^|[,; ])timeout=([0-9]{1,6})/i.exec(valueAt(this.head, place))?.[1];
		return seconds === undefined ? undefined : Number(seconds);
	}

	/** Throws when an edit is no field line. */
	take(chunk: Buffer): Progress {
		this.hasBegun = true;
		return this.head === undefined ? this.#takeHead(chunk) : this.#relay(chunk, 0, '');
	}

	/** The upstream has ended its side: true when that is the end of the body, which is then passed on. */
	endsWithConnection(): boolean {
		if (!(this.#body instanceof UntilClose)) return false;
		this.#body.ended();
		if (this.#passage === 'wrapped') this.#exchange.connection.socket.write('0\r\n\r\n', 'latin1');
		return true;
	}

	#takeHead(chunk: Buffer): Progress {
		const bytes = this.#partial === undefined ? chunk : this.#partial.add(chunk);
		if (bytes === undefined) return 'more';
		let at = 0;
		for (;;) {
			const head = readResponseHead(bytes, at);
			if (head === 'malformed') return 'malformed';
			if (head === undefined) {
				this.#partial ??= new PartialHead();
				this.#partial.keep(bytes, at);
				return 'more';
			}
			at += head.text.length;
			if (head.isAmbiguous) return 'malformed';
			if (head.status === 101) {
				this.head = head;
				this.rest = bytes.subarray(at);
				return 'switched';
			}
			if (head.status >= 200) {
				this.#partial = undefined;
				return this.#begin(head, bytes, at);
			}
			// Interim responses are between upstream and us (RFC 9110 §15.2).
			this.#interim += 1;
			if (this.#interim > maxInterim) return 'malformed';
		}
	}

	#begin(head: ResponseHead, bytes: Buffer, at: number): Progress {
		const { method, minor } = this.#exchange.head;
		this.head = head;
		const { framing, status } = head;
		const hasNone = method === 'HEAD' || status === 204 || status === 304;
		if (hasNone) this.#body = new CountedBody(0);
		else this.#body = framing === noFraming ? new UntilClose() : bodyOf(framing);
		const isOpenEnded = !hasNone && framing < 0;
		if (isOpenEnded) {
			if (minor === 0) this.#passage = framing === chunked ? 'content' : 'plain';
			else if (framing === noFraming) this.#passage = 'wrapped';
		}
		this.#exchange.answered(status);
		const fields = clientFields(head, this.#action.response);
		const text = responseHead(
			head,
			fields,
			{ length: framing >= 0 ? framing : undefined, isChunked: isOpenEnded && minor === 1 },
			this.#exchange.promisePersistence(),
		);
		return this.#relay(bytes, at, text);
	}

	/** Passes on what `bytes` hold of the body, behind `lead`. */
	#relay(bytes: Buffer, from: number, lead: string): Progress {
		const body = this.#body;
		const { connection } = this.#exchange;
		const { socket } = connection;
		if (body === undefined) return 'malformed';
		const end = body.take(bytes, from);
		if (end < 0) return 'malformed';
		if (end < bytes.length) this.#hasStray = true;
		if (lead !== '' && this.head !== undefined) this.#exchange.headSent(this.head.status);
		if (this.#passage === 'plain') {
			writeParts(socket, lead + body.prefix, bytes, body.start, body.end, body.isComplete ? body.last : '');
		} else if (this.#passage === 'wrapped') {
			const size = body.end - body.start;
			if (size === 0) writeParts(socket, lead, bytes, 0, 0, '');
			else writeParts(socket, `${lead}${size.toString(16)}\r\n`, bytes, body.start, body.end, '\r\n');
		} else this.#writeContent(lead, bytes, body);
		if (body.isComplete) return 'complete';
		return isBlocked(socket) ? 'blocked' : 'more';
	}

	#writeContent(lead: string, bytes: Buffer, { content }: Body): void {
		const { socket } = this.#exchange.connection;
		socket.cork();
		if (lead !== '') socket.write(lead, 'latin1');
		for (let index = 0; index + 1 < content.length; index += 2) {
			socket.write(bytes.subarray(content[index], content[index + 1]));
		}
		socket.uncork();
	}
}

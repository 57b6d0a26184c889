/**
 * How responses go out on a stream of HTTP/2: lower-case names, no framing but the stream's own. A stream that is closed
 * already is written nothing.
 */
import type { Buffer } from 'node:buffer';
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { withoutBlanks } from '#formats/header-value';
import type { PreparedAnswer } from '../answer.ts';
import type { ResponseWriter } from '../exchange/client.ts';
import type { Stretch } from '../h1/body.ts';
import type { Framing } from '../h1/framing.ts';
import type { RequestHead } from '../h1/request-head.ts';
import type { ResponseHead } from '../h1/response-head.ts';
import { hasNoContent } from '../status.ts';
import { kept } from '../wire.ts';

export class StreamWriter implements ResponseWriter {
	readonly #stream: ServerHttp2Stream;
	/** Of a relayed response that is still to go out. */
	#head: OutgoingHttpHeaders | undefined;

	constructor(stream: ServerHttp2Stream) {
		this.#stream = stream;
	}

	get isBlocked(): boolean {
		return this.#stream.writableLength >= this.#stream.writableHighWaterMark;
	}

	goOn(): void {
		if (this.#isOpen) this.#stream.additionalHeaders({ ':status': 100 });
	}

	answer({ status, lines, body }: PreparedAnswer, isHead: boolean): void {
		if (!this.#isOpen) return;
		// Without a prototype: a backend may call a field `constructor`.
		const head: OutgoingHttpHeaders = Object.assign(Object.create(null), { ':status': status });
		for (let index = 0; index + 1 < lines.length; index += 2)
			addField(head, lines[index] ?? '', lines[index + 1] ?? '');
		// node ends its side of a HEAD stream by itself.
		const isEmpty = isHead || body.length === 0 || this.#stream.writableEnded;
		this.#stream.respond(head, { endStream: isEmpty });
		if (!isEmpty) this.#stream.write(body);
	}

	start(_: RequestHead, { status }: ResponseHead, framing: Framing, fields: string): void {
		// Without a prototype: a backend may call a field `constructor`.
		const head: OutgoingHttpHeaders = Object.assign(Object.create(null), { ':status': status });
		for (let at = 0; at < fields.length; ) {
			const colon = fields.indexOf(':', at);
			const end = fields.indexOf('\r\n', colon);
			addField(head, fields.slice(at, colon), withoutBlanks(fields.slice(colon + 1, end)));
			at = end + 2;
		}
		if (framing >= 0 && !hasNoContent(status)) head['content-length'] = String(framing);
		this.#head = head;
	}

	pass(bytes: Buffer, { content, isComplete, received }: Stretch): void {
		if (!this.#isOpen) return;
		if (this.#head !== undefined) {
			this.#stream.respond(this.#head, { endStream: isComplete && received === 0 });
			this.#head = undefined;
		}
		for (let index = 0; index + 1 < content.length; index += 2) {
			const start = content[index] ?? 0;
			const end = content[index + 1] ?? 0;
			if (end > start && !this.#stream.writableEnded) this.#stream.write(kept(bytes.subarray(start, end)));
		}
	}

	endContent(): void {
		// The end of the stream says it.
	}

	get #isOpen(): boolean {
		return !this.#stream.closed && !this.#stream.destroyed;
	}
}

function addField(head: OutgoingHttpHeaders, name: string, value: string): void {
	const lower = name.toLowerCase();
	const before = head[lower];
	if (before === undefined) head[lower] = value;
	else head[lower] = Array.isArray(before) ? [...before, value] : [String(before), value];
}

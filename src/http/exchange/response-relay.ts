/** The way of a response from an upstream to the client: read strictly, rewritten once, its body passed on as it comes. */
import { Buffer } from 'node:buffer';
import { type Body, bodyOf, CountedBody, UntilClose } from '../h1/body.ts';
import { placeOf, valueAt } from '../h1/field-lines.ts';
import { noFraming } from '../h1/framing.ts';
import { PartialHead } from '../h1/partial-head.ts';
import { clientFields } from '../h1/response-fields.ts';
import { type ResponseHead, readResponseHead } from '../h1/response-head.ts';
import { kept } from '../wire.ts';
import { decidedResponse, type Instead } from './decided-response.ts';
import { maxDrained } from './drain.ts';
import { EditedContent, judgeContent } from './edited-content.ts';
import type { Exchange, ForwardAction } from './exchange.ts';

/**
 * What one read comes to. `switched`: a 101 that nobody has judged; `held`: a 401 that may not be the last word; `refused`:
 * content that has to be changed and cannot be; `replaced`: the client gets `instead`.
 */
export type Progress = 'more' | 'blocked' | 'complete' | 'malformed' | 'refused' | 'switched' | 'held' | 'replaced';

const nothing = Buffer.alloc(0);

/** Interim responses before the final one. */
export const maxInterim = 20;

export class ResponseRelay<C> {
	readonly #exchange: Exchange<C>;
	readonly #action: ForwardAction;
	/** The final head, once it is there. */
	head: ResponseHead | undefined;
	/** Whether any byte of a response has come. */
	hasBegun = false;
	/** What came behind a 101. */
	rest: Buffer = nothing;
	#partial: PartialHead | undefined;
	#interim = 0;
	#body: Body | undefined;
	/** Undefined: the content passes as it comes. */
	#edited: EditedContent | undefined;
	/** Why it was refused, for the log. */
	objection = '';
	/** In place of this response, where it was replaced. */
	instead: Instead | undefined;
	/** Status for the client. */
	#status = 0;
	#hasStray = false;
	readonly #holdsUnauthorized: boolean;
	/** A response that waits to be passed on, or to be forgotten. */
	#held: { readonly head: ResponseHead; bytes: Buffer; readonly at: number } | undefined;

	/** `holdsUnauthorized`: a 401 is not passed on until `release`. */
	constructor(exchange: Exchange<C>, action: ForwardAction, holdsUnauthorized: boolean) {
		this.#exchange = exchange;
		this.#action = action;
		this.#holdsUnauthorized = holdsUnauthorized;
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

	/** Whether all of its body is there. */
	get isComplete(): boolean {
		return this.#body?.isComplete === true;
	}

	/** Whether its end is near enough to be waited for, so that its connection can go on. */
	get isWorthDraining(): boolean {
		const { head } = this;
		if (head === undefined || this.#hasStray || head.connection.close || head.minor === 0 || this.isComplete)
			return false;
		return !(this.#body instanceof UntilClose) && head.framing <= maxDrained;
	}

	/** Takes in what nobody wants; false when it is malformed. */
	drop(bytes: Buffer, from = 0): boolean {
		const end = this.#body?.take(bytes, from) ?? -1;
		if (end >= 0 && end < bytes.length) this.#hasStray = true;
		return end >= 0;
	}

	/** Throws when an edit is no field line. */
	take(chunk: Buffer): Progress {
		this.hasBegun = true;
		if (this.#held !== undefined) {
			this.#held.bytes = Buffer.concat([this.#held.bytes, chunk]);
			return 'held';
		}
		return this.head === undefined ? this.#takeHead(chunk) : this.#relay(chunk, 0, false);
	}

	/** Passes on what was held, as it is. */
	release(): Progress {
		const held = this.#held;
		if (held === undefined) return 'more';
		this.#held = undefined;
		return this.#begin(held.head, held.bytes, held.at);
	}

	/** The upstream has ended its side: true when that is the end of the body, which is then passed on. */
	endsWithConnection(): boolean {
		if (!(this.#body instanceof UntilClose)) return false;
		const { response } = this.#exchange.client;
		const edited = this.#edited;
		if (edited !== undefined) {
			edited.clear();
			// What is held back would be missing: then this end is a break.
			if (!edited.finish()) return false;
			if (edited.end > 0) response.pass(edited.bytes, edited);
		}
		this.#body.ended();
		response.endContent();
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
			at += head.length;
			if (head.isAmbiguous) return 'malformed';
			if (head.status === 101) {
				this.head = head;
				this.rest = bytes.subarray(at);
				return 'switched';
			}
			if (head.status >= 200) {
				this.#partial = undefined;
				if (head.status === 401 && this.#holdsUnauthorized) {
					this.#held = { head, bytes: kept(bytes), at };
					return 'held';
				}
				return this.#begin(head, bytes, at);
			}
			// Interim responses are between upstream and us (RFC 9110 §15.2).
			this.#interim += 1;
			if (this.#interim > maxInterim) return 'malformed';
		}
	}

	#begin(head: ResponseHead, bytes: Buffer, at: number): Progress {
		const { client, head: request } = this.#exchange;
		const own = this.#action.responseLines;
		this.head = head;
		const { status } = head;
		let { framing } = head;
		const hasNone = request.method === 'HEAD' || status === 204 || status === 304;
		if (hasNone) this.#body = new CountedBody(0);
		else this.#body = framing === noFraming ? new UntilClose() : bodyOf(framing);
		this.#exchange.answered(status);
		const decided = decidedResponse(head, this.#action.response, own, !hasNone);
		if (decided.kind !== 'pass') {
			this.instead = decided;
			return this.drop(bytes, at) ? 'replaced' : 'malformed';
		}
		const { edits, head: told } = decided;
		this.#status = told.status;
		let isEdited = false;
		if (edits.content !== undefined) {
			const judged = judgeContent(edits.content, head);
			if (typeof judged === 'object') {
				this.objection = judged.refused;
				return 'refused';
			}
			isEdited = judged === 'edit';
			if (isEdited) framing = noFraming;
			if (isEdited && !hasNone) this.#edited = new EditedContent(edits.content.begin());
		}
		// A length that it declares is that of another response.
		if (hasNone && status !== told.status) framing = request.method === 'HEAD' ? noFraming : 0;
		const fields = clientFields(told, edits, own, isEdited);
		const persists = this.#exchange.promisePersistence();
		client.response.start(request, told, framing, fields, !hasNone && framing < 0, persists);
		return this.#relay(bytes, at, true);
	}

	/** The stretch of a body that began at `from`, behind the head; undefined where the head's text does not go so far. */
	#textOf({ start, end }: Body, from: number): string | undefined {
		if (this.head === undefined) return undefined;
		const { text, length } = this.head;
		const offset = length - from;
		return text.length - offset >= end ? text.slice(start + offset, end + offset) : undefined;
	}

	/** Passes on what `bytes` hold of the body, behind the head where that is still to go out. */
	#relay(bytes: Buffer, from: number, isFirst: boolean): Progress {
		const body = this.#body;
		const { response } = this.#exchange.client;
		if (body === undefined) return 'malformed';
		const end = body.take(bytes, from);
		if (end < 0) return 'malformed';
		if (end < bytes.length) this.#hasStray = true;
		const edited = this.#edited;
		if (edited !== undefined && !edited.take(bytes, body)) {
			this.objection = 'the content of the response grows too much by what has to be changed';
			return 'refused';
		}
		if (isFirst) this.#exchange.headSent(this.#status);
		if (edited === undefined) response.pass(bytes, body, isFirst ? this.#textOf(body, from) : undefined);
		else {
			response.pass(edited.bytes, edited);
			if (edited.isComplete) response.endContent();
		}
		if (body.isComplete) return 'complete';
		return response.isBlocked ? 'blocked' : 'more';
	}
}

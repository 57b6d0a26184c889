/**
 * The way of a request to an upstream: its head, written for each attempt, and its body passed on as it comes. Head and
 * first piece of a body go out at once, and a piece that no connection has taken is kept for the next one.
 */
import type { Buffer } from 'node:buffer';
import type { Body } from '../h1/body.ts';
import { upstreamFields, upstreamHead } from '../h1/upstream-head.ts';
import { effectiveHost } from '../target.ts';
import { kept, type Wire } from '../wire.ts';
import type { Exchange, ForwardAction } from './exchange.ts';
import { idempotent } from './idempotent.ts';
import { offeredProtocols } from './upgrade.ts';

/**
 * What sending comes to. `more`: the client has to send more; `blocked`: the upstream takes no more for now; `untaken`: the
 * connection was gone before anything was taken; `malformed`, `too_large`: the body is not to be passed on.
 */
export type Sending = 'more' | 'blocked' | 'complete' | 'untaken' | 'malformed' | 'too_large';

/** The first piece of a body, which no socket has taken yet. */
interface Piece {
	readonly before: string;
	readonly bytes: Buffer;
	readonly start: number;
	readonly end: number;
	readonly after: string;
}

export class RequestRelay<C> {
	readonly #exchange: Exchange<C>;
	#fields = '';
	/** Host that the client asked for. */
	#host = '';
	#headText = '';
	#unsent: Piece | undefined;
	#body: Body | undefined;
	/** The upstream does not take more of the body for now. */
	isHeldBack = false;
	/** Something of the request was sent in this attempt, or all of it. */
	hasBegun = false;
	isSent = false;

	constructor(exchange: Exchange<C>) {
		this.#exchange = exchange;
	}

	/** Whether more of the body could be sent now. */
	get wantsBody(): boolean {
		return this.#body !== undefined && !this.#body.isComplete && !this.isHeldBack && !this.#unsent;
	}

	/** Whether all of the body was read. */
	get hasWholeBody(): boolean {
		return this.#body?.isComplete === true;
	}

	/** What is left of the body, once nobody wants it; undefined when all of it was read. */
	get unwanted(): Body | undefined {
		const { head, client } = this.#exchange;
		if (this.#body === undefined && head.hasBody) this.#body = client.bodyOf(head);
		return this.#body?.isComplete === false ? this.#body : undefined;
	}

	/** Writes the fields of all attempts; again where the edits are others. Throws when an edit could not go on a wire. */
	writeFields({ upstream, upstreamLines }: ForwardAction): void {
		const { head, client } = this.#exchange;
		this.#host = effectiveHost(head);
		const forwarded = client.forwardedLines(head, this.#host);
		this.#fields = upstreamFields(head, upstream, client.isTrusted, forwarded, upstreamLines);
	}

	/** Writes the head for an attempt, of which nothing is sent yet. Throws for a path that could not go on a wire. */
	writeHead({ upstream: edits }: ForwardAction, authority: string): void {
		const { head, isUpgrade } = this.#exchange;
		this.hasBegun = false;
		// Nothing of the body was taken before. Until the connection is there nothing may be, or it would be taken twice, and
		// the second time from the request behind it.
		if (this.#unsent === undefined) this.#body = undefined;
		const host = edits.upstream.preserveHost && this.#host !== '' ? this.#host : authority;
		const upgrade = isUpgrade ? offeredProtocols(head) : undefined;
		this.#headText = upstreamHead(head, edits, { host, fields: this.#fields, upgrade });
	}

	/** All of a request without a body. */
	sendHead(wire: Wire): void {
		wire.write(this.#headText);
		// What may be sent again can wait for the end of the turn; anything else has to know whether it was taken.
		if (!idempotent.has(this.#exchange.head.method)) wire.flush();
		this.hasBegun = !wire.isBroken;
		this.isSent = true;
	}

	/** The head and as much of the body as there is, on a connection that has just come about. */
	begin(wire: Wire): Sending {
		const { head, client } = this.#exchange;
		const unsent = this.#unsent;
		if (unsent !== undefined && this.#body !== undefined) {
			this.#unsent = undefined;
			return this.#sendPiece(wire, this.#body, unsent);
		}
		this.#body = client.bodyOf(head);
		if (head.expectsContinue && !client.hasMore) client.response.goOn();
		return this.#sendBody(wire, this.#body);
	}

	/** As much of the body as there is now. */
	proceed(wire: Wire): Sending {
		return this.#body === undefined ? 'more' : this.#sendBody(wire, this.#body);
	}

	/** The head waits for the first of the body, so that both go out at once. */
	#sendBody(wire: Wire, body: Body): Sending {
		const { client, engine } = this.#exchange;
		const bytes = client.pull(body);
		if (bytes === null) return 'malformed';
		const { body: limit } = engine.options.limits;
		if (limit !== undefined && body.received > limit) return 'too_large';
		if (bytes === undefined) return this.#sent(wire, body);
		const { prefix, start, end, suffix } = body;
		return this.#sendPiece(wire, body, { before: prefix, bytes, start, end, after: suffix });
	}

	#sendPiece(wire: Wire, body: Body, piece: Piece): Sending {
		const lead = this.hasBegun ? '' : this.#headText;
		wire.send(lead + piece.before, piece.bytes, piece.start, piece.end, piece.after);
		if (!this.hasBegun) wire.flush();
		// The first write on a lease met a connection that was gone: then nothing of it was taken.
		if (!this.hasBegun && wire.isBroken) {
			this.#unsent = { ...piece, bytes: kept(piece.bytes) };
			return 'untaken';
		}
		this.hasBegun = true;
		return this.#sent(wire, body);
	}

	#sent(wire: Wire, body: Body): Sending {
		if (body.isComplete) {
			this.isSent = true;
			return 'complete';
		}
		this.isHeldBack = wire.isBlocked;
		return this.isHeldBack ? 'blocked' : 'more';
	}
}

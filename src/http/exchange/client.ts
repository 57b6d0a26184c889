/**
 * What an exchange needs of the client it serves, whatever carries the two: a connection of HTTP/1.1 with one request
 * at a time, or one stream of HTTP/2. One object a connection or stream, none a call.
 */
import type { Buffer } from 'node:buffer';
import type { PreparedAnswer } from '../answer.ts';
import type { EngineParts } from '../engine-parts.ts';
import type { Body, Stretch } from '../h1/body.ts';
import type { Framing } from '../h1/framing.ts';
import type { RequestHead } from '../h1/request-head.ts';
import type { ResponseHead } from '../h1/response-head.ts';
import type { Peer } from '../peer.ts';
import type { Wire } from '../wire.ts';
import type { Exchange } from './exchange.ts';

export interface Client<C> {
	readonly engine: EngineParts<C>;
	readonly peer: Peer;
	/** Whether the peer is a trusted proxy. */
	readonly isTrusted: boolean;
	/** Monotonic milliseconds by which the client must have sent or read something; Infinity: it is not its turn. */
	deadline: number;
	readonly response: ResponseWriter;

	/** The body of this request, to be read by `pull`. */
	bodyOf(head: RequestHead): Body;
	/** Whether bytes are waiting here that came behind what was taken so far. */
	readonly hasMore: boolean;
	/** Lets `body` read what is there: the bytes it read in, undefined when there are none, null when they are malformed. */
	pull(body: Body): Buffer | undefined | null;
	pauseReading(): void;
	resumeReading(): void;

	/** Field lines about this connection for the upstream. */
	forwardedLines(head: RequestHead, host: string): string;

	/** The response was written. `unwanted` is what is left of the request's body; undefined when all of it was read. */
	over(exchange: Exchange<C>, persists: boolean, unwanted: Body | undefined): void;
	/** The response was written, and nothing else is wanted of the client: what it still sends is dropped, within bounds. */
	close(): void;
	/** Ends at once. With `reset`, in a way that nobody can take for the end of a body. */
	cut(reset?: boolean): void;
	/** Takes the socket out of here, with what was read and not taken; undefined where the client has none of its own. */
	detach(): Detached | undefined;
}

/** A wire that is no longer anybody's connection. */
export interface Detached {
	readonly wire: Wire;
	readonly rest: Buffer | undefined;
}

/** How a response goes out. */
export interface ResponseWriter {
	/** Whether the client reads too slowly for more to be written now; `clientDrained` will be called then. */
	readonly isBlocked: boolean;
	/** `100 Continue`. */
	goOn(): void;
	/** An answer of the gateway itself, whole. `isHead`: without its content. */
	answer(answer: PreparedAnswer, isHead: boolean, persists: boolean): void;
	/**
	 * The head of a relayed response: it goes out with the first `pass`. `framing` is that of what is passed; `fields` are
	 * its end-to-end fields as whole lines; `isOpenEnded`: only the end of the content tells where it is.
	 */
	start(
		request: RequestHead,
		head: ResponseHead,
		framing: Framing,
		fields: string,
		isOpenEnded: boolean,
		persists: boolean,
	): void;
	/** Sends this stretch of `bytes`; `text` is the same in latin1, where somebody has it already. */
	pass(bytes: Buffer, stretch: Stretch, text?: string): void;
	/** The content is over without a `pass` that would have said so. */
	endContent(): void;
}

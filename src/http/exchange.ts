/**
 * One request from its head to the end of its response: judged as HTTP, decided, then answered or forwarded. Whatever
 * happens on the way ends in exactly one call of `ended`, and nothing is forwarded after an exception.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer, Reason } from '#core/index';
import { bareAnswer, type PreparedAnswer, prepareAnswer } from './answer.ts';
import type { Connection, Turn } from './connection.ts';
import { discardBody } from './discard.ts';
import type { Action, Decision } from './engine.ts';
import type { EngineParts } from './engine-parts.ts';
import { Forwarding } from './forward.ts';
import { type Framing, framingOf } from './framing.ts';
import { NodeRequestView } from './request-view.ts';
import { clientLines } from './response-headers.ts';

export type ForwardAction = Extract<Action, { kind: 'forward' }>;

/** What carries an exchange to its upstream and can be called off. */
export interface Carrier {
	start(): void;
	/** Breaks off the upstream's side; nothing is reported back afterwards. */
	stop(): void;
}

/** How an exchange differs from a plain one. */
export interface ExchangeKind {
	/** The client waits for `100 Continue` before it sends its body. */
	readonly expectsContinue: boolean;
	/** Carries an upgrade; undefined for a plain request. */
	readonly upgrade: (<C>(exchange: Exchange<C>, action: ForwardAction) => Carrier) | undefined;
}

export class Exchange<C> implements Turn {
	readonly engine: EngineParts<C>;
	readonly connection: Connection<Exchange<C>>;
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	readonly view: NodeRequestView;
	readonly framing: Framing | null;
	readonly kind: ExchangeKind;
	readonly #started = performance.now();
	#decision: Decision<C> | undefined;
	#carrier: Carrier | undefined;
	#phase: 'waiting' | 'deciding' | 'acting' | 'over' = 'waiting';
	/** Set when the request broke while it still waited for its turn or its decision. */
	#broken: { readonly reason: Reason; readonly cause: unknown } | undefined;
	#closed = false;
	#reason: Reason | undefined;
	#cause: unknown;
	#forwardedAt: number | undefined;
	#upstreamStatus: number | undefined;
	#upstreamDuration: number | undefined;

	constructor(
		engine: EngineParts<C>,
		connection: Connection<Exchange<C>>,
		request: IncomingMessage,
		response: ServerResponse,
		kind: ExchangeKind,
	) {
		this.engine = engine;
		this.connection = connection;
		this.request = request;
		this.response = response;
		this.kind = kind;
		this.view = new NodeRequestView(request, connection.peer);
		this.framing = framingOf(request.rawHeaders);
		request.on('error', ignore);
		response.on('error', ignore);
		response.on('close', () => this.closed());
	}

	get complete(): boolean {
		return this.request.complete;
	}

	get isOver(): boolean {
		return this.#phase === 'over';
	}

	/** Also true of ambiguous framing: then nobody knows where the body ends. */
	get hasBody(): boolean {
		return this.framing !== 'none' && this.framing !== 0;
	}

	start(): void {
		if (this.#phase !== 'waiting' || this.#closed) return;
		this.#phase = 'acting';
		this.engine.open.add(this);
		const problem = this.#broken?.reason ?? this.#headProblem();
		if (problem !== undefined) {
			this.refuse(problem, this.#broken?.cause);
			return;
		}
		this.#phase = 'deciding';
		try {
			const decision = this.engine.handler.decide(this.view);
			if (decision instanceof Promise)
				decision.then((made) => this.#act(made)).catch((error: unknown) => this.#threw(error));
			else this.#act(decision);
		} catch (error) {
			this.#threw(error);
		}
	}

	/** Answers with a reason that the engine found; after the response's head, breaks the response off instead. */
	refuse(reason: Reason, cause?: unknown): void {
		if (this.#phase === 'over') return;
		if (this.#phase === 'waiting' || this.#phase === 'deciding') {
			this.#broken ??= { reason, cause };
			return;
		}
		this.#reason ??= reason;
		this.#cause ??= cause;
		this.#carrier?.stop();
		if (this.response.headersSent) {
			this.#breakOff();
			return;
		}
		// What comes next on a connection whose framing or head was wrong is anybody's guess.
		if (reason === 'request_malformed' || reason === 'headers_too_large') this.response.shouldKeepAlive = false;
		this.#send(this.wordRefusal(reason));
	}

	/** Notes that the upstream is being asked. */
	forwarded(): void {
		this.#forwardedAt ??= performance.now();
	}

	/** Notes that the upstream's response head is there. */
	answered(status: number): void {
		this.#upstreamStatus = status;
		if (this.#forwardedAt !== undefined) this.#upstreamDuration = performance.now() - this.#forwardedAt;
	}

	/**
	 * Writes the head of the upstream's response; false when it was not fit to be passed on and the exchange has been
	 * refused. `raw` is flat: name, value, ….
	 */
	sendHead(status: number, raw: readonly string[], action: ForwardAction): boolean {
		this.answered(status);
		if (framingOf(raw) === null) {
			this.refuse('upstream_invalid_response', new Error('the response has ambiguous framing'));
			return false;
		}
		const lines = this.#linesFor(status, raw, action);
		if (lines === undefined) return false;
		if (this.#mustClose()) this.response.shouldKeepAlive = false;
		try {
			this.response.writeHead(status, lines);
		} catch (error) {
			this.refuse('upstream_invalid_response', error);
			return false;
		}
		return true;
	}

	/** Ends the upstream's response; what is left of the request's body is dropped, within bounds. */
	endResponse(): void {
		this.response.end();
		if (!this.hasBody || this.request.readableEnded) return;
		discardBody(this.request, (complete) => {
			if (!complete) this.connection.socket.destroy();
		});
	}

	/** The connection has become a tunnel: it is not ours to answer on any more, and `end` is the tunnel's to call. */
	switched(): void {
		this.response.detachSocket(this.connection.socket);
		this.#carrier = undefined;
		this.#closed = true;
	}

	/** The end of the exchange as far as its connection goes: the response is out, or the client went away. */
	closed(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#carrier?.stop();
		// While a decision is pending, its record is not known yet: `#act` ends the exchange then.
		if (this.#phase === 'acting') this.end(this.response.headersSent ? this.response.statusCode : 0);
		this.connection.over(this);
	}

	/** Reports the outcome; only the first call counts. */
	end(status: number): void {
		if (this.#phase === 'over') return;
		this.#phase = 'over';
		this.engine.open.delete(this);
		const outcome = {
			status,
			upstreamStatus: this.#upstreamStatus,
			reason: this.#reason,
			cause: this.#cause,
			duration: performance.now() - this.#started,
			upstreamDuration: this.#upstreamDuration,
		};
		try {
			this.engine.handler.ended(outcome, this.view, this.#decision);
		} catch (error) {
			this.engine.options.log.error('recording the end of a request failed', { error });
		}
	}

	/** What the gateway says for a reason; the bare 500 when wording it fails. */
	wordRefusal(reason: Reason): Answer {
		try {
			return this.engine.handler.refuse(reason, this.view, this.#decision);
		} catch (error) {
			this.engine.options.log.error('wording a refusal failed', { reason, error });
			return bareAnswer;
		}
	}

	#act(decision: Decision<C>): void {
		this.#decision = decision;
		this.#phase = 'acting';
		if (this.#closed) {
			this.end(0);
			return;
		}
		if (this.#broken !== undefined) {
			this.refuse(this.#broken.reason, this.#broken.cause);
			return;
		}
		const action = decision.action;
		if (action.kind === 'answer') {
			this.#send(action.answer);
			return;
		}
		this.#carrier = this.kind.upgrade?.(this, action) ?? new Forwarding(this, action);
		this.#carrier.start();
	}

	#threw(error: unknown): void {
		this.engine.options.log.error('handling a request failed', { error });
		if (this.#phase === 'deciding') this.#phase = 'acting';
		if (this.#closed) this.end(0);
		else this.refuse('internal_error', error);
	}

	/** What is wrong with the head as HTTP, whatever it asks for. */
	#headProblem(): Reason | undefined {
		const { view, request } = this;
		if (view.raw.length / 2 > this.engine.options.limits.headerCount) return 'headers_too_large';
		const minor = request.httpVersionMajor === 1 ? request.httpVersionMinor : -1;
		if (minor !== 0 && minor !== 1) return 'request_malformed';
		const hosts = view.headerCount('host');
		if (hosts > 1 || (hosts === 0 && minor === 1)) return 'request_malformed';
		// RFC 9112 §6.1: a Transfer-Encoding in HTTP/1.0 is faulty framing.
		if (this.framing === null || (this.framing === 'chunked' && minor === 0)) return 'request_malformed';
		if (view.method === 'CONNECT' || view.method === 'TRACE') return 'method_not_allowed';
		return undefined;
	}

	#linesFor(status: number, raw: readonly string[], action: ForwardAction): string[] | undefined {
		try {
			return clientLines(raw, status, action.response);
		} catch (error) {
			this.#threw(error);
			return undefined;
		}
	}

	#mustClose(): boolean {
		return this.engine.isDraining() || this.engine.options.timeouts.keepAlive === 0;
	}

	#prepare(answer: Answer): PreparedAnswer {
		try {
			return prepareAnswer(answer);
		} catch (error) {
			this.engine.options.log.error('an answer could not be written', { error });
			this.#reason ??= 'internal_error';
			this.#cause ??= error;
			return prepareAnswer(bareAnswer);
		}
	}

	#send(answer: Answer): void {
		if (this.#closed) return;
		const { response, request } = this;
		const prepared = this.#prepare(answer);
		const unread = this.hasBody && !request.complete;
		if (unread || this.#mustClose()) response.shouldKeepAlive = false;
		response.writeHead(prepared.status, prepared.lines);
		if (!unread) {
			response.end(prepared.body);
			return;
		}
		if (prepared.body.length > 0 && request.method !== 'HEAD') response.write(prepared.body);
		else response.flushHeaders();
		this.end(prepared.status);
		const { socket } = this.connection;
		// The answer and our FIN go out now; destroying the socket is what has to wait.
		socket.end();
		discardBody(request, () => socket.destroySoon());
	}

	/** A response that breaks must never look whole to the client. */
	#breakOff(): void {
		// In HTTP/1.0 the end of the connection is the end of the body, so the connection must not end cleanly.
		if (this.request.httpVersionMinor === 0) this.connection.socket.resetAndDestroy();
		else this.connection.socket.destroy();
	}
}

function ignore(): void {}

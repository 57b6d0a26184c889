/**
 * One request from its head to the end of its response: decided, then answered or forwarded. Whatever happens on the way
 * ends in exactly one call of `ended`, and nothing is forwarded after an exception. A decision that is there at once is
 * acted upon at once, without a turn of the event loop.
 */
import type { Answer, Reason } from '#core/index';
import { Alarm } from '../alarm.ts';
import { bareAnswer, type PreparedAnswer, prepareAnswer } from '../answer.ts';
import type { Action, Decision } from '../engine.ts';
import type { EngineParts } from '../engine-parts.ts';
import type { Body } from '../h1/body.ts';
import type { RequestHead } from '../h1/request-head.ts';
import { isMisdirected } from '../target.ts';
import type { Client } from './client.ts';
import { Collecting } from './collecting.ts';
import { Forwarding } from './forwarding.ts';
import { isCarriedUpgrade } from './upgrade.ts';

export type ForwardAction = Extract<Action, { kind: 'forward' }>;

export class Exchange<C> {
	readonly engine: EngineParts<C>;
	readonly client: Client<C>;
	readonly head: RequestHead;
	/** The client asks for an upgrade that we carry: whatever else comes of it is the connection's last answer. */
	readonly isUpgrade: boolean;
	readonly #isPipelined: boolean;
	readonly #started: number;
	#decision: Decision<C> | undefined;
	#forwarding: Forwarding<C> | Collecting<C> | undefined;
	#phase: 'deciding' | 'acting' | 'over' = 'deciding';
	#hasLeft = false;
	/** Status of the head that went out; 0: none yet. */
	#sent = 0;
	#persists = false;
	/** The response was written, but not all of it has gone out. */
	#isFlushing = false;
	#unwanted: Body | undefined;
	#alarm: Alarm | undefined;
	/** To be called when it is over. */
	#unwatch: (() => void) | undefined;
	#reason: Reason | undefined;
	#cause: unknown;
	#forwardedAt = -1;
	#upstreamStatus: number | undefined;
	#upstreamDuration: number | undefined;

	constructor(client: Client<C>, head: RequestHead, isPipelined: boolean) {
		this.client = client;
		this.engine = client.engine;
		this.head = head;
		this.isUpgrade = head.connection.upgrade && isCarriedUpgrade(head);
		this.#isPipelined = isPipelined;
		this.#started = this.engine.sweep.now;
	}

	/** Whether bytes of the request's body are wanted now. */
	get wantsBody(): boolean {
		return this.#forwarding?.wantsBody === true;
	}

	start(): void {
		this.engine.open += 1;
		const problem = this.head.problem() ?? (isMisdirected(this.head, this.client.peer) ? 'misdirected' : undefined);
		// Nobody pipelines an upgrade in good faith, and the answers before it need the socket.
		if (problem !== undefined || (this.isUpgrade && this.#isPipelined)) {
			this.#phase = 'acting';
			this.refuse(problem ?? 'request_malformed');
			return;
		}
		try {
			const decision = this.engine.handler.decide(this.head);
			if (decision instanceof Promise) void this.#wait(decision);
			else this.#act(decision);
		} catch (error) {
			this.#threw(error);
		}
	}

	/** Answers with a reason that the engine found; after the response's head, breaks the response off instead. */
	refuse(reason: Reason, cause?: unknown): void {
		if (this.#phase !== 'acting') return;
		this.#reason ??= reason;
		this.#cause ??= cause;
		this.#forwarding?.stop();
		if (this.#sent !== 0) {
			// A response that breaks must never look whole: in HTTP/1.0 the end of the connection is the end of the body.
			this.end(this.#sent);
			this.client.cut(this.head.minor === 0);
			return;
		}
		// What comes next on a connection whose framing or head was wrong is anybody's guess.
		const isLast = reason === 'request_malformed' || reason === 'headers_too_large' || this.head.method === 'CONNECT';
		this.#answer(this.#wordRefusal(reason), isLast);
	}

	/** Notes that the upstream is being asked. */
	forwarded(): void {
		if (this.#forwardedAt < 0) this.#forwardedAt = this.engine.sweep.now;
	}

	/** Notes that the upstream's response head is there. */
	answered(status: number): void {
		this.#upstreamStatus = status;
		this.#upstreamDuration = this.engine.sweep.now - this.#forwardedAt;
	}

	/** Whether the connection goes on behind this response, as its head will say. */
	promisePersistence(): boolean {
		const { timeouts } = this.engine.options;
		const { head } = this;
		this.#persists =
			head.minor === 1 &&
			!head.connection.close &&
			!this.isUpgrade &&
			timeouts.keepAlive > 0 &&
			!this.engine.isDraining();
		return this.#persists;
	}

	/** Notes that the head of the upstream's response is on its way to the client. */
	headSent(status: number): void {
		this.#sent = status;
		const action = this.#decision?.action;
		if (action?.kind !== 'forward') return;
		if (action.responseUntil !== Number.POSITIVE_INFINITY) {
			this.#alarm = new Alarm(action.responseUntil, () => this.#expire());
		}
		if (action.endsResponse === true) this.watch(() => this.#expire());
	}

	/** From now on whoever decided may have it ended before its time. */
	watch(cut: () => void): void {
		const decision = this.#decision;
		if (decision === undefined) return;
		this.#unwatch = this.engine.handler.opened?.(decision, (reason) => {
			this.#reason ??= reason;
			cut();
		});
	}

	/** All of the response is written. `unwanted` is what is left of the request's body. */
	finish(unwanted: Body | undefined): void {
		if (this.#phase !== 'acting') return;
		this.#forwarding = undefined;
		this.#unwanted = unwanted;
		if (this.client.response.isBlocked) {
			this.#isFlushing = true;
			this.client.deadline = this.engine.sweep.in(this.engine.options.timeouts.requestBody);
			return;
		}
		this.end(this.#sent);
		this.client.over(this, this.#persists, unwanted);
	}

	bodyArrived(): void {
		this.#forwarding?.bodyArrived();
	}

	/** The answer to a body that was read. */
	collected(answer: Answer): void {
		if (this.#phase === 'acting') this.#answer(answer, false);
	}

	/** What was written to the client has gone out. */
	clientDrained(): void {
		if (this.#isFlushing) {
			this.#isFlushing = false;
			this.client.deadline = Number.POSITIVE_INFINITY;
			this.finish(this.#unwanted);
		} else this.#forwarding?.clientDrained();
	}

	/** The client neither sends nor reads, and it is its turn. */
	clientLate(): void {
		this.refuse('request_timeout');
	}

	/** The client's connection is gone. */
	clientLeft(): void {
		if (this.#hasLeft) return;
		this.#hasLeft = true;
		this.#forwarding?.stop();
		// While a decision is pending, its record is not known yet: `#act` ends the exchange then.
		if (this.#phase === 'acting') this.end(this.#sent);
	}

	/** The connection has become a tunnel: `end` is the tunnel's to call. */
	switched(): void {
		this.#forwarding = undefined;
		this.#sent = 101;
	}

	/** Reports the outcome; only the first call counts. */
	end(status: number): void {
		if (this.#phase === 'over') return;
		this.#phase = 'over';
		this.#alarm?.clear();
		this.#unwatch?.();
		this.engine.open -= 1;
		const outcome = {
			status,
			upstreamStatus: this.#upstreamStatus,
			reason: this.#reason,
			cause: this.#cause,
			duration: this.engine.sweep.now - this.#started,
			upstreamDuration: this.#upstreamDuration,
		};
		try {
			this.engine.handler.ended(outcome, this.head, this.#decision);
		} catch (error) {
			this.engine.options.log.error('recording the end of a request failed', { error });
		}
	}

	/** The decision holds no longer. That was to be expected, so it is no failure; but the response is not whole. */
	#expire(): void {
		if (this.#phase !== 'acting') return;
		this.#forwarding?.stop();
		this.end(this.#sent);
		this.client.cut(this.head.minor === 0);
	}

	async #wait(pending: Promise<Decision<C>>): Promise<void> {
		try {
			const decision = await pending;
			this.engine.sweep.tick();
			this.#act(decision);
		} catch (error) {
			this.#threw(error);
		}
	}

	#act(decision: Decision<C>): void {
		this.#decision = decision;
		this.#phase = 'acting';
		if (this.#hasLeft) {
			this.end(0);
			return;
		}
		const { action } = decision;
		if (action.kind === 'answer') this.#answer(action.answer, false);
		else {
			this.#forwarding = action.kind === 'forward' ? new Forwarding(this, action) : new Collecting(this, action);
			this.#forwarding.start();
		}
	}

	#threw(error: unknown): void {
		this.engine.options.log.error('handling a request failed', { error });
		if (this.#phase === 'deciding') this.#phase = 'acting';
		if (this.#hasLeft) this.end(0);
		else this.refuse('internal_error', error);
	}

	/** What the gateway says for a reason; the bare 500 when wording it fails. */
	#wordRefusal(reason: Reason): Answer {
		try {
			return this.engine.handler.refuse(reason, this.head, this.#decision);
		} catch (error) {
			this.engine.options.log.error('wording a refusal failed', { reason, error });
			return bareAnswer;
		}
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

	#answer(answer: Answer, isLast: boolean): void {
		const prepared = this.#prepare(answer);
		const { head, client } = this;
		const isUnread = head.hasBody && this.#forwarding?.hasWholeBody !== true;
		const closes = !this.promisePersistence() || isUnread || isLast;
		this.#persists = !closes;
		this.#forwarding = undefined;
		client.response.answer(prepared, head.method === 'HEAD', !closes);
		this.#sent = prepared.status;
		if (closes) {
			this.end(prepared.status);
			client.close();
		} else this.finish(undefined);
	}
}

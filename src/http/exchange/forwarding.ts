/**
 * Carries one request to an upstream and its response back, both relayed at the pace of the slower side. Decided here: whose
 * turn it is and how long that may take, and what comes of it when one side ends or breaks. A 401 for which there is another
 * credential is asked about once more (RFC 9110 §15.5.2); other attempts are those of `attempts.ts`.
 */
import type { Buffer } from 'node:buffer';
import type { HeaderList } from '#core/index';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { Applicant } from '../upstream/upstream-pool.ts';
import { faultOf } from '../upstream-fault.ts';
import { Attempts } from './attempts.ts';
import { decidedResponse } from './decided-response.ts';
import { Drain, drainTime } from './drain.ts';
import type { Exchange, ForwardAction } from './exchange.ts';
import { mayRenew, Renewal, withCredential } from './renewal.ts';
import { RequestRelay, type Sending } from './request-relay.ts';
import { type Progress, ResponseRelay } from './response-relay.ts';
import { joinAfterSwitch } from './upgrade.ts';

const never = Number.POSITIVE_INFINITY;

export class Forwarding<C> implements Applicant {
	readonly #exchange: Exchange<C>;
	#action: ForwardAction;
	readonly #request: RequestRelay<C>;
	#attempts: Attempts | undefined;
	#upstream: UpstreamConnection<Endpoint> | undefined;
	/** Its connection has carried other requests before. */
	#isReused = false;
	/** The client does not take more of the response for now. */
	#isWaitedFor = false;
	#response: ResponseRelay<C> | undefined;
	/** The upstream did not take our credential: another one is being got, and its answer waits. */
	#renewal: Renewal | undefined;
	#isStopped = false;

	constructor(exchange: Exchange<C>, action: ForwardAction) {
		this.#exchange = exchange;
		this.#action = action;
		this.#request = new RequestRelay(exchange);
	}

	get wantsBody(): boolean {
		return !this.#isStopped && this.#request.wantsBody;
	}

	/** Whether all of the request's body was read. */
	get hasWholeBody(): boolean {
		return this.#request.hasWholeBody;
	}

	/** Throws when an edit could not go on a wire; nothing has been sent then. */
	start(): void {
		const { engine, head } = this.#exchange;
		const { body } = engine.options.limits;
		if (body !== undefined && head.framing > body) {
			this.#exchange.refuse('content_too_large');
			return;
		}
		this.#attempts = new Attempts(engine.pools.of(this.#action.upstream.upstream), head);
		this.#request.writeFields(this.#action);
		this.#exchange.forwarded();
		this.#attempt();
	}

	/** Breaks off the upstream's side; nothing is reported back afterwards. */
	stop(): void {
		if (this.#isStopped) return;
		this.#isStopped = true;
		if (this.#upstream === undefined) this.#attempts?.withdraw(this);
		else this.#upstream.destroy();
	}

	bodyArrived(): void {
		const upstream = this.#upstream;
		if (this.wantsBody && upstream !== undefined) this.#sent(this.#request.proceed(upstream.wire));
	}

	clientDrained(): void {
		// What drained may be the rest of the answer before this one.
		if (!this.#isWaitedFor) return;
		this.#isWaitedFor = false;
		this.#upstream?.wire.socket.resume();
		this.#awaitClient();
		this.#awaitResponse();
	}

	turnCame(): void {
		try {
			this.#attempt();
		} catch (error) {
			this.#threw(error);
		}
	}

	waitedInVain(): void {
		this.#exchange.refuse('overloaded', new Error('no connection to the upstream became free in time'));
	}

	connected(): void {
		this.#begin();
	}

	arrived(chunk: Buffer): void {
		const response = this.#response;
		const upstream = this.#upstream;
		if (response === undefined || upstream === undefined) return;
		if (!this.#request.hasBegun || (upstream.wire.isWaiting && !this.#exchange.head.hasBody)) {
			// Nothing was asked on this connection yet, or what was asked is still here: so this answers somebody else's request, or none (a 408 for being idle).
			upstream.wire.destroy();
			return;
		}
		try {
			this.#hear(response, upstream, chunk);
		} catch (error) {
			this.#threw(error);
		}
	}

	drained(): void {
		if (!this.#request.isHeldBack) return;
		this.#request.isHeldBack = false;
		this.#awaitBody();
	}

	late(): void {
		this.#upstream?.shelf.failed('it took too long');
		this.#exchange.refuse('upstream_timeout');
	}

	ended(): void {
		if (this.#renewal?.isUnderWay === true) {
			this.#renewal.hasEnded = true;
			return;
		}
		if (this.#response?.endsWithConnection() === true) this.#complete();
		// Nothing more can come; left to itself, the socket would wait until the upstream has read what was sent.
		else this.#upstream?.wire.destroy();
	}

	lost(error: Error | undefined): void {
		const upstream = this.#upstream;
		if (this.#isStopped || upstream === undefined) return;
		this.#upstream = undefined;
		if (this.#renewal?.isUnderWay === true) return;
		const endpoint = upstream.shelf;
		const hasArrived = this.#response?.hasBegun === true;
		// One that was used before may end at any time, and says nothing of its endpoint.
		if (!this.#isReused || hasArrived) endpoint.failed(error?.message ?? 'it closed the connection');
		if (this.#attempts?.mayRepeat(upstream, error, this.#request.hasBegun, hasArrived) === true) {
			// It is not the client's turn until there is another connection.
			this.#exchange.client.deadline = never;
			this.turnCame();
			return;
		}
		this.#exchange.refuse(faultOf(hasArrived), error ?? new Error('the upstream closed the connection'));
	}

	#attempt(): void {
		const { head, isUpgrade } = this.#exchange;
		// An upgrade gets a connection of its own: it never comes back.
		const upstream = this.#attempts?.lease(this, isUpgrade);
		if (upstream === 'waiting' || upstream === undefined) return;
		if (upstream === 'overloaded') {
			this.#exchange.refuse('overloaded', new Error('too many requests to the upstream are under way'));
			return;
		}
		this.#upstream = upstream;
		const holdsUnauthorized = this.#renewal === undefined && !isUpgrade && mayRenew(head, this.#action.upstream);
		this.#response = new ResponseRelay(this.#exchange, this.#action, holdsUnauthorized);
		this.#request.writeHead(this.#action, upstream.shelf.authority);
		this.#isReused = upstream.isConnected;
		if (this.#isReused) this.#begin();
	}

	/** The connection is there: the head goes out, with as much of the body as there is. */
	#begin(): void {
		const { head, engine } = this.#exchange;
		const upstream = this.#upstream;
		if (upstream === undefined) return;
		if (head.hasBody) {
			this.#sent(this.#request.begin(upstream.wire));
			return;
		}
		this.#request.sendHead(upstream.wire);
		upstream.deadline = engine.sweep.in(this.#action.upstream.upstream.timeout);
	}

	#sent(sending: Sending): void {
		const { client } = this.#exchange;
		switch (sending) {
			case 'more':
				this.#awaitBody();
				break;
			case 'blocked':
				client.pauseReading();
				this.#awaitClient();
				this.#awaitResponse();
				break;
			case 'complete':
				this.#awaitClient();
				this.#awaitResponse();
				break;
			case 'untaken':
				client.pauseReading();
				client.deadline = never;
				break;
			case 'malformed':
				this.#exchange.refuse('request_malformed', new Error('the chunked body is malformed'));
				break;
			case 'too_large':
				this.#exchange.refuse('content_too_large');
		}
	}

	/** It is the client that everybody waits for. */
	#awaitBody(): void {
		const { client, engine } = this.#exchange;
		client.deadline = engine.sweep.in(engine.options.timeouts.requestBody);
		if (this.#upstream !== undefined) this.#upstream.deadline = never;
		client.resumeReading();
	}

	/** The client has a while to send what is wanted and to read what was written; no deadline while it owes neither. */
	#awaitClient(): void {
		const { client, engine } = this.#exchange;
		const owes = this.wantsBody || this.#isWaitedFor;
		client.deadline = owes ? engine.sweep.in(engine.options.timeouts.requestBody) : never;
	}

	/** It is the upstream's turn: to answer, to take more, or to go on with its answer once it has the whole request. */
	#awaitResponse(): void {
		if (this.#upstream === undefined) return;
		const { timeout, bodyTimeout } = this.#action.upstream.upstream;
		const { sweep } = this.#exchange.engine;
		// Its connection is not read while the client has to catch up: whatever it sends, nobody would hear it.
		if (this.#isWaitedFor) this.#upstream.deadline = never;
		else if (this.#response?.head === undefined || this.#request.isHeldBack)
			this.#upstream.deadline = sweep.in(timeout);
		else this.#upstream.deadline = this.#request.isSent ? sweep.in(bodyTimeout) : never;
	}

	#hear(response: ResponseRelay<C>, upstream: UpstreamConnection<Endpoint>, chunk: Buffer): void {
		const hadHead = response.head !== undefined;
		this.#proceed(response, upstream, response.take(chunk), hadHead);
	}

	#proceed(
		response: ResponseRelay<C>,
		upstream: UpstreamConnection<Endpoint>,
		result: Progress,
		hadHead: boolean,
	): void {
		if (response.head !== undefined) {
			if (!hadHead) upstream.shelf.answered(response.head.status);
			this.#awaitResponse();
		}
		switch (result) {
			case 'more':
				break;
			case 'held':
				void this.#renew(response, upstream);
				break;
			case 'blocked':
				upstream.wire.socket.pause();
				upstream.deadline = never;
				// A client that reads nothing for as long as it may send nothing would hold the upstream's connection for ever.
				this.#isWaitedFor = true;
				this.#awaitClient();
				break;
			case 'complete':
				this.#complete();
				break;
			case 'malformed':
				upstream.shelf.failed('its answer is not valid HTTP/1.1');
				this.#exchange.refuse('upstream_invalid_response', new Error('the response is not valid HTTP/1.1'));
				break;
			case 'refused':
				this.#exchange.refuse('upstream_invalid_response', new Error(response.objection));
				break;
			case 'replaced':
				this.#replace(response, upstream);
				break;
			case 'switched':
				this.#switch(response, upstream);
		}
	}

	/** The client gets something else, and the connection goes back where little is left open on it. */
	#replace(response: ResponseRelay<C>, upstream: UpstreamConnection<Endpoint>): void {
		const { instead } = response;
		if (instead === undefined) throw new Error('a response that nothing replaces');
		if (instead.kind === 'fault') {
			this.#exchange.refuse(instead.reason, instead.cause);
			return;
		}
		this.#isStopped = true;
		this.#giveBack(response, upstream);
		this.#exchange.client.deadline = never;
		this.#exchange.collected(instead.answer);
	}

	#giveBack(response: ResponseRelay<C>, upstream: UpstreamConnection<Endpoint>): void {
		const mayGoOn = this.#upstream !== undefined && this.#request.isSent && !this.#exchange.isUpgrade;
		if (mayGoOn && response.isReusable) upstream.shelf.shelve(upstream, response.keepAlive);
		else if (mayGoOn && response.isWorthDraining) {
			upstream.lease(new Drain(upstream, response));
			upstream.deadline = this.#exchange.engine.sweep.in(drainTime);
		} else upstream.destroy();
	}

	async #renew(response: ResponseRelay<C>, upstream: UpstreamConnection<Endpoint>): Promise<void> {
		const { onUnauthorized } = this.#action.upstream;
		// More of the answer came while it is held.
		if (this.#renewal !== undefined || onUnauthorized === 'pass') return;
		const renewal = new Renewal();
		this.#renewal = renewal;
		upstream.wire.socket.pause();
		upstream.deadline = never;
		try {
			const fields = await renewal.outcome(onUnauthorized);
			this.#exchange.engine.sweep.tick();
			if (this.#isStopped) return;
			if (fields === undefined) this.#release(response, upstream, renewal.hasEnded);
			else this.#askAgain(fields);
		} catch (error) {
			if (!this.#isStopped) this.#threw(error);
		}
	}

	/** There is no other credential: the 401 is the answer. `hasEnded`: nothing more of it will come. */
	#release(response: ResponseRelay<C>, upstream: UpstreamConnection<Endpoint>, hasEnded: boolean): void {
		const isLost = this.#upstream === undefined;
		upstream.wire.socket.resume();
		const result = response.release();
		if (isLost && result !== 'complete' && result !== 'replaced') {
			this.#exchange.refuse(faultOf(true), new Error('the upstream closed the connection'));
			return;
		}
		this.#proceed(response, upstream, result, false);
		if (hasEnded && !this.#isStopped) this.ended();
	}

	#askAgain(fields: HeaderList): void {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		upstream?.shelf.answered(401);
		// What is left of its answer is not worth a connection.
		upstream?.destroy();
		this.#action = withCredential(this.#action, fields);
		this.#request.writeFields(this.#action);
		this.#attempts?.restart();
		this.turnCame();
	}

	#threw(error: unknown): void {
		this.#exchange.engine.options.log.error('handling a request failed', { error });
		this.#exchange.refuse('internal_error', error);
	}

	#switch(response: ResponseRelay<C>, upstream: UpstreamConnection<Endpoint>): void {
		const { head } = response;
		if (head === undefined) return;
		this.#exchange.answered(head.status);
		const { response: edits, responseLines } = this.#action;
		const decided = this.#exchange.isUpgrade ? decidedResponse(head, edits, responseLines, true) : undefined;
		if (decided !== undefined && decided.kind !== 'pass') {
			response.instead = decided;
			this.#replace(response, upstream);
			return;
		}
		if (decided !== undefined) this.#action = { ...this.#action, response: decided.edits };
		if (this.#exchange.isUpgrade && joinAfterSwitch(this.#exchange, this.#action, upstream, head, response.rest)) {
			this.#isStopped = true;
		} else {
			const error = new Error('the upstream switched to something else');
			this.#exchange.refuse('upstream_invalid_response', error);
		}
	}

	/** The response is complete: the connection goes back where nothing is left open on it. */
	#complete(): void {
		if (this.#isStopped) return;
		this.#isStopped = true;
		const upstream = this.#upstream;
		const response = this.#response;
		if (upstream !== undefined && response !== undefined) this.#giveBack(response, upstream);
		this.#exchange.client.deadline = never;
		this.#exchange.finish(this.#request.unwanted);
	}
}

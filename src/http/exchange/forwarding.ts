/**
 * Carries one request to an upstream and its response back, both relayed at the pace of the slower side. A request is
 * sent again only where nothing of it can have had an effect: no connection came about, the one it was given was dead
 * before a byte was taken, or it is idempotent, has no body, and the connection broke before anything of a response came,
 * or what came was a 401 for which there is another credential (RFC 9110 §9.2.2).
 */
import type { Buffer } from 'node:buffer';
import type { HeaderList } from '#core/index';
import type { Body } from '../h1/body.ts';
import { upstreamFields, upstreamHead } from '../h1/upstream-head.ts';
import { effectiveHost } from '../target.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { Applicant, UpstreamPool } from '../upstream/upstream-pool.ts';
import { faultOf, isBrokenConnection } from '../upstream-fault.ts';
import { kept } from '../wire.ts';
import { decidedResponse } from './decided-response.ts';
import { Drain, drainTime } from './drain.ts';
import type { Exchange, ForwardAction } from './exchange.ts';
import { idempotent } from './idempotent.ts';
import { mayRenew, Renewal, withCredential } from './renewal.ts';
import { type Progress, ResponseRelay } from './response-relay.ts';
import { joinAfterSwitch, offeredProtocols } from './upgrade.ts';

const never = Number.POSITIVE_INFINITY;
const none: readonly Endpoint[] = [];

/** The first piece of a body, which no socket has taken yet. */
interface Piece {
	readonly before: string;
	readonly bytes: Buffer;
	readonly start: number;
	readonly end: number;
	readonly after: string;
}

export class Forwarding<C> implements Applicant {
	readonly #exchange: Exchange<C>;
	#action: ForwardAction;
	#pool: UpstreamPool | undefined;
	/** Endpoints that did not carry it. */
	#failed: readonly Endpoint[] = none;
	#fields = '';
	/** Host that the client asked for. */
	#host = '';
	#headText = '';
	#tried = 0;
	#isRepeated = false;
	#upstream: UpstreamConnection<Endpoint> | undefined;
	/** Its connection has carried other requests before. */
	#isReused = false;
	#unsent: Piece | undefined;
	#body: Body | undefined;
	/** The upstream does not take more of the body for now. */
	#isHeldBack = false;
	/** The client does not take more of the response for now. */
	#isWaitedFor = false;
	/** Something of the request was sent, or all of it. */
	#hasBegun = false;
	#isSent = false;
	#response: ResponseRelay<C> | undefined;
	/** The upstream did not take our credential: another one is being got, and its answer waits. */
	#renewal: Renewal | undefined;
	#isStopped = false;

	constructor(exchange: Exchange<C>, action: ForwardAction) {
		this.#exchange = exchange;
		this.#action = action;
	}

	get wantsBody(): boolean {
		return this.#body !== undefined && !this.#body.isComplete && !this.#isHeldBack && !this.#isStopped && !this.#unsent;
	}

	/** Whether all of the request's body was read. */
	get hasWholeBody(): boolean {
		return this.#body?.isComplete === true;
	}

	/** Throws when an edit could not go on a wire; nothing has been sent then. */
	start(): void {
		const { engine, head } = this.#exchange;
		const { body } = engine.options.limits;
		if (body !== undefined && head.framing > body) {
			this.#exchange.refuse('content_too_large');
			return;
		}
		const edits = this.#action.upstream;
		this.#pool = engine.pools.of(edits.upstream);
		this.#host = effectiveHost(head);
		this.#writeFields();
		this.#exchange.forwarded();
		this.#attempt();
	}

	/** Breaks off the upstream's side; nothing is reported back afterwards. */
	stop(): void {
		if (this.#isStopped) return;
		this.#isStopped = true;
		if (this.#upstream === undefined) this.#pool?.withdraw(this);
		else this.#upstream.destroy();
	}

	bodyArrived(): void {
		if (this.wantsBody) this.#sendBody();
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
		if (!this.#hasBegun || (upstream.wire.isWaiting && !this.#exchange.head.hasBody)) {
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
		if (!this.#isHeldBack) return;
		this.#isHeldBack = false;
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
		this.#failed = [...this.#failed, endpoint];
		if (this.#mayRepeat(error, upstream.isConnected)) {
			if (this.#pool !== undefined) this.#pool.counts.repeated += 1;
			// It is not the client's turn until there is another connection.
			this.#exchange.client.deadline = never;
			this.turnCame();
			return;
		}
		this.#exchange.refuse(faultOf(hasArrived), error ?? new Error('the upstream closed the connection'));
	}

	#writeFields(): void {
		const { head, client } = this.#exchange;
		const { upstream, upstreamLines } = this.#action;
		const forwarded = client.forwardedLines(head, this.#host);
		this.#fields = upstreamFields(head, upstream, client.isTrusted, forwarded, upstreamLines);
	}

	#attempt(): void {
		const { head, isUpgrade } = this.#exchange;
		const edits = this.#action.upstream;
		// An upgrade gets a connection of its own: it never comes back. What was repeated once meets no second stale one.
		const upstream = this.#pool?.lease(this, this.#failed, isUpgrade || this.#isRepeated);
		if (upstream === 'waiting' || upstream === undefined) return;
		if (upstream === 'overloaded') {
			this.#exchange.refuse('overloaded', new Error('too many requests to the upstream are under way'));
			return;
		}
		this.#upstream = upstream;
		this.#tried += 1;
		this.#hasBegun = false;
		// Nothing of the body was taken before. Until the connection is there nothing may be, or it would be taken twice, and
		// the second time from the request behind it.
		if (this.#unsent === undefined) this.#body = undefined;
		const holdsUnauthorized = this.#renewal === undefined && !isUpgrade && mayRenew(head, edits);
		this.#response = new ResponseRelay(this.#exchange, this.#action, holdsUnauthorized);
		const host = edits.upstream.preserveHost && this.#host !== '' ? this.#host : upstream.shelf.authority;
		const upgrade = isUpgrade ? offeredProtocols(head) : undefined;
		this.#headText = upstreamHead(head, edits, { host, fields: this.#fields, upgrade });
		this.#isReused = upstream.isConnected;
		if (this.#isReused) this.#begin();
	}

	/** The connection is there: the head goes out, with as much of the body as there is. */
	#begin(): void {
		const { head, engine, client } = this.#exchange;
		const upstream = this.#upstream;
		if (upstream === undefined) return;
		if (!head.hasBody) {
			upstream.wire.write(this.#headText);
			// What may be sent again can wait for the end of the turn; anything else has to know whether it was taken.
			if (!idempotent.has(head.method)) upstream.wire.flush();
			this.#hasBegun = !upstream.wire.isBroken;
			this.#isSent = true;
			upstream.deadline = engine.sweep.in(this.#action.upstream.upstream.timeout);
			return;
		}
		const unsent = this.#unsent;
		if (unsent !== undefined) {
			this.#unsent = undefined;
			this.#sendPiece(unsent);
			return;
		}
		this.#body = client.bodyOf(head);
		if (head.expectsContinue && !client.hasMore) client.response.goOn();
		this.#sendBody();
	}

	/** Sends the part of the body that is there. The head waits for the first of it, so that both go out at once. */
	#sendBody(): void {
		const { client, engine } = this.#exchange;
		const upstream = this.#upstream;
		const body = this.#body;
		if (upstream === undefined || body === undefined) return;
		const bytes = client.pull(body);
		if (bytes === null) {
			this.#exchange.refuse('request_malformed', new Error('the chunked body is malformed'));
			return;
		}
		const { body: limit } = engine.options.limits;
		if (limit !== undefined && body.received > limit) {
			this.#exchange.refuse('content_too_large');
			return;
		}
		if (bytes === undefined) this.#pieceSent(body);
		else this.#sendPiece({ before: body.prefix, bytes, start: body.start, end: body.end, after: body.suffix });
	}

	#sendPiece(piece: Piece): void {
		const { client } = this.#exchange;
		const upstream = this.#upstream;
		const body = this.#body;
		if (upstream === undefined || body === undefined) return;
		const lead = this.#hasBegun ? '' : this.#headText;
		upstream.wire.send(lead + piece.before, piece.bytes, piece.start, piece.end, piece.after);
		if (!this.#hasBegun) upstream.wire.flush();
		// The first write on a lease met a connection that was gone: then nothing of it was taken.
		if (!this.#hasBegun && upstream.wire.isBroken) {
			this.#unsent = { ...piece, bytes: kept(piece.bytes) };
			client.pauseReading();
			client.deadline = never;
			return;
		}
		this.#hasBegun = true;
		this.#pieceSent(body);
	}

	#pieceSent(body: Body): void {
		const { client } = this.#exchange;
		if (body.isComplete) {
			this.#isSent = true;
			this.#awaitClient();
			this.#awaitResponse();
		} else if (this.#upstream !== undefined && this.#upstream.wire.isBlocked) {
			this.#isHeldBack = true;
			client.pauseReading();
			this.#awaitClient();
			this.#awaitResponse();
		} else this.#awaitBody();
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
		else if (this.#response?.head === undefined || this.#isHeldBack) this.#upstream.deadline = sweep.in(timeout);
		else this.#upstream.deadline = this.#isSent ? sweep.in(bodyTimeout) : never;
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
		const mayGoOn = this.#upstream !== undefined && this.#isSent && !this.#exchange.isUpgrade;
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
		this.#writeFields();
		this.#tried = 0;
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
		if (upstream !== undefined && response !== undefined) {
			if (this.#isSent && response.isReusable && !this.#exchange.isUpgrade) {
				upstream.shelf.shelve(upstream, response.keepAlive);
			} else upstream.destroy();
		}
		const { head, client } = this.#exchange;
		if (this.#body === undefined && head.hasBody) this.#body = client.bodyOf(head);
		client.deadline = never;
		this.#exchange.finish(this.#body?.isComplete === false ? this.#body : undefined);
	}

	#mayRepeat(error: Error | undefined, wasConnected: boolean): boolean {
		const endpoints = this.#pool?.endpoints.length ?? 0;
		if (!wasConnected) return this.#tried < endpoints + (this.#isRepeated ? 1 : 0);
		const { head } = this.#exchange;
		if (this.#isRepeated || this.#response?.hasBegun === true) return false;
		// Nothing of a request that still waits for its body has been sent.
		if (this.#hasBegun && (head.hasBody || !idempotent.has(head.method))) return false;
		this.#isRepeated = error === undefined || isBrokenConnection(error);
		return this.#isRepeated;
	}
}

/**
 * Carries one request to an upstream and its response back, both streamed at the pace of the slower side. A request is
 * sent again only where nothing of it can have had an effect: no connection came about, or it is idempotent, has no
 * body, and the connection broke before anything of a response came (RFC 9110 §9.2.2).
 */
import type { Buffer } from 'node:buffer';
import type { Dispatcher } from 'undici';
import { afterMs } from './deadline.ts';
import type { Carrier, Exchange, ForwardAction } from './exchange.ts';
import { type RequestBody, requestBody } from './request-body.ts';
import { upstreamLines } from './request-headers.ts';
import { effectiveHost } from './target.ts';
import { faultOf, isBrokenConnection } from './upstream-fault.ts';
import type { Endpoint } from './upstream-pool.ts';

const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export class Forwarding<C> implements Carrier, Dispatcher.DispatchHandler {
	readonly #exchange: Exchange<C>;
	readonly #action: ForwardAction;
	#endpoints: readonly Endpoint[] = [];
	#lines: readonly string[] = [];
	#tried = 0;
	#repeated = false;
	#body: RequestBody | undefined;
	#controller: Dispatcher.DispatchController | undefined;
	#arrived = false;
	#sent = false;
	#stopped = false;
	#timer: NodeJS.Timeout | undefined;
	#stall: NodeJS.Timeout | undefined;
	#listening = false;

	constructor(exchange: Exchange<C>, action: ForwardAction) {
		this.#exchange = exchange;
		this.#action = action;
	}

	start(): void {
		const { engine, framing, view } = this.#exchange;
		const { body } = engine.options.limits;
		if (body !== undefined && typeof framing === 'number' && framing > body) {
			this.#exchange.refuse('content_too_large');
			return;
		}
		const edits = this.#action.upstream;
		this.#endpoints = engine.pools.endpoints(edits.upstream);
		this.#lines = upstreamLines(view.raw, edits, {
			peer: view.peer,
			scheme: view.scheme,
			host: effectiveHost(view),
			trusted: engine.isTrusted(view.peer),
		});
		this.#exchange.forwarded();
		this.#attempt();
	}

	stop(): void {
		if (this.#stopped) return;
		this.#stopped = true;
		this.#settle();
		this.#body?.stream.destroy();
		this.#controller?.abort(new Error('the exchange was called off'));
	}

	onRequestStart(controller: Dispatcher.DispatchController): void {
		this.#controller = controller;
		if (this.#stopped) {
			controller.abort(new Error('the exchange was called off'));
			return;
		}
		this.#timer = afterMs(this.#action.upstream.upstream.timeout, () => this.#late());
	}

	onBodySent(): void {
		this.#timer?.refresh();
	}

	onRequestSent(): void {
		this.#sent = true;
		this.#timer?.refresh();
	}

	onResponseStarted(): void {
		this.#arrived = true;
	}

	onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
		// Interim responses are between upstream and us (RFC 9110 §15.2).
		if (this.#stopped || status < 200) return;
		clearTimeout(this.#timer);
		this.#timer = undefined;
		if (!this.#exchange.sendHead(status, rawLines(controller.rawHeaders), this.#action)) return;
		process.nextTick(() => this.#flush());
	}

	onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
		if (this.#stopped || this.#exchange.response.write(chunk)) return;
		controller.pause();
		this.#awaitDrain();
	}

	onResponseEnd(): void {
		if (this.#stopped) return;
		this.#stopped = true;
		this.#settle();
		this.#body?.stream.destroy();
		this.#exchange.endResponse();
	}

	onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
		if (this.#stopped) return;
		this.#settle();
		if (this.#mayRepeat(error)) this.#attempt();
		else this.#exchange.refuse(faultOf(error, this.#arrived), error);
	}

	#attempt(): void {
		const { view, hasBody, framing } = this.#exchange;
		const { upstream, path, query } = this.#action.upstream;
		const endpoint = this.#endpoints[this.#tried % this.#endpoints.length];
		if (endpoint === undefined) throw new Error(`the upstream ${upstream.name} has no endpoints`);
		this.#tried += 1;
		this.#controller = undefined;
		this.#arrived = false;
		this.#sent = false;
		const host = upstream.preserveHost ? effectiveHost(view) : '';
		const headers = ['Host', host === '' ? endpoint.authority : host, ...this.#lines];
		if (typeof framing === 'number') headers.push('Content-Length', String(framing));
		this.#body = hasBody ? this.#newBody() : undefined;
		const options: Dispatcher.DispatchOptions & { servername: string } = {
			method: view.method,
			path: path + query,
			headers,
			body: this.#body?.stream ?? null,
			servername: endpoint.serverName,
		};
		endpoint.pool.dispatch(options, this);
	}

	#newBody(): RequestBody {
		const { engine, kind, request, response } = this.#exchange;
		return requestBody(request, {
			limit: engine.options.limits.body,
			timeout: engine.options.timeouts.requestBody,
			started: () => {
				if (kind.expectsContinue) response.writeContinue();
			},
			failed: (reason) => this.#exchange.refuse(reason),
		});
	}

	#mayRepeat(error: unknown): boolean {
		if (faultOf(error, false) === 'internal_error') return false;
		if (this.#controller === undefined) return this.#tried < this.#endpoints.length;
		const { view, hasBody } = this.#exchange;
		if (this.#repeated || this.#arrived || hasBody || !idempotent.has(view.method)) return false;
		this.#repeated = isBrokenConnection(error);
		return this.#repeated;
	}

	/** The upstream's time is up, unless it is the client's body that everybody waits for. */
	#late(): void {
		if (this.#stopped) return;
		if (!this.#sent && this.#body?.awaitsClient() === true) this.#timer?.refresh();
		else this.#exchange.refuse('upstream_timeout');
	}

	/** A head whose body lets itself be waited for must not wait with it (server-sent events). */
	#flush(): void {
		const { response } = this.#exchange;
		if (!this.#stopped && !response.writableEnded) response.flushHeaders();
	}

	#awaitDrain(): void {
		const { engine, response } = this.#exchange;
		if (!this.#listening) {
			this.#listening = true;
			response.on('drain', () => {
				clearTimeout(this.#stall);
				if (!this.#stopped) this.#controller?.resume();
			});
		}
		clearTimeout(this.#stall);
		const { requestBody: patience } = engine.options.timeouts;
		// A client that reads nothing for as long as it may send nothing would hold the upstream's connection for ever.
		this.#stall = afterMs(patience, () => this.#exchange.refuse('request_timeout'));
	}

	#settle(): void {
		clearTimeout(this.#timer);
		clearTimeout(this.#stall);
		this.#timer = undefined;
	}
}

/** Field lines as latin1 text, flat, whatever form the parser gives them in. */
function rawLines(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
	if (!Array.isArray(raw)) throw new Error('the parser gave no raw field lines');
	return raw.map((part: Buffer | string) => (typeof part === 'string' ? part : part.toString('latin1')));
}

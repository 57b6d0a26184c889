/**
 * Calls of one endpoint of an authorization server, kept from doing harm: a bound on calls at a time and on those that
 * wait, a time limit, a circuit breaker. One for each endpoint and provider; nothing is shared between them.
 */
import { type Clock, type FetchedDocument, type FormPoster, member, type Timers } from '#core/index';
import { encodeForm } from '#formats/form';
import { parseStrictJsonObject } from '#formats/strict-json';
import { CallSlots } from './call-slots.ts';
import { CircuitBreaker, type CircuitBreakerLimits, defaultCircuitLimits } from './circuit-breaker.ts';
import type { ClientAuthentication, ClientProof } from './client-authentication.ts';
import type { Endpoint } from './endpoint.ts';

export interface EndpointCallLimits {
	/** Milliseconds that a call may take, and that it may wait for its turn before that. */
	readonly timeout: number;
	readonly maxBytes: number;
	/** Calls at a time. */
	readonly concurrency: number;
	/** Calls that may wait for their turn. */
	readonly waiting: number;
	readonly circuit: CircuitBreakerLimits;
}

export const defaultCallLimits: EndpointCallLimits = {
	timeout: 3_000,
	maxBytes: 262_144,
	concurrency: 64,
	waiting: 2_000,
	circuit: defaultCircuitLimits,
};

export interface EndpointCallOptions {
	readonly endpoint: Endpoint;
	readonly client: ClientAuthentication;
	readonly poster: FormPoster;
	readonly clock: Clock;
	readonly timers: Timers;
	readonly limits?: Partial<EndpointCallLimits>;
}

/** Why there is no answer. The message is for the operator; it holds nothing of what was sent. */
export class EndpointCallError extends Error {
	/** `circuit_open`, `busy`: nobody was asked. `no_answer`: the server, or its metadata, did not answer. */
	readonly code: 'circuit_open' | 'busy' | 'no_answer';
	/** Seconds after which another attempt is worth while. */
	readonly retryAfter: number;

	constructor(code: EndpointCallError['code'], message: string, retryAfter: number, cause?: unknown) {
		super(message, cause === undefined ? {} : { cause });
		this.name = 'EndpointCallError';
		this.code = code;
		this.retryAfter = retryAfter;
	}
}

export interface EndpointCall {
	/**
	 * Sends these parameters with proof of who we are. Resolves with whatever answer came, of any status but a redirect;
	 * what it means is the caller's to judge. A status of 500 and above, 401, 403, 408 and 429 counts as a failure of the
	 * server for the breaker; other refusals (400) may be about this one request, and count for nothing. Rejects with
	 * EndpointCallError. Sends once, and once more only where the server does not take our first secret and there is another.
	 */
	post(parameters: readonly (readonly [name: string, value: string])[], accept: string): Promise<FetchedDocument>;
	/** Reads the metadata where that is needed, so that the first call need not. Never rejects. */
	warm(): Promise<void>;
	status(): EndpointCallStatus;
}

export interface EndpointCallStatus {
	/** As last known. */
	readonly url: string | undefined;
	/** Whether the circuit is open: nobody asks just now. */
	readonly open: boolean;
	readonly calls: number;
	readonly failures: number;
	readonly underWay: number;
	readonly waiting: number;
	readonly lastError: string | undefined;
}

export function createEndpointCall(options: EndpointCallOptions): EndpointCall {
	const { endpoint, client, poster, clock, timers } = options;
	const limits = { ...defaultCallLimits, ...options.limits };
	const { timeout, maxBytes, concurrency, waiting } = limits;
	const breaker = new CircuitBreaker(limits.circuit);
	const slots = new CallSlots({ concurrency, waiting, patience: timeout }, timers);
	let calls = 0;
	let failures = 0;
	let lastError: string | undefined;

	function refuse(code: 'circuit_open' | 'busy', message: string): never {
		throw new EndpointCallError(code, message, breaker.retryAfter(clock.monotonic()));
	}

	function fail(message: string): void {
		failures++;
		lastError = message;
		breaker.failed(clock.monotonic());
	}

	async function send(
		form: readonly (readonly [name: string, value: string])[],
		accept: string,
	): Promise<FetchedDocument> {
		const url = await endpoint.url();
		const attemptWith = async ({ headers, parameters, certificate }: ClientProof): Promise<FetchedDocument> => {
			const body = encodeForm([...form, ...parameters]);
			return poster.post(url, { headers: [['accept', accept], ...headers], body, certificate, timeout, maxBytes });
		};
		const proof = await client.prove();
		const answer = await attemptWith(proof);
		if (!isClientRefused(answer) || !client.refused(proof.secret)) return answer;
		return attemptWith(await client.prove());
	}

	async function attempt(
		form: readonly (readonly [name: string, value: string])[],
		accept: string,
	): Promise<FetchedDocument> {
		// Only now: while it waited, the circuit may have opened.
		if (!breaker.admit(clock.monotonic())) refuse('circuit_open', circuitMessage);
		calls++;
		let answer: FetchedDocument;
		try {
			answer = await send(form, accept);
		} catch (cause) {
			const message = cause instanceof Error ? cause.message : 'the request failed';
			fail(message);
			throw new EndpointCallError('no_answer', message, breaker.retryAfter(clock.monotonic()), cause);
		}
		if (answer.status < 300) {
			breaker.succeeded();
			lastError = undefined;
		} else if (isServerFailure(answer.status)) fail(`it answered ${answer.status}`);
		else breaker.undecided();
		return answer;
	}

	return {
		async post(form, accept) {
			if (!breaker.isOpen()) {
				const taken = slots.take();
				if (!(taken === true || (await taken))) refuse('busy', 'too many calls wait for the server');
				try {
					return await attempt(form, accept);
				} finally {
					slots.release();
				}
			}
			// One probe goes out beside the slots, which calls to a hanging server may all hold.
			return attempt(form, accept);
		},
		async warm() {
			await Promise.resolve()
				.then(() => endpoint.url())
				.catch((error: unknown) => {
					lastError = error instanceof Error ? error.message : 'the metadata could not be read';
				});
		},
		status: () => ({
			url: endpoint.known,
			open: breaker.isOpen(),
			calls,
			failures,
			underWay: slots.taken,
			waiting: slots.waiting,
			lastError,
		}),
	};
}

const circuitMessage = 'the server failed several times in a row, and is not asked just now';

/** RFC 6749 §5.2: `invalid_client`, with 401 or 400; RFC 7662 §2.3: 401. */
function isClientRefused({ status, body }: FetchedDocument): boolean {
	if (status === 401) return true;
	if (status !== 400) return false;
	const answer = parseStrictJsonObject(body);
	return answer !== undefined && member(answer, 'error') === 'invalid_client';
}

function isServerFailure(status: number): boolean {
	return status >= 500 || status === 401 || status === 403 || status === 408 || status === 429;
}

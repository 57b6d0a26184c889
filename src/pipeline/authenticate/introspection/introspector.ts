/**
 * Asks a provider about a token (RFC 7662), once for all who ask at the same time. A yes counts as long as its voucher;
 * a no is remembered for a moment; a failure is remembered by nobody but the circuit breaker (invariant 5).
 */
import { LRUCache } from 'lru-cache';
import type { Clock, Log, Principal, Voucher } from '#core/index';
import { looksLikeCompactJws } from '#formats/compact-jws';
import { parseStrictJsonObject } from '#formats/strict-json';
import {
	type EndpointCall,
	EndpointCallError,
	type EndpointCallStatus,
} from '#keys/authorization-server/endpoint-call';
import { type IntrospectedProvider, type Judged, judgeAnswer } from './answer.ts';
import { readSignedAnswer, type SignedAnswers, signedAnswerType } from './signed-answer.ts';

export type Introspection =
	| { readonly kind: 'active'; readonly principal: Principal; readonly voucher: Voucher }
	| Extract<Judged, { readonly kind: 'refused' }>
	/** Nobody knows: the server's fault, or ours. `retryAfter`: seconds. */
	| { readonly kind: 'unavailable'; readonly cause: Error; readonly retryAfter: number };

export interface IntrospectorOptions {
	readonly provider: IntrospectedProvider;
	readonly call: EndpointCall;
	/** Undefined: plain JSON is asked for. */
	readonly signed: SignedAnswers | undefined;
	/** Milliseconds that a yes counts, from the question on; 0: for the one request that asked. */
	readonly cache: number;
	/** Milliseconds that a no counts; 0: for the one request that asked. */
	readonly negativeCache: number;
	/** Whether JWTs are introspected on purpose, which is worth no hint. */
	readonly jwts: boolean;
	readonly clock: Clock;
	readonly log: Log;
	/** Told of each call; `seconds` from question to answer. */
	readonly onCall?: (call: IntrospectionCall) => void;
}

export interface IntrospectionCall {
	readonly provider: string;
	/** `kept_back`: nobody was asked, since the circuit is open or too many wait. */
	readonly outcome: 'active' | 'inactive' | 'failed' | 'kept_back';
	readonly seconds: number;
	/** The token is a JWT, and its provider is one whose opaque tokens are introspected. */
	readonly needless: boolean;
}

export interface Introspector {
	/**
	 * `digest`: of the whole token, as the key under which answers are shared and remembered; undefined: the server is
	 * asked in any case. Never rejects, and waits only where the server must be asked.
	 */
	introspect(token: string, digest: string | undefined): Introspection | Promise<Introspection>;
	/** What is asked and accepted, for a reader. */
	readonly expected: string;
	/** Finds the endpoint where it is discovered. Never rejects. */
	start(): Promise<void>;
	status(): IntrospectorStatus;
}

export interface IntrospectorStatus extends EndpointCallStatus {
	/** What an operator should look into, in words; empty as a rule. */
	readonly warnings: readonly string[];
}

/** Tokens of which a no is remembered at most: a flood of invented ones pushes out nothing but each other. */
const mostRefusals = 10_000;

interface Refusal {
	readonly refusal: Extract<Introspection, { readonly kind: 'refused' }>;
	/** Monotonic milliseconds. */
	readonly until: number;
}

export function createIntrospector(options: IntrospectorOptions): Introspector {
	const { provider, call, signed, cache, negativeCache, jwts, clock, log } = options;
	const refusals = new LRUCache<string, Refusal>({ max: mostRefusals });
	const underWay = new Map<string, Promise<Introspection>>();
	let needlessJwts = 0;

	/** Throws an Error with a readable message when there is no answer. */
	async function judge(token: string): Promise<Judged> {
		const asked = clock.now() / 1000;
		const answer = await call.post(
			[
				['token', token],
				['token_type_hint', 'access_token'],
			],
			signed === undefined ? 'application/json' : signedAnswerType,
		);
		if (answer.status !== 200) throw new Error(`the introspection endpoint answered ${answer.status}`);
		if (signed === undefined) {
			const plain = parseStrictJsonObject(answer.body);
			if (plain === undefined) throw new Error('the introspection endpoint did not answer with a JSON object');
			return judgeAnswer(plain, provider);
		}
		const type = answer.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
		if (type !== signedAnswerType)
			throw new Error(`the introspection endpoint did not answer with ${signedAnswerType}`);
		const times = { asked, answered: clock.now() / 1000, monotonic: clock.monotonic() };
		const read = await readSignedAnswer(answer.body.trim(), times, signed);
		if (typeof read === 'string') throw new Error(read);
		return judgeAnswer(read, provider);
	}

	async function ask(token: string): Promise<Introspection> {
		const started = clock.monotonic();
		const needless = !jwts && looksLikeCompactJws(token);
		const told = (outcome: IntrospectionCall['outcome']) =>
			options.onCall?.({
				provider: provider.name,
				outcome,
				seconds: (clock.monotonic() - started) / 1000,
				needless: needless && outcome === 'active',
			});
		let judged: Judged;
		try {
			judged = await judge(token);
		} catch (error) {
			const cause = error instanceof Error ? error : new Error('the introspection failed', { cause: error });
			const known = error instanceof EndpointCallError ? error : undefined;
			told(known === undefined || known.code === 'no_answer' ? 'failed' : 'kept_back');
			return { kind: 'unavailable', cause, retryAfter: known?.retryAfter ?? 1 };
		}
		told(judged.kind === 'active' ? 'active' : 'inactive');
		if (judged.kind === 'refused') return judged;
		if (needless) hint();
		// From the question on: what was revoked while the answer travelled is not trusted for longer.
		return { ...judged, voucher: { issuer: undefined, retired: false, usableUntil: started + cache } };
	}

	function hint(): void {
		needlessJwts++;
		if (needlessJwts === 1) log.info(jwtHint, { provider: provider.name });
	}

	async function remember(token: string, digest: string): Promise<Introspection> {
		const outcome = await ask(token);
		if (outcome.kind === 'refused' && negativeCache > 0) {
			refusals.set(digest, { refusal: outcome, until: clock.monotonic() + negativeCache });
		}
		return outcome;
	}

	return {
		introspect(token, digest) {
			if (digest === undefined) return ask(token);
			const known = refusals.get(digest);
			if (known !== undefined && clock.monotonic() < known.until) return known.refusal;
			// Without a cache every request wants an answer of its own.
			if (cache <= 0) return remember(token, digest);
			const running = underWay.get(digest);
			if (running !== undefined) return running;
			const asked = remember(token, digest).finally(() => underWay.delete(digest));
			underWay.set(digest, asked);
			return asked;
		},
		expected:
			signed === undefined
				? 'active: true from the introspection endpoint'
				: 'active: true in a signed answer of the introspection endpoint',
		start: () => call.warm(),
		status() {
			const status = call.status();
			return {
				...status,
				warnings: [
					...(status.open ? ['the introspection endpoint failed several times in a row; its tokens answer 503'] : []),
					...(needlessJwts > 0 ? [jwtHint] : []),
				],
			};
		},
	};
}

const jwtHint =
	'tokens that are introspected are JWTs: with tokens: [jwt, opaque] they can be verified here, without a call for each';

/**
 * Exchanges clients' tokens at one server on one set of terms, once for all who ask at the same time. What came of it is
 * kept for exactly that token and target (never shared between subjects) as long as it lives, and renewed ahead while
 * requests go on. A refusal is remembered for a moment; a failure by nobody but the circuit breaker (invariant 5).
 */
import { LRUCache } from 'lru-cache';
import type { Clock, JsonObject, Principal, Provided } from '#core/index';
import { mayAct } from '#formats/actor';
import {
	type EndpointCall,
	EndpointCallError,
	type EndpointCallStatus,
} from '#keys/authorization-server/endpoint-call';
import type { OwnToken, OwnTokenStatus } from '#keys/authorization-server/own-token';
import { claimsOf, readTokenAnswer } from '#keys/authorization-server/token-answer';
import { actorOf } from './actor.ts';
import { faultOfExchanged } from './answer.ts';
import { type ExchangeTarget, type ExchangeTerms, exchangeParameters } from './parameters.ts';

export interface Subject {
	readonly token: string;
	/** Of the whole token. */
	readonly digest: string;
	readonly principal: Principal;
}

export type Exchanged =
	| { readonly kind: 'issued'; readonly provided: Provided }
	/** The server's word, or the subject's (`may_act`), that this token is not exchanged. */
	| { readonly kind: 'refused'; readonly found: string }
	/** The server's fault, or ours. `retryAfter`: seconds. */
	| { readonly kind: 'unavailable'; readonly cause: Error; readonly retryAfter: number };

export interface ExchangerOptions {
	/** What the server is called in metrics. */
	readonly name: string;
	readonly call: EndpointCall;
	readonly terms: ExchangeTerms;
	/** Our own token, where the server shall know who acts; undefined: the client's alone is shown. */
	readonly actor: OwnToken | undefined;
	/** Our `client_id` there. */
	readonly clientId: string;
	/** Field in which the upstream gets it, and what stands before the token. */
	readonly field: { readonly name: string; readonly prefix: string };
	/** Keyed digest of a token, for audit records. */
	readonly tokenId: (token: string) => string;
	readonly clock: Clock;
	/** Octets that the kept tokens may take. */
	readonly cacheBytes: number;
	/** Told of each call; `seconds` from question to answer. */
	readonly onCall?: (call: ExchangeCall) => void;
}

export interface ExchangeCall {
	readonly server: string;
	readonly outcome: 'issued' | 'refused' | 'failed' | 'kept_back';
	readonly seconds: number;
}

export interface Exchanger {
	/** `key`: what the target differs in between requests of one subject. Waits only where the server must be asked. */
	exchange(subject: Subject, target: ExchangeTarget, key: string): Exchanged | Promise<Exchanged>;
	/** Finds the endpoint where it is discovered. Never rejects. */
	start(): Promise<void>;
	stop(): void;
	status(): ExchangerStatus;
}

export interface ExchangerStatus extends EndpointCallStatus {
	/** Tokens that are kept, and how often one of them served. */
	readonly kept: number;
	readonly hits: number;
	/** Our own token, where one is shown. */
	readonly actor: OwnTokenStatus | undefined;
}

interface Kept {
	readonly outcome: Extract<Exchanged, { readonly kind: 'issued' }>;
	/** Monotonic milliseconds. */
	readonly usableUntil: number;
	renewAt: number;
}

interface Refusal {
	readonly outcome: Extract<Exchanged, { readonly kind: 'refused' }>;
	/** Monotonic milliseconds. */
	readonly until: number;
}

/** Milliseconds that a refusal counts, and of how many. */
const refusedFor = 5_000;
const mostRefusals = 10_000;
/** Milliseconds after which a renewal that failed is tried again. */
const renewalPause = 5_000;
/** What an entry takes beside its token. */
const overhead = 600;

/** Answers about this one token or target (RFC 8693 §2.2.2, RFC 6749 §5.2). Everything else is about us. */
const refusals: ReadonlySet<string> = new Set([
	'invalid_grant',
	'invalid_request',
	'invalid_target',
	'invalid_token',
	'access_denied',
	'interaction_required',
	'consent_required',
	'login_required',
]);

const notAllowed = { kind: 'refused', found: 'may_act of the token names somebody else' } as const;

export function createExchanger(options: ExchangerOptions): Exchanger {
	const { name, call, terms, actor, clientId, field, clock } = options;
	const kept = new LRUCache<string, Kept>({ maxSize: options.cacheBytes });
	const refused = new LRUCache<string, Refusal>({ max: mostRefusals });
	const underWay = new Map<string, Promise<Exchanged>>();
	let hits = 0;

	function isAllowed({ principal }: Subject, acting: JsonObject | undefined): boolean {
		const { ids, issuer } = actorOf(clientId, acting, principal.issuer);
		return mayAct(principal.claims, ids, issuer);
	}

	async function ask(subject: Subject, target: ExchangeTarget, key: string): Promise<Exchanged> {
		const started = clock.monotonic();
		let answer: Awaited<ReturnType<EndpointCall['post']>>;
		try {
			const acting = actor === undefined ? undefined : await actor.get();
			if (acting !== undefined && acting.kind === 'unavailable') return acting;
			if (acting !== undefined && !isAllowed(subject, claimsOf(acting.token))) return notAllowed;
			const form = exchangeParameters(terms, subject.token, acting?.token, target);
			answer = await call.post(form, 'application/json');
		} catch (error) {
			const known = error instanceof EndpointCallError ? error : undefined;
			told(known === undefined || known.code === 'no_answer' ? 'failed' : 'kept_back', started);
			return unavailable(error, known?.retryAfter);
		}
		const read = readTokenAnswer(answer, clock.now() / 1000);
		if (read.kind === 'refused' && refusals.has(read.error)) {
			told('refused', started);
			const outcome: Exchanged = { kind: 'refused', found: `the token endpoint answered ${read.error}` };
			refused.set(key, { outcome, until: clock.monotonic() + refusedFor });
			return outcome;
		}
		const fault =
			read.kind === 'issued'
				? faultOfExchanged(read.issued, terms, target, subject.principal.scopes)
				: read.kind === 'refused'
					? `the token endpoint answered ${read.error}`
					: read.why;
		if (fault !== undefined || read.kind !== 'issued') {
			told('failed', started);
			return unavailable(new Error(fault), undefined);
		}
		told('issued', started);
		const { token, lifetime } = read.issued;
		const provided = {
			set: [[field.name, `${field.prefix}${token}`]],
			tokenId: options.tokenId(token),
			renew: undefined,
		} as const;
		const outcome = { kind: 'issued', provided } as const;
		// A token of which nobody says how long it lives is good for those who wait for it now.
		if (lifetime !== undefined) keep(key, outcome, started, lifetime * 1000, token.length);
		return outcome;
	}

	/** From the question on, and a little less than its whole life: it must still be good where it arrives. */
	function keep(key: string, outcome: Kept['outcome'], from: number, lifetime: number, size: number): void {
		const margin = Math.min(5_000, lifetime / 10);
		const usableUntil = from + lifetime - margin;
		kept.set(key, { outcome, usableUntil, renewAt: from + lifetime * 0.8 }, { size: size * 2 + key.length + overhead });
	}

	function told(outcome: ExchangeCall['outcome'], started: number): void {
		options.onCall?.({ server: name, outcome, seconds: (clock.monotonic() - started) / 1000 });
	}

	function askOnce(subject: Subject, target: ExchangeTarget, key: string): Promise<Exchanged> {
		const running = underWay.get(key);
		if (running !== undefined) return running;
		const asked = ask(subject, target, key).finally(() => underWay.delete(key));
		underWay.set(key, asked);
		return asked;
	}

	/** In the background; the one that is kept serves meanwhile. */
	function renew(entry: Kept, now: number, subject: Subject, target: ExchangeTarget, key: string): void {
		entry.renewAt = now + renewalPause;
		void askOnce(subject, target, key);
	}

	return {
		exchange(subject, target, variant) {
			const key = variant === '' ? subject.digest : `${subject.digest} ${variant}`;
			const now = clock.monotonic();
			const entry = kept.get(key);
			if (entry !== undefined && now < entry.usableUntil) {
				hits++;
				if (now >= entry.renewAt) renew(entry, now, subject, target, key);
				return entry.outcome;
			}
			const refusal = refused.get(key);
			if (refusal !== undefined && now < refusal.until) return refusal.outcome;
			// With a token of the actor's, that is who acts, and it is looked at once it is there.
			if (actor === undefined && !isAllowed(subject, undefined)) return notAllowed;
			return askOnce(subject, target, key);
		},
		async start() {
			await Promise.all([call.warm(), actor?.start()]);
		},
		stop() {
			actor?.stop();
		},
		status: () => ({ ...call.status(), kept: kept.size, hits, actor: actor?.status() }),
	};
}

function unavailable(error: unknown, retryAfter = 1): Extract<Exchanged, { readonly kind: 'unavailable' }> {
	const cause = error instanceof Error ? error : new Error('the exchange failed', { cause: error });
	return { kind: 'unavailable', cause, retryAfter };
}

/**
 * Between the verdict and the engine: an allow becomes a forward, everything else an answer, and each request a record,
 * a count and, where they are exported, its spans, all under the same ids.
 */
import { refusalAnswer } from '#answers/refusal';
import type {
	Answer,
	Clock,
	Facts,
	FinishedSpan,
	Log,
	Reason,
	RequestEdits,
	RequestView,
	ResponseEdits,
	Verdict,
} from '#core/index';
import { isFaultReason } from '#core/index';
import type { Action, Decision, Outcome, RequestHandler } from '#http/engine';
import { type AuditInput, type AuditRecord, auditRecord } from '#observe/audit-record';
import type { AuditTrail } from '#observe/audit-trail';
import type { RequestMetrics } from '#observe/request-metrics';
import { requestSpans, type UpstreamCall } from '#observe/request-spans';
import {
	idLine,
	idNames,
	type RequestTrail,
	requestIdField,
	trailLines,
	trailNames,
	trailStrip,
} from '#observe/request-trail';
import type { UnderWay } from '#revocation/under-way';

export interface RequestHandlerOptions {
	/** What is in force now: asked once a request, which is then decided and worded by that alone. */
	readonly current: () => InForce;
	readonly clock: Clock;
	readonly log: Log;
	readonly audit: AuditTrail;
	/** The ids of a request; undefined: of one whose head could not be read. */
	readonly trailOf: (request: RequestView | undefined) => RequestTrail;
	readonly metrics: RequestMetrics;
	/** What is open, and ends when its credential is revoked. */
	readonly underWay: Pick<UnderWay, 'add'>;
	/** Undefined: spans are not exported. */
	readonly span: ((span: FinishedSpan) => void) | undefined;
}

/** The part of a configuration that a request meets; a reload brings another one. */
export interface InForce {
	readonly decide: (request: RequestView, requestId: string) => Verdict | Promise<Verdict>;
	readonly exposeReason: boolean;
	readonly statuses: Partial<Readonly<Record<Reason, number>>>;
}

/** What the gateway remembers of a request until it is over. */
interface Remembered {
	readonly inForce: InForce;
	readonly verdict: Verdict;
	readonly trail: RequestTrail;
	/** Milliseconds since the epoch at which the verdict was there; 0 where spans are not exported. */
	readonly decidedAt: number;
	/** The decision is already in the audit trail. */
	readonly committed: boolean;
}

export function createRequestHandler(options: RequestHandlerOptions): RequestHandler<Remembered> {
	const { current, clock, log, audit, trailOf, metrics, underWay, span } = options;
	/** Ids of requests that the engine refused before they were decided, from their wording to their record. */
	const undecided = new WeakMap<RequestView, RequestTrail>();
	let headless: RequestTrail | undefined;

	/** With `on_overflow: refuse` the decision about a guarded request is on record before anything comes of it. */
	function admit(decided: Remembered, request: RequestView): Decision<Remembered> | Promise<Decision<Remembered>> {
		const { verdict, trail } = decided;
		const isGuarded = verdict.facts.challenge !== undefined;
		if (audit.commit === undefined || !isGuarded) return toDecision(decided, request);
		const committed = audit.commit({
			time: clock.now(),
			requestId: trail.requestId,
			traceId: trail.traceId,
			spanId: trail.spanId,
			event: 'decision',
			decision: verdict.kind,
			reason: reasonOf(verdict),
			status: undefined,
			method: request.method,
			host: hostOf(request),
			path: pathOf(request),
			peer: request.peer,
			facts: verdict.facts,
			upstreamStatus: undefined,
			duration: undefined,
			upstreamDuration: undefined,
		});
		return committed.then((written) => {
			const recorded: Verdict = written
				? verdict
				: {
						kind: 'fault',
						reason: 'audit_unavailable',
						cause: 'the audit record could not be written',
						facts: verdict.facts,
					};
			return toDecision({ ...decided, verdict: recorded, committed: written }, request);
		});
	}

	function conclude(
		verdict: Verdict,
		began: number,
		known: Pick<Remembered, 'inForce' | 'trail'>,
		request: RequestView,
	): Decision<Remembered> | Promise<Decision<Remembered>> {
		metrics.decided(verdict.facts, clock.monotonic() - began);
		const { inForce, trail } = known;
		const decidedAt = span === undefined ? 0 : clock.now();
		return admit({ inForce, verdict, trail, decidedAt, committed: false }, request);
	}

	function decide(request: RequestView): Decision<Remembered> | Promise<Decision<Remembered>> {
		const inForce = current();
		const trail = trailOf(request);
		const known = { inForce, trail };
		const began = clock.monotonic();
		const verdict = inForce.decide(request, trail.requestId);
		return verdict instanceof Promise
			? verdict.then((late) => conclude(late, began, known, request))
			: conclude(verdict, began, known, request);
	}

	/** The engine will end this request as one that was never decided. */
	function lost(error: unknown): never {
		metrics.over();
		throw error;
	}

	/** Keeps the ids that a refusal without a decision told the client. */
	function keepTrail(request: RequestView | undefined): RequestTrail {
		const trail = trailOf(request);
		if (request === undefined) headless = trail;
		else undecided.set(request, trail);
		return trail;
	}

	function keptTrail(request: RequestView | undefined): RequestTrail {
		const kept = request === undefined ? headless : undecided.get(request);
		headless = undefined;
		return kept ?? trailOf(request);
	}

	return {
		decide(request) {
			metrics.began();
			try {
				const decision = decide(request);
				return decision instanceof Promise ? decision.catch(lost) : decision;
			} catch (error) {
				return lost(error);
			}
		},
		refuse(reason, request, decision) {
			const { exposeReason, statuses } = decision?.record.inForce ?? current();
			const verdict = decision?.record.verdict;
			// A page must be able to read why its allowed request failed after all (CORS).
			const headers = verdict?.kind === 'allow' ? [...verdict.response.set, ...verdict.response.add] : undefined;
			const answer = refusalAnswer(
				{ reason, status: statuses[reason], headers, challenge: verdict?.facts.challenge },
				{ exposeReason, accept: request?.header('accept') },
			);
			return withRequestId(answer, decision?.record.trail ?? keepTrail(request));
		},
		opened({ record: { verdict } }, cut) {
			return verdict.kind === 'allow' ? underWay.add(verdict.facts, cut) : () => {};
		},
		ended(outcome, request, decision) {
			const remembered = decision?.record;
			const verdict = remembered?.verdict;
			const reason = outcome.reason ?? reasonOf(verdict);
			const trail = remembered?.trail ?? keptTrail(request);
			const now = clock.now();
			const { status, duration, upstreamStatus, upstreamDuration } = outcome;
			logFault(log, reason, outcome, verdict, trail);
			const decided = decisionOf(verdict, outcome);
			const input: AuditInput = {
				time: now,
				requestId: trail.requestId,
				traceId: trail.traceId,
				spanId: trail.spanId,
				event: remembered?.committed === true ? 'completion' : undefined,
				decision: decided,
				reason,
				status,
				method: request?.method,
				host: request === undefined ? undefined : hostOf(request),
				path: request === undefined ? undefined : pathOf(request),
				peer: request?.peer,
				facts: verdict?.facts,
				upstreamStatus,
				duration,
				upstreamDuration,
			};
			audit.record(input);
			if (remembered !== undefined) metrics.over();
			metrics.ended({ facts: verdict?.facts, decision: decided, reason, status, upstreamDuration, now: now / 1000 });
			if (span === undefined || !trail.isRecorded) return;
			const call = remembered === undefined ? undefined : upstreamCall(remembered, outcome);
			const record = auditRecord(input);
			for (const each of requestSpans({ trail, record, scheme: request?.scheme, end: now, duration, call })) span(each);
		},
	};
}

function toDecision(record: Remembered, request: RequestView): Decision<Remembered> {
	return { action: toAction(record, request), record };
}

function toAction({ verdict, trail, inForce }: Remembered, request: RequestView): Action {
	switch (verdict.kind) {
		case 'allow':
			return {
				kind: 'forward',
				upstream: withoutTraceState(verdict.upstream, trail, request),
				response: withIdOnAnswers(verdict.response, trail),
				upstreamLines: { names: trailNames, text: trailLines(trail) },
				responseLines: { names: idNames, text: idLine(trail) },
				until: verdict.until,
				responseUntil: verdict.responseUntil,
				endsResponse: verdict.endsResponse,
			};
		case 'answer': {
			const { status, headers, body, read } = verdict;
			if (read !== undefined) {
				const answer = async (octets: Uint8Array) => withRequestId(await read.answer(octets), trail);
				return { kind: 'collect', limit: read.limit, answer };
			}
			return { kind: 'answer', answer: withRequestId({ status, headers, body }, trail) };
		}
		case 'deny':
		case 'fault':
			return { kind: 'answer', answer: withRequestId(wordRefusal(verdict, request, inForce.exposeReason), trail) };
	}
}

function withoutTraceState(edits: RequestEdits, trail: RequestTrail, request: RequestView): RequestEdits {
	const strip = trailStrip(trail, request, edits.strip);
	return strip === edits.strip ? edits : { ...edits, strip };
}

/** An answer in place of the upstream's response tells the request's id like any other. */
function withIdOnAnswers(edits: ResponseEdits, trail: RequestTrail): ResponseEdits {
	const { decide } = edits;
	if (decide === undefined) return edits;
	return {
		...edits,
		decide(response) {
			const decision = decide(response);
			if (decision.kind !== 'answer') return decision;
			return { kind: 'answer', answer: withRequestId(decision.answer, trail) };
		},
	};
}

function withRequestId(answer: Answer, { requestId }: RequestTrail): Answer {
	return { ...answer, headers: [...answer.headers, [requestIdField, requestId]] };
}

/** Undefined when the upstream was never asked: the engine refused an allowed request, for its body's size, say. */
function upstreamCall({ verdict, decidedAt }: Remembered, outcome: Outcome): UpstreamCall | undefined {
	const { upstreamDuration: duration, upstreamStatus: status, reason } = outcome;
	if (verdict.kind !== 'allow') return undefined;
	if (duration === undefined && reason !== undefined && !reason.startsWith('upstream_')) return undefined;
	return { upstream: verdict.upstream.upstream.name, start: decidedAt, duration, status };
}

function wordRefusal(
	verdict: Verdict & { kind: 'deny' | 'fault' },
	request: RequestView,
	exposeReason: boolean,
): Answer {
	const facts: Facts = verdict.facts;
	const override = verdict.kind === 'deny' ? verdict.override : undefined;
	return refusalAnswer(
		{ reason: verdict.reason, ...override, challenge: facts.challenge, retryAfter: facts.retryAfter },
		{ exposeReason, accept: request.header('accept') },
	);
}

function reasonOf(verdict: Verdict | undefined): Reason | undefined {
	return verdict?.kind === 'deny' || verdict?.kind === 'fault' ? verdict.reason : undefined;
}

/** A request that the engine refused or that failed afterwards is no longer an allow. */
function decisionOf(verdict: Verdict | undefined, { reason }: Outcome): AuditRecord['decision'] {
	if (reason !== undefined) return isFaultReason(reason) ? 'fault' : 'deny';
	return verdict?.kind ?? 'deny';
}

/** The path alone: a query may hold a token, and the authority of an absolute-form target a password. */
function pathOf({ target }: RequestView): string {
	const query = target.indexOf('?');
	const fragment = target.indexOf('#');
	const ends = query < 0 ? fragment : fragment < 0 ? query : Math.min(query, fragment);
	const path = ends < 0 ? target : target.slice(0, ends);
	return path.startsWith('/') ? path : withoutUserInfo(path);
}

function hostOf({ host }: RequestView): string {
	return host.includes('@') ? withoutUserInfo(host) : host;
}

/** A target or Host without `user:password@`; such a request is refused, and recorded all the same. */
function withoutUserInfo(text: string): string {
	return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/]*@/i, '$1');
}

function logFault(
	log: Log,
	reason: Reason | undefined,
	outcome: Outcome,
	verdict: Verdict | undefined,
	{ requestId }: RequestTrail,
): void {
	if (reason === undefined || !isFaultReason(reason)) return;
	const cause: unknown = outcome.cause ?? (verdict?.kind === 'fault' ? verdict.cause : undefined);
	log.error('request failed', {
		reason,
		route: verdict?.facts.route,
		request_id: requestId,
		cause: describeCause(cause),
	});
}

function describeCause(cause: unknown): string | undefined {
	if (cause === undefined || typeof cause === 'string') return cause;
	if (!(cause instanceof Error)) return 'something that is no Error was thrown';
	return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
}

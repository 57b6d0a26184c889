/** Between the verdict and the engine: an allow becomes a forward, everything else an answer, and each request a record. */
import { refusalAnswer } from '#answers/refusal';
import type { Answer, Clock, Facts, Log, Reason, RequestView, Verdict } from '#core/index';
import { isFaultReason } from '#core/index';
import type { Action, Decision, Outcome, RequestHandler } from '#http/engine';
import { type AuditInput, type AuditRecord, auditRecord } from '#observe/audit-record';
import type { AuditTrail } from '#observe/audit-trail';

export interface RequestHandlerOptions {
	/** What is in force now: asked once a request, which is then decided and worded by that alone. */
	readonly current: () => InForce;
	readonly clock: Clock;
	readonly log: Log;
	readonly audit: AuditTrail;
}

/** The part of a configuration that a request meets; a reload brings another one. */
export interface InForce {
	readonly decide: (request: RequestView) => Verdict | Promise<Verdict>;
	readonly exposeReason: boolean;
	readonly statuses: Partial<Readonly<Record<Reason, number>>>;
}

/** What the gateway remembers of a request until it is over. */
interface Remembered {
	readonly inForce: InForce;
	readonly verdict: Verdict;
	readonly requestId: string;
	/** The decision is already in the audit trail. */
	readonly committed: boolean;
}

export function createRequestHandler(options: RequestHandlerOptions): RequestHandler<Remembered> {
	const { current, clock, log, audit } = options;
	let requests = 0;

	function nextRequestId(): string {
		requests = (requests + 1) % Number.MAX_SAFE_INTEGER;
		return requests.toString(36);
	}

	/** With `on_overflow: refuse` the decision about a guarded request is on record before anything comes of it. */
	function admit(
		inForce: InForce,
		verdict: Verdict,
		request: RequestView,
	): Decision<Remembered> | Promise<Decision<Remembered>> {
		const requestId = nextRequestId();
		const isGuarded = verdict.facts.challenge !== undefined;
		if (audit.commit === undefined || !isGuarded)
			return toDecision({ inForce, verdict, requestId, committed: false }, request);
		const record = auditRecord({
			...subject(request, verdict, clock.now()),
			requestId,
			event: 'decision',
			decision: verdict.kind,
			reason: reasonOf(verdict),
			status: undefined,
			upstreamStatus: undefined,
			duration: undefined,
			upstreamDuration: undefined,
		});
		return audit.commit(record).then((written) => {
			const recorded: Verdict = written
				? verdict
				: {
						kind: 'fault',
						reason: 'audit_unavailable',
						cause: 'the audit record could not be written',
						facts: verdict.facts,
					};
			return toDecision({ inForce, verdict: recorded, requestId, committed: written }, request);
		});
	}

	return {
		decide(request) {
			const inForce = current();
			const verdict = inForce.decide(request);
			return verdict instanceof Promise
				? verdict.then((late) => admit(inForce, late, request))
				: admit(inForce, verdict, request);
		},
		refuse(reason, request, decision) {
			const { exposeReason, statuses } = decision?.record.inForce ?? current();
			const facts = decision?.record.verdict.facts;
			return refusalAnswer(
				{ reason, status: statuses[reason], challenge: facts?.challenge },
				{ exposeReason, accept: request?.header('accept') },
			);
		},
		ended(outcome, request, decision) {
			const remembered = decision?.record;
			const verdict = remembered?.verdict;
			const reason = outcome.reason ?? reasonOf(verdict);
			logFault(log, reason, outcome, verdict);
			audit.record(
				auditRecord({
					...subject(request, verdict, clock.now()),
					requestId: remembered?.requestId ?? nextRequestId(),
					event: remembered?.committed === true ? 'completion' : undefined,
					decision: decisionOf(verdict, outcome),
					reason,
					status: outcome.status,
					upstreamStatus: outcome.upstreamStatus,
					duration: outcome.duration,
					upstreamDuration: outcome.upstreamDuration,
				}),
			);
		},
	};
}

function toDecision(record: Remembered, request: RequestView): Decision<Remembered> {
	return { action: toAction(record.verdict, request, record.inForce.exposeReason), record };
}

/** Who and what a record is about. */
function subject(
	request: RequestView | undefined,
	verdict: Verdict | undefined,
	time: number,
): Pick<AuditInput, 'time' | 'method' | 'host' | 'path' | 'peer' | 'facts'> {
	return {
		time,
		method: request?.method,
		host: request?.host,
		path: request === undefined ? undefined : pathOf(request),
		peer: request?.peer,
		facts: verdict?.facts,
	};
}

function toAction(verdict: Verdict, request: RequestView, exposeReason: boolean): Action {
	switch (verdict.kind) {
		case 'allow':
			return { kind: 'forward', upstream: verdict.upstream, response: verdict.response, until: verdict.until };
		case 'answer':
			return { kind: 'answer', answer: { status: verdict.status, headers: verdict.headers, body: verdict.body } };
		case 'deny':
		case 'fault':
			return { kind: 'answer', answer: wordRefusal(verdict, request, exposeReason) };
	}
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

/** The path alone: a query may hold a token. */
function pathOf({ target }: RequestView): string {
	const end = target.search(/[?#]/);
	return end < 0 ? target : target.slice(0, end);
}

function logFault(log: Log, reason: Reason | undefined, outcome: Outcome, verdict: Verdict | undefined): void {
	if (reason === undefined || !isFaultReason(reason)) return;
	const cause: unknown = outcome.cause ?? (verdict?.kind === 'fault' ? verdict.cause : undefined);
	log.error('request failed', { reason, route: verdict?.facts.route, cause: describeCause(cause) });
}

function describeCause(cause: unknown): string | undefined {
	if (cause === undefined || typeof cause === 'string') return cause;
	if (!(cause instanceof Error)) return 'something that is no Error was thrown';
	return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
}

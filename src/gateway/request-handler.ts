/** Between the verdict and the engine: an allow becomes a forward, everything else an answer, and each request a record. */
import { refusalAnswer } from '#answers/refusal';
import type { Answer, Clock, Facts, Log, Reason, RequestView, Verdict } from '#core/index';
import { isFaultReason } from '#core/index';
import type { Action, Decision, Outcome, RequestHandler } from '#http/engine';
import { type AuditRecord, auditRecord } from '#observe/audit-record';

export interface RequestHandlerOptions {
	readonly decide: (request: RequestView) => Verdict | Promise<Verdict>;
	readonly exposeReason: boolean;
	readonly statuses: Partial<Readonly<Record<Reason, number>>>;
	readonly clock: Clock;
	readonly log: Log;
	readonly record: (record: AuditRecord) => void;
}

/** What the gateway remembers of a request until it is over. */
interface Remembered {
	readonly verdict: Verdict;
}

export function createRequestHandler(options: RequestHandlerOptions): RequestHandler<Remembered> {
	const { decide, exposeReason, statuses, clock, log, record } = options;
	let requests = 0;

	function toDecision(verdict: Verdict, request: RequestView): Decision<Remembered> {
		return { action: toAction(verdict, request, exposeReason), record: { verdict } };
	}

	return {
		decide(request) {
			const verdict = decide(request);
			return verdict instanceof Promise
				? verdict.then((late) => toDecision(late, request))
				: toDecision(verdict, request);
		},
		refuse(reason, request, decision) {
			const facts = decision?.record.verdict.facts;
			return refusalAnswer(
				{ reason, status: statuses[reason], challenge: facts?.challenge },
				{ exposeReason, accept: request?.header('accept') },
			);
		},
		ended(outcome, request, decision) {
			const verdict = decision?.record.verdict;
			const reason = outcome.reason ?? reasonOf(verdict);
			logFault(log, reason, outcome, verdict);
			requests = (requests + 1) % Number.MAX_SAFE_INTEGER;
			record(
				auditRecord({
					time: clock.now(),
					requestId: requests.toString(36),
					decision: decisionOf(verdict, outcome),
					reason,
					status: outcome.status,
					method: request?.method,
					host: request?.host,
					path: request === undefined ? undefined : pathOf(request),
					peer: request?.peer,
					facts: verdict?.facts,
					upstreamStatus: outcome.upstreamStatus,
					duration: outcome.duration,
					upstreamDuration: outcome.upstreamDuration,
				}),
			);
		},
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

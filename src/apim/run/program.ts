/**
 * A policy as the program of a route: inbound, backend, outbound, and on-error once a statement refused. What comes out is a
 * forward, an answer or a refusal; nothing reaches an upstream that did not come to the end of inbound. Outbound runs when the
 * response is there where it depends on that, else at once.
 */
import type {
	Evidence,
	HeaderList,
	ProgramOutcome,
	ProgramSurroundings,
	ResponseView,
	RouteProgram,
} from '#core/index';
import { flatStatements } from '../statements/flat-statements.ts';
import type { ReadPolicy } from '../statements/read-policy.ts';
import type { Statement } from '../statements/statement.ts';
import { answerHeaders } from './answer-headers.ts';
import type { ContextBuilder } from './context.ts';
import { preflightAnswer } from './cors.ts';
import { EvaluationFailure, type Failure, type PolicyResponse, type Signal } from './failure.ts';
import { leftBehind } from './left-behind.ts';
import { link, type Parts, runAll } from './link.ts';
import { PolicyRun, type TrailEntry } from './policy-run.ts';
import { replacingEdit } from './replace-content.ts';
import { decideResponse, decideWithoutUpstream, needResponse } from './response-phase.ts';

export interface ApimProgram extends RouteProgram {
	/** The same with what came of each statement, and the variables' names. */
	trace(
		evidence: Evidence,
		around: ProgramSurroundings,
	): Promise<{ readonly outcome: ProgramOutcome; readonly trail: readonly TrailEntry[]; readonly run: PolicyRun }>;
}

/** `policy` must have been read without an error. */
export function createProgram({ sections }: ReadPolicy, parts: Parts, builder: ContextBuilder): ApimProgram {
	const inbound = link(sections.inbound, parts);
	const backend = link(sections.backend, parts);
	const outbound = link(sections.outbound, parts);
	const isAtResponse = needResponse(sections.outbound);
	const afterwards = isAtResponse ? backend : [...backend, ...outbound];
	const mayReplace = flatStatements(sections.outbound).some(({ kind }) => kind === 'find-and-replace');
	const onError = link(sections['on-error'], parts);
	const cors = flatStatements(sections.inbound).filter((statement) => statement.kind === 'cors');

	function start(run: PolicyRun): ProgramOutcome | Promise<ProgramOutcome> {
		const signal = runAll(inbound, run);
		return signal instanceof Promise ? signal.then((late) => afterInbound(late, run)) : afterInbound(signal, run);
	}

	function afterInbound(signal: Signal | null, run: PolicyRun): ProgramOutcome | Promise<ProgramOutcome> {
		if (signal === null) {
			const late = runAll(afterwards, run);
			return late instanceof Promise ? late.then((ended) => afterOutbound(ended, run)) : afterOutbound(late, run);
		}
		switch (signal.kind) {
			case 'breakdown':
				return { kind: 'fault', reason: signal.reason, cause: signal.cause };
			case 'answered':
				return answer(signal.response, run);
			case 'failure':
				return handle(signal, run);
		}
	}

	function afterOutbound(signal: Signal | null, run: PolicyRun): ProgramOutcome {
		if (signal === null)
			return isAtResponse ? withResponse(run) : run.isForwarded ? forward(run, parts) : answerAlone(run);
		if (signal.kind === 'breakdown') return { kind: 'fault', reason: signal.reason, cause: signal.cause };
		throw new Error('a statement of outbound ended the request');
	}

	function withResponse(run: PolicyRun): ProgramOutcome {
		if (!run.isForwarded) return decideWithoutUpstream(outbound, run);
		const outcome = forward(run, parts);
		if (outcome.kind !== 'forward') return outcome;
		const asked = mayReplace ? askingForPlainContent(outcome) : outcome;
		const decide = (response: ResponseView) => decideResponse(outbound, run, response);
		return { ...asked, response: { ...asked.response, decide } };
	}

	/** The error as the client reads it, after on-error has had its say. */
	function handle(failure: Failure, run: PolicyRun): ProgramOutcome | Promise<ProgramOutcome> {
		run.lastError = failure;
		run.response = {
			status: failure.status,
			headers: [['content-type', 'application/json'], ...failure.headers],
			body: JSON.stringify({ statusCode: failure.status, message: failure.wording ?? failure.message }),
		};
		const signal = runAll(onError, run);
		return signal instanceof Promise
			? signal.then((late) => afterError(late, failure, run))
			: afterError(signal, failure, run);
	}

	function afterError(signal: Signal | null, failure: Failure, run: PolicyRun): ProgramOutcome {
		if (signal?.kind === 'breakdown') return { kind: 'fault', reason: signal.reason, cause: signal.cause };
		const response = signal?.kind === 'answered' ? signal.response : run.response;
		if (response === undefined) throw new Error('an error without a response');
		const { status, body } = response;
		return { kind: 'refuse', reason: failure.own, status, headers: answerHeaders(response, run), body };
	}

	function preflight(evidence: Evidence, around: ProgramSurroundings): ProgramOutcome {
		const run = new PolicyRun(evidence, around, builder);
		try {
			return answer(preflightAnswer(cors, run), run);
		} catch (cause) {
			if (!(cause instanceof EvaluationFailure)) throw cause;
			return { kind: 'fault', reason: 'internal_error', cause };
		}
	}

	return {
		writes: identityHeaders(sections.inbound),
		preflight: cors.length === 0 ? undefined : preflight,
		run: (evidence, around) => start(new PolicyRun(evidence, around, builder)),
		async trace(evidence, around) {
			const run = new PolicyRun(evidence, around, builder);
			run.trail = [];
			const outcome = await start(run);
			return { outcome, trail: run.trail, run };
		},
	};
}

/**
 * `X-…` fields that the policy makes of the request, on whichever way it takes: a client that goes another way must not be
 * able to set them. With `skip` it is the policy that wants the client's own.
 */
function identityHeaders(statements: readonly Statement[]): readonly string[] {
	const set = flatStatements(statements).filter((statement) => statement.kind === 'set-header');
	const kept = new Set(set.filter(({ action }) => action === 'skip').map(({ name }) => name.toLowerCase()));
	return set
		.filter(({ name, action, values }) => {
			const isMade = action === 'override' && values.some(({ kind }) => kind === 'expression');
			return isMade && /^x-/i.test(name) && !kept.has(name.toLowerCase());
		})
		.map(({ name }) => name);
}

type Forward = ProgramOutcome & { kind: 'forward' };

function forward(run: PolicyRun, parts: Parts): ProgramOutcome {
	const { headers, path, certificate, responseFields } = run;
	const { fields, cookies, query } = leftBehind(run);
	const backend = certificate === undefined ? run.backend : parts.presentedTo(certificate, run.backend);
	if (certificate !== undefined && backend === undefined) {
		const cause = new EvaluationFailure('authentication-certificate needs an upstream of https:');
		return { kind: 'fault', reason: 'internal_error', cause };
	}
	const asked: Forward = {
		kind: 'forward',
		strip: [...headers.removed, ...fields],
		stripCookies: cookies,
		set: headers.written,
		append: headers.appended,
		path,
		query,
		backend,
		response: { ...responseFields, content: undefined, decide: undefined },
	};
	if (run.replacements.length === 0) return asked;
	const content = replacingEdit(run.replacements);
	return askingForPlainContent({ ...asked, response: { ...asked.response, content } });
}

/** Fields that ask for content that could not be edited: encoded, or a part of it. */
const aboutContent: readonly string[] = ['accept-encoding', 'range', 'if-range'];

/** The upstream is asked for all of the content, as it is; whoever says otherwise, client or policy, does not have a say. */
function askingForPlainContent(asked: Forward): Forward {
	const others = (list: HeaderList) => list.filter(([name]) => !aboutContent.includes(name.toLowerCase()));
	return {
		...asked,
		strip: [...asked.strip, ...aboutContent],
		set: [...others(asked.set), ['Accept-Encoding', 'identity']],
		append: others(asked.append),
	};
}

/** Nobody was asked: an empty answer, with what outbound makes of it. */
function answerAlone(run: PolicyRun): ProgramOutcome {
	const { set, add } = run.responseFields;
	return { kind: 'answer', status: 200, headers: [...set, ...add], body: '' };
}

function answer(response: PolicyResponse, run: PolicyRun): ProgramOutcome {
	const { status, body } = response;
	return { kind: 'answer', status, headers: answerHeaders(response, run), body };
}

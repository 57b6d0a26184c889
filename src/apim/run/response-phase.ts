/**
 * Outbound of a policy that depends on the upstream's response: run when the head of that is there, over its status and
 * fields, and never waiting. Its body is on its way and is not read. Whatever fails refuses the response as a whole.
 */
import type { HeaderList, ProgramOutcome, ResponseDecision, ResponseView } from '#core/index';
import { flatStatements } from '../statements/flat-statements.ts';
import type { Statement } from '../statements/statement.ts';
import { valuesOf } from '../statements/values-of.ts';
import { answerHeaders } from './answer-headers.ts';
import type { Signal } from './failure.ts';
import { HeaderOverlay, sourceOf } from './header-overlay.ts';
import { type Runnable, runAll } from './link.ts';
import type { PolicyRun, ReceivedResponse } from './policy-run.ts';
import { replacingEdit } from './replace-content.ts';

/** Whether these statements can be decided only once the response is there. */
export function needResponse(outbound: readonly Statement[]): boolean {
	return flatStatements(outbound).some((statement) => {
		switch (statement.kind) {
			// Before the upstream was asked, it would keep the request from it.
			case 'return-response':
			case 'set-status':
				return true;
			case 'set-header':
				if (statement.action === 'skip') return true;
				break;
			default:
		}
		return valuesOf(statement).some((value) => value.kind === 'expression' && value.expression.readsResponse);
	});
}

/** Throws only for a bug. */
export function decideResponse(
	outbound: readonly Runnable[],
	run: PolicyRun,
	response: ResponseView,
): ResponseDecision {
	const { status, reason } = response;
	const received: ReceivedResponse = { status, reason, headers: withEarlier(response.fields(), run) };
	run.received = received;
	const signal = runAll(outbound, run);
	if (signal instanceof Promise) throw new Error('a statement of outbound waits');
	if (signal !== null) return ended(signal, run);
	const { headers } = received;
	return {
		kind: 'pass',
		status: received.status === status ? undefined : received.status,
		edits: {
			set: lowered(headers.written),
			add: lowered(headers.appended),
			remove: [...run.responseRemove, ...headers.removed],
			content: run.replacements.length === 0 ? undefined : replacingEdit(run.replacements),
		},
	};
}

/** Where nobody was asked: outbound over the empty 200 that the client would get. */
export function decideWithoutUpstream(outbound: readonly Runnable[], run: PolicyRun): ProgramOutcome {
	const decision = decideResponse(outbound, run, { status: 200, reason: 'OK', fields: () => [] });
	switch (decision.kind) {
		case 'pass': {
			const { status = 200, edits } = decision;
			return { kind: 'answer', status, headers: [...edits.set, ...edits.add], body: '' };
		}
		case 'answer': {
			const { status, headers, body } = decision.answer;
			return { kind: 'answer', status, headers, body: typeof body === 'string' ? body : '' };
		}
		case 'fault':
			return decision;
	}
}

function ended(signal: Signal, run: PolicyRun): ResponseDecision {
	switch (signal.kind) {
		case 'answered': {
			const { status, body } = signal.response;
			return { kind: 'answer', answer: { status, headers: answerHeaders(signal.response, run), body } };
		}
		case 'breakdown':
			return { kind: 'fault', reason: signal.reason, cause: signal.cause };
		case 'failure':
			throw new Error('a statement of outbound refused the request');
	}
}

/** What the policy decided of the fields before counts here, too: CORS, what is left of a limit. */
function withEarlier(fields: HeaderList, { responseSet, responseAdd }: PolicyRun): HeaderOverlay {
	const headers = new HeaderOverlay(sourceOf(fields));
	for (const name of new Set(responseSet.map(([each]) => each))) {
		headers.replace(
			name,
			responseSet.filter(([each]) => each === name).map(([, value]) => value),
		);
	}
	for (const [name, value] of responseAdd) headers.append(name, [value]);
	return headers;
}

function lowered(list: HeaderList): HeaderList {
	return list.map(([name, value]) => [name.toLowerCase(), value]);
}

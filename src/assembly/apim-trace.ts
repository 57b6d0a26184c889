/** One request through the policy of a route, for a reader: what came of each statement, and what would go where. */

import { preflightMethod } from '#answers/cors';
import { refusalAnswer } from '#answers/refusal';
import type { TrailEntry } from '#apim/run/policy-run';
import { Evidence, type FaultReason, type HeaderList } from '#core/index';
import { canonicalHeader } from '#pipeline/transform/strip';
import { explainedRequest } from '#policy/explained-request';
import { locate } from '#policy/locate';
import { surroundingsOf } from '#policy/run-program';
import type { Assembly } from './assemble.ts';

export interface PolicyTrace {
	readonly trail: readonly TrailEntry[];
	/** Of the answer; undefined: the request is forwarded. */
	readonly status: number | undefined;
	readonly reason: string | undefined;
	readonly headers: HeaderList;
	readonly body: string;
	/** What outbound made of the assumed response, where it depends on that and lets it pass. */
	readonly response:
		| { readonly status: number; readonly set: HeaderList; readonly removed: readonly string[] }
		| undefined;
	/** What the policy made of a request that is forwarded. */
	readonly request:
		| { readonly path: string; readonly query: string; readonly set: HeaderList; readonly removed: readonly string[] }
		| undefined;
}

/** What the upstream would say. */
export interface AssumedResponse {
	readonly status: number;
	readonly reason: string;
	readonly headers: HeaderList;
}

/** Undefined for what is no request. The route that takes it must have a policy. */
export function createRequestTrace({
	policy,
	apim,
	definition,
}: Assembly): (request: {
	readonly method: string;
	readonly url: string;
	readonly headers: HeaderList;
	readonly response: AssumedResponse;
}) => Promise<PolicyTrace | undefined> {
	return async ({ method, url, headers, response }) => {
		const lower = headers.map(([name, value]) => [name.toLowerCase(), value] as const);
		const request = explainedRequest(policy, { method, url, token: undefined, headers: lower });
		if (request === undefined || !/^[A-Z]+$/.test(method)) return undefined;
		const evidence = new Evidence(request, policy.clock.now() / 1000, policy.clock.monotonic());
		const asked = preflightMethod(request);
		const located = locate(policy, evidence, asked ?? method);
		if (located.kind === 'refused') throw new Error(`no route takes this request: ${located.reason}`);
		const { route } = located;
		const program = definition.routes
			.filter(({ name }) => name === route.name)
			.map((written) => apim.programs.get(written))
			.find((found) => found !== undefined);
		if (program === undefined || route.program === undefined) throw new Error(`the route ${route.name} has no policy`);
		const around = surroundingsOf(policy, route, route.program);
		const preflight = asked === undefined ? undefined : program.preflight?.(evidence, around);
		const { outcome, trail } =
			preflight === undefined ? await program.trace(evidence, around) : { outcome: preflight, trail: [] };
		if (outcome.kind === 'forward') {
			const path = outcome.path ?? evidence.path;
			const query = outcome.query ?? evidence.query;
			const removed = outcome.strip.map(canonicalHeader);
			const forwarded = { path, query, set: [...outcome.set, ...outcome.append], removed };
			// Its statements add themselves to the trail.
			const decision = outcome.response.decide?.({ ...response, fields: () => response.headers });
			switch (decision?.kind) {
				case 'answer': {
					const { status, headers: fields, body } = decision.answer;
					return answered(trail, status, undefined, fields, String(body), undefined);
				}
				case 'fault':
					return failed(trail, decision.reason, undefined);
				case 'pass': {
					const { set, add, remove } = decision.edits;
					const passed = { status: decision.status ?? response.status, set: [...set, ...add], removed: remove };
					return { ...answered(trail, undefined, undefined, [], '', forwarded), response: passed };
				}
				case undefined:
					return answered(trail, undefined, undefined, [], '', forwarded);
			}
		}
		if (outcome.kind === 'fault') return failed(trail, outcome.reason, evidence.retryAfter);
		const reason = outcome.kind === 'refuse' ? outcome.reason : undefined;
		return answered(trail, outcome.status, reason, outcome.headers, outcome.body, undefined);
	};
}

function answered(
	trail: readonly TrailEntry[],
	status: number | undefined,
	reason: string | undefined,
	headers: HeaderList,
	body: string,
	request: PolicyTrace['request'],
): PolicyTrace {
	return { trail, status, reason, headers, body, request, response: undefined };
}

function failed(trail: readonly TrailEntry[], reason: FaultReason, retryAfter: number | undefined): PolicyTrace {
	const answer = refusalAnswer({ reason, retryAfter }, { exposeReason: false, accept: undefined });
	return answered(trail, answer.status, reason, [], '', undefined);
}

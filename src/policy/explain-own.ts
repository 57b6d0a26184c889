/** What an explanation says of a request that the gateway answers itself. Nothing is begun, sent or set. */
import type { Check, Evidence, Finding } from '#core/index';
import { type OwnAnswer, takesMethod } from './own-answers.ts';
import type { Policy } from './policy.ts';

export interface ExplainedAnswer {
	readonly findings: readonly Finding[];
	/** Status; undefined where something must be done to know: for a page of sessions, and the policy of a route. */
	readonly answered: number | undefined;
	/** In the place of a route's name. */
	readonly route: string | undefined;
}

/** `judge`: a check that has no effect here. */
export async function explainOwnAnswer(
	policy: Policy,
	own: OwnAnswer,
	evidence: Evidence,
	judge: (check: Check) => Promise<Finding>,
): Promise<ExplainedAnswer> {
	const { method } = evidence.request;
	switch (own.kind) {
		case 'document':
			return {
				findings: [passed('path', 'a document of the gateway itself')],
				answered: own.answer.status,
				route: undefined,
			};
		case 'preflight':
			return {
				findings: [
					passed('path', `path ${evidence.path}`),
					passed('method', 'a CORS preflight, which the gateway answers'),
				],
				answered: own.answer?.status,
				route: own.route.name,
			};
		case 'session_page': {
			const { page } = own;
			const path = passed('path', 'a page of sessions');
			if (!takesMethod(page, evidence)) {
				const { expected = '', found = '' } = evidence;
				const refused: Finding = { check: 'method', outcome: 'refused', reason: 'method_not_allowed', expected, found };
				return { findings: [path, refused], answered: undefined, route: page.name };
			}
			const limits = page.limitsOf === undefined ? [] : (policy.loginLimits.get(page.limitsOf) ?? []);
			const findings = [path, passed('method', `method ${method}`)];
			for (const { name, needs, look, expected, found } of limits) {
				findings.push(await judge({ name, needs, judge: look, expected, found }));
			}
			return { findings, answered: undefined, route: page.name };
		}
	}
}

function passed(check: 'path' | 'method', found: string): Finding {
	return { check, outcome: 'passed', reason: undefined, expected: found, found };
}

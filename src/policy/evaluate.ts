/**
 * Runs an ordered list of checks over the evidence. The one place where checks are run: `decide` stops at the first
 * refusal, `explain` will go on. Synchronous as long as every check is; only a check that obtains something makes it wait.
 */
import type { Check, Evidence, Reason } from '#core/index';

/** Null when all passed, else the first reason; the evidence then names the check, what it expected and what it found. */
export function evaluate(
	checks: readonly Check[],
	evidence: Evidence,
	from = 0,
): Reason | null | Promise<Reason | null> {
	for (let i = from; i < checks.length; i++) {
		const check = checks[i];
		if (check === undefined) break;
		const answer = check.judge(evidence);
		if (answer === null) continue;
		if (typeof answer === 'string') return refused(check, answer, evidence);
		return answer.then((reason) =>
			reason === null ? evaluate(checks, evidence, i + 1) : refused(check, reason, evidence),
		);
	}
	return null;
}

function refused(check: Check, reason: Reason, evidence: Evidence): Reason {
	evidence.check = check.name;
	evidence.expected = check.expected(evidence);
	evidence.found = check.found(evidence);
	return reason;
}

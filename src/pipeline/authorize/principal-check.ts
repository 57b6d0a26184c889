import type { Check, CheckName, Evidence, Principal, Reason } from '#core/index';

/** Judges a principal. Only where a signature is verified can it wait, and only in runtimes whose verification does. */
export interface PrincipalRule {
	readonly name: CheckName;
	judge(principal: Principal, evidence: Evidence): Reason | null | Promise<Reason | null>;
	expected(evidence: Evidence): string;
	found(principal: Principal, evidence: Evidence): string;
}

/** Makes a check of a rule: it judges the verified principal, or, for `explain` alone, what a refused token claims. */
export function principalCheck(rule: PrincipalRule): Check {
	const subject = (evidence: Evidence) => evidence.principal ?? evidence.claimed;
	return {
		name: rule.name,
		needs: 'principal',
		judge(evidence) {
			const principal = subject(evidence);
			return principal === undefined ? 'internal_error' : rule.judge(principal, evidence);
		},
		expected: (evidence) => rule.expected(evidence),
		found(evidence) {
			const principal = subject(evidence);
			return principal === undefined ? 'no principal' : rule.found(principal, evidence);
		},
	};
}

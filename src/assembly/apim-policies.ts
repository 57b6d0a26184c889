/** The policies of a configuration, read: what they need of keys, as providers like any other, and what is wrong with them. */

import { lintContext } from '#apim/lint/context';
import { lintPolicy } from '#apim/lint/lint';
import { PolicyFault } from '#apim/policy-text/policy-fault';
import { readPolicyText } from '#apim/policy-text/read-policy-text';
import { compilePolicyExpression } from '#apim/run/expressions';
import { type ReadPolicy, readPolicy, type ScopeDocument } from '#apim/statements/read-policy';
import type { Finding, FragmentSource, Surroundings } from '#apim/statements/reading';
import type { ApimContextDefinition, ApimDefinition, ApimPolicyDefinition } from '#config/definition';
import type { PolicyProblem } from '#config/reading';
import type { Cryptography } from '#core/index';
import { checkShownCertificates } from './apim-backends.ts';
import { namedIn } from './apim-context.ts';
import { checkVerifiers } from './apim-keys.ts';

export interface CheckedPolicy {
	/** Undefined when a file could not be taken apart. */
	readonly policy: ReadPolicy | undefined;
	readonly findings: readonly Finding[];
}

/** Reads, checks and lints; never throws. With an error among the findings the policy must not be run. */
export function checkPolicy(
	policy: ApimPolicyDefinition,
	apim: ApimDefinition,
	cryptography: Cryptography,
	context?: ApimContextDefinition,
): CheckedPolicy {
	const findings: Finding[] = [];
	const documents: ScopeDocument[] = [];
	const parse = (file: string, text: string) => {
		try {
			return readPolicyText(text);
		} catch (error) {
			if (!(error instanceof PolicyFault)) throw error;
			findings.push({ severity: 'error', rule: 'syntax', file, position: error.position, message: error.message });
			return undefined;
		}
	};
	for (const { scope, file, text } of policy) {
		const document = parse(file, text);
		if (document !== undefined) documents.push({ scope, file, document });
	}
	const fragments = new Map<string, FragmentSource>();
	for (const { name, file, text } of apim.fragments) {
		const document = parse(file, text);
		if (document !== undefined) fragments.set(name, { file, document });
	}
	if (documents.length < policy.length) return { policy: undefined, findings };
	const surroundings: Surroundings = {
		namedValues: new Map(Object.entries(apim.namedValues)),
		placeholders: new Map(Object.entries(apim.placeholders)),
		fragments,
		compile: compilePolicyExpression,
		uncheckedRevocation: apim.uncheckedRevocation === true,
	};
	const read = readPolicy(documents, surroundings, findings);
	// What could not be read is missing from the policy: what is said of the rest would be wrong.
	if (!findings.some(({ severity }) => severity === 'error')) {
		checkVerifiers(read, apim, cryptography, findings);
		checkShownCertificates(read, apim, cryptography, findings);
		lintPolicy(read, findings);
		lintContext(read, namedIn(context), findings);
	}
	return { policy: read, findings: unique(findings) };
}

/** For the loading of configurations. */
export function apimProblems(
	policy: ApimPolicyDefinition,
	apim: ApimDefinition,
	cryptography: Cryptography,
	context?: ApimContextDefinition,
): readonly PolicyProblem[] {
	return checkPolicy(policy, apim, cryptography, context).findings.map((finding) => ({
		severity: finding.severity,
		place: placeOf(finding),
		message: `${finding.message} (${finding.rule})`,
	}));
}

export function placeOf({ file, position }: Pick<Finding, 'file' | 'position'>): string {
	return `${file}:${position.line}:${position.column}`;
}

/** A fragment that is included twice has its faults once. */
function unique(findings: readonly Finding[]): readonly Finding[] {
	const seen = new Set<string>();
	return findings.filter((finding) => {
		const id = `${placeOf(finding)} ${finding.rule} ${finding.message}`;
		if (seen.has(id)) return false;
		seen.add(id);
		return true;
	});
}

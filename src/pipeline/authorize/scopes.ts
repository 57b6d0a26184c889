/** Scopes are compared as whole, case-sensitive strings (RFC 6749 §3.3): `read` is neither `READ` nor `read:all`. */
import type { Check, Evidence } from '#core/index';
import { compileTemplate } from '#formats/template';
import { principalCheck } from './principal-check.ts';

export interface ScopeRule {
	/** Every one of these … */
	readonly allOf: readonly string[];
	/** … and at least one of these, unless there are none. */
	readonly anyOf: readonly string[];
}

export function createScopesCheck(rule: ScopeRule, parameters: readonly string[]): Check {
	const compile = (list: readonly string[]) => list.map((text) => compileTemplate(text, parameters));
	const allOf = compile(rule.allOf);
	const anyOf = compile(rule.anyOf);

	return principalCheck({
		name: 'scopes',
		judge(principal, { parameters: values }) {
			for (const fill of allOf) if (!principal.scopes.has(fill(values))) return 'scope_insufficient';
			if (anyOf.length === 0) return null;
			for (const fill of anyOf) if (principal.scopes.has(fill(values))) return null;
			return 'scope_insufficient';
		},
		expected: ({ parameters: values }: Evidence) =>
			[
				allOf.length === 0 ? undefined : `all of: ${allOf.map((fill) => fill(values)).join(' ')}`,
				anyOf.length === 0 ? undefined : `any of: ${anyOf.map((fill) => fill(values)).join(' ')}`,
			]
				.filter((part) => part !== undefined)
				.join('; '),
		found: (principal) => `scopes: ${principal.scopes.size === 0 ? 'none' : [...principal.scopes].join(' ')}`,
	});
}

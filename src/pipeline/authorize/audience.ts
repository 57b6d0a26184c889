/** Is the token meant for this route? `aud` is compared as an exact string (RFC 7519 §4.1.3): no case folding, no URL rules. */
import type { Check, Evidence } from '#core/index';
import { compileTemplate } from '#formats/template';
import { principalCheck } from './principal-check.ts';

/** `audience`: any of these, which may hold the route's parameters; `parameters`: their names in order. */
export function createAudienceCheck(audience: readonly string[], parameters: readonly string[]): Check {
	const accepted = audience.map((text) => compileTemplate(text, parameters));

	return principalCheck({
		name: 'audience',
		judge(principal, evidence) {
			for (const fill of accepted) if (principal.audiences.includes(fill(evidence.parameters))) return null;
			return 'audience_mismatch';
		},
		expected: (evidence: Evidence) => `aud: ${accepted.map((fill) => fill(evidence.parameters)).join(' or ')}`,
		found: (principal) => `aud: ${principal.audiences.length === 0 ? 'none' : principal.audiences.join(', ')}`,
	});
}

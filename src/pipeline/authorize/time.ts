/**
 * `exp`, `nbf` and `iat` against the clock (RFC 7519 §4.1.4 to §4.1.6). `exp` is required: a token without it never ends.
 * An opaque token alone may do without (RFC 7662 §2.2): its server is asked again and again whether it still counts.
 */
import type { Check, Evidence, Principal, Reason } from '#core/index';
import { formatDuration } from '#formats/duration';
import { principalCheck } from './principal-check.ts';

/** `clockSkew`: seconds by which the provider's clock may differ, either way. */
export function createTimeCheck(clockSkew: number): Check {
	function judge(principal: Principal, evidence: Evidence): Reason | null {
		const { expiresAt, notBefore, issuedAt } = principal;
		const { now } = evidence;
		if (expiresAt === undefined && principal.kind !== 'opaque') return 'token_malformed';
		// The processing must be before `exp`: a token whose `exp` is now has expired.
		if (expiresAt !== undefined && now >= expiresAt + clockSkew) return 'token_expired';
		// A wall clock that was set back does not revive a token that was seen to run out.
		if (evidence.monotonic >= evidence.expiresMonotonic) return 'token_expired';
		if (notBefore !== undefined && notBefore > now + clockSkew) return 'token_not_yet_valid';
		if (issuedAt !== undefined) {
			if (issuedAt > now + clockSkew) return 'token_not_yet_valid';
			if (expiresAt !== undefined && issuedAt > expiresAt) return 'token_malformed';
		}
		return null;
	}

	return principalCheck({
		name: 'time',
		judge,
		expected: () => `exp ahead; nbf and iat, if present, not ahead (clock_skew ${formatDuration(clockSkew)})`,
		found: (principal, evidence) =>
			[
				relative('exp', principal.expiresAt, evidence.now) ?? 'no exp',
				relative('nbf', principal.notBefore, evidence.now),
				relative('iat', principal.issuedAt, evidence.now),
			]
				.filter((part) => part !== undefined)
				.join(', '),
	});
}

function relative(name: string, at: number | undefined, now: number): string | undefined {
	if (at === undefined) return undefined;
	const seconds = Math.round(Math.abs(at - now));
	if (seconds === 0) return `${name} now`;
	return at > now ? `${name} in ${formatDuration(seconds)}` : `${name} ${formatDuration(seconds)} ago`;
}

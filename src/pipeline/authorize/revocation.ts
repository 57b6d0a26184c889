/**
 * Has this credential been revoked? A look-up in memory, which is worth as much as it is fresh: a gateway that has been
 * cut off from what the others decide does not know, and says so instead of letting the request pass.
 */
import type { Check, Evidence, Principal } from '#core/index';
import { principalCheck } from './principal-check.ts';

/** What has been revoked, and whether it is known well enough. */
export interface Revoked {
	/** The revocation that denies this credential, in words for the operator; undefined: none does. Never throws. */
	deniedBy(principal: Principal, evidence: Evidence): string | undefined;
	/** Undefined while every revocation that counts is known; else why not. `monotonic` in milliseconds. */
	unknownSince(monotonic: number): string | undefined;
}

export function createRevocationCheck(revoked: Revoked): Check {
	return principalCheck({
		name: 'revocation',
		judge(principal, evidence) {
			// What is known to be revoked stays revoked, however old the news.
			if (revoked.deniedBy(principal, evidence) !== undefined) return 'token_revoked';
			const unknown = revoked.unknownSince(evidence.monotonic);
			if (unknown === undefined) return null;
			evidence.cause = unknown;
			evidence.retryAfter = 1;
			return 'store_unavailable';
		},
		expected: () => 'not revoked',
		found: (principal, evidence) =>
			revoked.deniedBy(principal, evidence) ?? revoked.unknownSince(evidence.monotonic) ?? 'not revoked',
	});
}

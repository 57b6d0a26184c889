/** A signature that says when it ends but not when it was made is bounded by the time that it has left. */
import type { Check, Evidence, Principal } from '#core/index';
import { formatDuration } from '#formats/duration';
import { principalCheck } from './principal-check.ts';

/** `maxLifetime`: seconds from now to `exp`. Without `exp` it is refused. No clock skew is allowed for. */
export function createRemainingLifetimeCheck(maxLifetime: number): Check {
	const exceeds = ({ expiresAt }: Principal, { now }: Evidence) =>
		expiresAt === undefined || expiresAt - now > maxLifetime;

	return principalCheck({
		name: 'lifetime',
		judge: (principal, evidence) => (exceeds(principal, evidence) ? 'token_lifetime_exceeded' : null),
		expected: () => `exp − now at most ${formatDuration(maxLifetime)}`,
		found: ({ expiresAt }, { now }) =>
			expiresAt === undefined ? 'no exp' : `exp − now is ${formatDuration(Math.max(0, Math.round(expiresAt - now)))}`,
	});
}

/** Tokens for sensitive routes must be short-lived, and sometimes young: both are counted from `iat`. */
import type { Check, Evidence, Principal } from '#core/index';
import { formatDuration } from '#formats/duration';
import { principalCheck } from './principal-check.ts';

export interface LifetimeOptions {
	/** Seconds from `iat` to `exp`; undefined: no bound. */
	readonly maxLifetime: number | undefined;
	/** Seconds from `iat` to now; undefined: no bound. */
	readonly maxAge: number | undefined;
	readonly clockSkew: number;
}

/** A token without `iat` cannot show its lifetime and is refused wherever a bound is set. */
export function createLifetimeCheck({ maxLifetime, maxAge, clockSkew }: LifetimeOptions): Check {
	function exceeds({ expiresAt, issuedAt }: Principal, { now }: Evidence): boolean {
		if (maxLifetime === undefined && maxAge === undefined) return false;
		if (issuedAt === undefined || expiresAt === undefined) return true;
		if (maxLifetime !== undefined && expiresAt - issuedAt > maxLifetime) return true;
		return maxAge !== undefined && now - issuedAt > maxAge + clockSkew;
	}

	return principalCheck({
		name: 'lifetime',
		judge: (principal, evidence) => (exceeds(principal, evidence) ? 'token_lifetime_exceeded' : null),
		expected: () =>
			maxLifetime === undefined && maxAge === undefined
				? 'any lifetime'
				: [
						maxLifetime === undefined ? undefined : `exp − iat at most ${formatDuration(maxLifetime)}`,
						maxAge === undefined ? undefined : `issued at most ${formatDuration(maxAge)} ago`,
					]
						.filter((part) => part !== undefined)
						.join(', '),
		found: ({ expiresAt, issuedAt }, { now }) =>
			issuedAt === undefined || expiresAt === undefined
				? 'no iat or no exp'
				: `exp − iat is ${formatDuration(Math.max(0, Math.round(expiresAt - issuedAt)))}, issued ${formatDuration(Math.max(0, Math.round(now - issuedAt)))} ago`,
	});
}

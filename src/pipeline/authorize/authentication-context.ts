/** How and when the user logged in: `acr` and `auth_time`, with the step-up challenge of RFC 9470. */
import { type Check, member, type Principal } from '#core/index';
import { formatDuration } from '#formats/duration';
import { principalCheck } from './principal-check.ts';

export interface AuthenticationContextOptions {
	/** `acr` must be one of these; empty: any. */
	readonly acrValues: readonly string[];
	/** Seconds since `auth_time`; undefined: no bound. */
	readonly maxAge: number | undefined;
	readonly clockSkew: number;
}

export function createAuthenticationContextCheck({
	acrValues,
	maxAge,
	clockSkew,
}: AuthenticationContextOptions): Check {
	const accepted: ReadonlySet<unknown> = new Set(acrValues);

	function sufficient({ claims }: Principal, now: number): boolean {
		if (acrValues.length > 0 && !accepted.has(member(claims, 'acr'))) return false;
		if (maxAge === undefined) return true;
		const at = member(claims, 'auth_time');
		return typeof at === 'number' && now - at <= maxAge + clockSkew && at <= now + clockSkew;
	}

	return principalCheck({
		name: 'authentication_context',
		judge: (principal, { now }) => (sufficient(principal, now) ? null : 'authentication_insufficient'),
		expected: () =>
			[
				acrValues.length === 0 ? undefined : `acr: ${acrValues.join(' or ')}`,
				maxAge === undefined ? undefined : `auth_time at most ${formatDuration(maxAge)} ago`,
			]
				.filter((part) => part !== undefined)
				.join(', '),
		found({ claims }, { now }) {
			const acr = member(claims, 'acr');
			const at = member(claims, 'auth_time');
			const when = typeof at === 'number' ? `${formatDuration(Math.max(0, Math.round(now - at)))} ago` : 'none';
			return `acr: ${typeof acr === 'string' ? acr : 'none'}, auth_time: ${when}`;
		},
	});
}

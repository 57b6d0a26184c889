/**
 * Limits on failed authentication, by address, so that guessing is slow. An address that has failed too often is refused
 * before anything is computed or asked for its credential; a token that is known to be genuine is no guess.
 */
import type { BucketState, Evidence, Reason } from '#core/index';
import { ask, fieldsOf, isHere, settled } from './limits-effect.ts';
import type { KeyOf, RateLimit } from './rate-limit.ts';

export interface Attempts {
	/** May another credential be tried? Takes nothing. On a refusal the evidence says why, like that of a check. */
	consult(evidence: Evidence): Reason | null | Promise<Reason | null>;
	/**
	 * A credential proved not to be genuine. Of guesses at the same time each was allowed by what the others had not cost
	 * yet, so each is owed. Never rejects: it is refused anyway.
	 */
	charge(evidence: Evidence): void | Promise<void>;
}

/** `limits`: at least one, all by address. */
export function createAttempts(limits: readonly RateLimit[], addressOf: KeyOf): Attempts {
	const policies = limits.map(({ policy }) => policy).join(', ');

	function conclude(evidence: Evidence, states: readonly BucketState[]): Reason | null {
		const refused = states.findIndex(({ allowed }) => !allowed);
		const limit = limits[refused];
		if (limit === undefined) return null;
		limit.counts.refused++;
		evidence.limitFields = fieldsOf(policies, limits, states);
		evidence.retryAfter = Math.max(...states.map(({ retryAfter }) => retryAfter)) / 1000;
		evidence.found = `too many credentials of this address were not genuine (${limit.name})`;
		return 'rate_limited';
	}

	function refused(evidence: Evidence, reason: Reason | null): Reason | null {
		if (reason === null) return null;
		evidence.check = 'limits';
		evidence.expected = `at most ${limits.map(({ words }) => words).join(', ')} that fail`;
		return reason;
	}

	return {
		consult(evidence) {
			const key = addressOf(evidence);
			const states = limits.map((limit) => ask(limit, 'look', key, evidence.monotonic));
			if (states.every(isHere)) return refused(evidence, conclude(evidence, states));
			return settled(Promise.all(states.map(async (state) => state)), evidence, (late) =>
				conclude(evidence, late),
			).then((reason) => refused(evidence, reason));
		},
		charge(evidence) {
			const key = addressOf(evidence);
			const waiting = limits
				.map((limit) => ask(limit, 'owe', key, evidence.monotonic))
				.filter((state) => state instanceof Promise);
			if (waiting.length === 0) return undefined;
			return Promise.allSettled(waiting).then(() => {});
		},
	};
}

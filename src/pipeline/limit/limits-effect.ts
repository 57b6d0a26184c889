/**
 * The limits of a route on requests that nothing else refuses: each takes a token, or the request is refused. Limits of
 * this process are looked at first, so that what they refuse takes nothing from those that several gateways share.
 */
import {
	type BucketState,
	type Effect,
	type Evidence,
	type HeaderList,
	type LimitKey,
	type Reason,
	StoreUnavailable,
} from '#core/index';
import { type KeyOf, type RateLimit, serviceLimit } from './rate-limit.ts';

/** `limits`: of one route, in their order; at least one. */
export function createLimitsEffect(limits: readonly RateLimit[], keysOf: Readonly<Record<LimitKey, KeyOf>>): Effect {
	const policies = limits.map(({ policy }) => policy).join(', ');
	const words = limits.map((limit) => limit.words).join(', ');
	const [only] = limits.length === 1 ? limits : [];

	function conclude(evidence: Evidence, states: readonly BucketState[], isSpent: boolean): Reason | null {
		const refused = states.findIndex(({ allowed }) => !allowed);
		evidence.limitFields = fieldsOf(policies, limits, states);
		if (refused < 0) return null;
		const limit = limits[refused];
		if (isSpent && limit !== undefined) limit.counts.refused++;
		evidence.retryAfter = Math.max(...states.map(({ retryAfter }) => retryAfter)) / 1000;
		evidence.found = `no request left for this ${limit?.by ?? 'key'} (${limit?.name ?? ''})`;
		return 'rate_limited';
	}

	function judge(evidence: Evidence): Reason | null | Promise<Reason | null> {
		if (only !== undefined) {
			const state = ask(only, 'take', keysOf[only.by](evidence), evidence.monotonic);
			return state instanceof Promise
				? settled(state, evidence, (late) => conclude(evidence, [late], true))
				: conclude(evidence, [state], true);
		}
		const looks = limits.map(({ buckets, by }) =>
			buckets.isShared ? free : (buckets.look(keysOf[by](evidence), evidence.monotonic) as BucketState),
		);
		if (looks.some(({ allowed }) => !allowed)) return conclude(evidence, looks, true);
		return all(evidence, 'take');
	}

	function all(evidence: Evidence, how: 'take' | 'look'): Reason | null | Promise<Reason | null> {
		const states = limits.map((limit) => ask(limit, how, keysOf[limit.by](evidence), evidence.monotonic));
		if (states.every(isHere)) return conclude(evidence, states, how === 'take');
		return settled(Promise.all(states.map(async (state) => state)), evidence, (late) =>
			conclude(evidence, late, how === 'take'),
		);
	}

	return {
		name: 'limits',
		needs: 'request',
		judge,
		look: (evidence) => all(evidence, 'look'),
		expected: () => `at most ${words}`,
		found: (evidence) => evidence.found ?? 'requests are left',
	};
}

/** Stands for a bucket that was not looked into. */
const free: BucketState = { allowed: true, remaining: 0, retryAfter: 0, fullAfter: 0 };

export function isHere(state: BucketState | Promise<BucketState>): state is BucketState {
	return !(state instanceof Promise);
}

/** A store that does not answer is stood in for where that is configured. */
export function ask(
	limit: RateLimit,
	how: 'take' | 'look' | 'owe',
	key: string,
	monotonic: number,
): BucketState | Promise<BucketState> {
	const state = limit.buckets[how](key, monotonic);
	if (!(state instanceof Promise)) return state;
	return state.catch((cause: unknown) => {
		if (!(cause instanceof StoreUnavailable)) throw cause;
		limit.counts.unavailable++;
		if (limit.standIn === undefined) throw cause;
		return limit.standIn[how](key, monotonic);
	});
}

/** What could not be counted is refused: a limit that lifts when the store is away is one that an attacker can lift. */
export async function settled<T>(
	asked: Promise<T>,
	evidence: Evidence,
	then: (answer: T) => Reason | null,
): Promise<Reason | null> {
	try {
		return then(await asked);
	} catch (cause) {
		if (!(cause instanceof StoreUnavailable)) throw cause;
		evidence.cause = cause;
		evidence.retryAfter = 1;
		evidence.found = 'the store that counts does not answer';
		return 'store_unavailable';
	}
}

export function fieldsOf(policies: string, limits: readonly RateLimit[], states: readonly BucketState[]): HeaderList {
	const items = limits.flatMap((limit, i) => {
		const state = states[i];
		return state === undefined || state === free ? [] : [serviceLimit(limit, state)];
	});
	return [
		['ratelimit-policy', policies],
		['ratelimit', items.join(', ')],
	];
}

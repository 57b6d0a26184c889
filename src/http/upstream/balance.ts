/**
 * Which endpoint gets the next request: the one with the fewest under way, among those that are trusted and were not
 * tried for this request already. There is always one: with nobody else left, those that failed are asked again.
 */

export interface Candidate {
	/** Requests and tunnels under way. */
	readonly inFlight: number;
	/** Whether a request could go there now without waiting. */
	readonly hasRoom: boolean;
	/** Whether it is trusted at this monotonic time. */
	isAvailable(now: number): boolean;
}

/** Up to this many endpoints all are compared; of more, two at random, which spreads nearly as well. */
const exact = 16;

/**
 * `turn` moves on from call to call, so that equals take turns; `random` gives a number from 0 to below 1. Undefined only
 * for an empty list.
 */
export function leastBusy<E extends Candidate>(
	endpoints: readonly E[],
	avoided: readonly E[],
	turn: number,
	now: number,
	random: () => number = Math.random,
): E | undefined {
	const { length } = endpoints;
	if (length > exact) {
		const first = Math.floor(random() * length);
		const second = (first + 1 + Math.floor(random() * (length - 1))) % length;
		const better = lesser(endpoints[first], endpoints[second], avoided, now);
		// Two that are full or failing say nothing of the others.
		if (better?.hasRoom === true && rank(better, avoided, now) === 0) return better;
	}
	let best: E | undefined;
	for (let index = 0; index < length; index++) best = lesser(best, endpoints[(turn + index) % length], avoided, now);
	return best;
}

/** The better of the two; the first of equals. */
function lesser<E extends Candidate>(
	a: E | undefined,
	b: E | undefined,
	avoided: readonly E[],
	now: number,
): E | undefined {
	if (a === undefined || b === undefined) return a ?? b;
	const difference = rank(a, avoided, now) - rank(b, avoided, now);
	return difference < 0 || (difference === 0 && a.inFlight <= b.inFlight) ? a : b;
}

/** An endpoint that was tried comes after one that others had trouble with. */
function rank<E extends Candidate>(endpoint: E, avoided: readonly E[], now: number): number {
	return (avoided.includes(endpoint) ? 2 : 0) + (endpoint.isAvailable(now) ? 0 : 1);
}

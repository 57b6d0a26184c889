/** Medians with their spread, and ratios of what was measured in the same round. */

export interface Spread {
	readonly median: number;
	readonly lowest: number;
	readonly highest: number;
	/** Number of rounds. */
	readonly count: number;
}

/** Rounds without a figure, which are NaN, do not count. Undefined when none is left. */
export function spread(values: readonly number[]): Spread | undefined {
	const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
	const [lowest] = sorted;
	const highest = sorted.at(-1);
	if (lowest === undefined || highest === undefined) return undefined;
	const middle = sorted.length >> 1;
	const upper = sorted[middle] ?? highest;
	const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? lowest) + upper) / 2;
	return { median, lowest, highest, count: sorted.length };
}

/**
 * Ratio of two rows, round by round: what the machine did during a round hits both. Rounds that one of them lacks are left
 * out; undefined when none is common.
 */
export function ratio(ours: readonly number[], theirs: readonly number[]): Spread | undefined {
	const common = Math.min(ours.length, theirs.length);
	return spread(
		Array.from({ length: common }, (_, round) => (ours[round] ?? Number.NaN) / (theirs[round] ?? Number.NaN)),
	);
}

/** Nearest-rank quantile of values in ascending order; NaN for none. */
export function quantile(sorted: Float64Array, q: number): number {
	return sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN;
}

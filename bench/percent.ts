/** Processor time of one row in percent of another's. */
import type { Row } from './table.ts';

/** Adds `percent`, round by round, so that what the machine did meanwhile hits both. `base`: id of the row that is 100. */
export function withPercent(row: Row, rows: readonly Row[], base: string): Row {
	const theirs = rows.find(({ id }) => id === base)?.values['cpu'] ?? [];
	const own = row.values['cpu'] ?? [];
	const percent = own.slice(0, theirs.length).map((cpu, round) => (100 * cpu) / (theirs[round] ?? Number.NaN));
	return { ...row, values: { ...row.values, percent } };
}

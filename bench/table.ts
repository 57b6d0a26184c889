/** What a section found: rows with the values of each round, and how they are shown. */
import type { Result } from './load/order.ts';
import { type Spread, spread } from './statistics.ts';

export interface Column {
	readonly key: string;
	readonly title: string;
	readonly digits: number;
	/** Stands out. Default: no. */
	readonly strong?: boolean;
}

export interface Subject {
	readonly id: string;
	readonly name: string;
	/** Second column: whether signatures were computed, or what else tells the rows apart. */
	readonly label: string;
}

export interface Row extends Subject {
	/** By column, one value a round. */
	readonly values: Readonly<Record<string, readonly number[]>>;
	/** Why there are none, or not all. */
	readonly problem: string | undefined;
}

export interface Table {
	readonly id: string;
	readonly title: string;
	/** Markdown above the table. */
	readonly text: string;
	/** Heads of the first two columns. */
	readonly heads: readonly [string, string];
	readonly columns: readonly Column[];
	readonly rows: readonly Row[];
}

export type Values = Readonly<Record<string, number | undefined>>;

export const loadColumns: readonly Column[] = [
	{ key: 'cpu', title: 'µs CPU per request', digits: 1, strong: true },
	{ key: 'rate', title: 'requests/s', digits: 0 },
	{ key: 'p50', title: 'p50 ms', digits: 2 },
	{ key: 'p99', title: 'p99 ms', digits: 2 },
];

export const gatewayHeads: readonly [string, string] = ['gateway', 'signature check'];

/** Values of `loadColumns`. */
export function loadValues({ processor, requests, elapsed, p50, p99 }: Result): Values {
	return { cpu: processor, rate: requests / elapsed, p50, p99 };
}

/** The rounds' values of one row; empty when the row, or the value, is missing. */
export function valuesOf(tables: readonly Table[], table: string, row: string, column: string): readonly number[] {
	const found = tables.find(({ id }) => id === table)?.rows.find(({ id }) => id === row);
	return found?.values[column] ?? [];
}

export function renderTable({ title, text, heads, columns, rows }: Table): string {
	const head = [...heads, ...columns.map((column) => column.title)];
	const lines = rows.map((row) => {
		const cells = columns.map((column) => cell(column, spread(row.values[column.key] ?? [])));
		return `| ${[row.name, row.label, ...cells].join(' | ')} |`;
	});
	const problems = rows.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}.`]));
	return `## ${title}

${text}

| ${head.join(' | ')} |
|${'---|'.repeat(head.length)}
${lines.join('\n')}
${problems.length === 0 ? '' : `\nLeft out, or cut short: ${problems.join(' ')}\n`}`;
}

export function show(value: number, digits: number): string {
	return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Median, with the lowest and highest round in parentheses. */
export function showSpread({ median, lowest, highest, count }: Spread, digits: number): string {
	const range = count === 1 ? '' : ` (${show(lowest, digits)}–${show(highest, digits)})`;
	return `${show(median, digits)}${range}`;
}

function cell({ digits, strong }: Column, found: Spread | undefined): string {
	if (found === undefined || Number.isNaN(found.median)) return '–';
	const [median = '', ...rest] = showSpread(found, digits).split(' ');
	return [strong === true ? `**${median}**` : median, ...rest].join(' ');
}

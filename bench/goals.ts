/** What Countersign must reach, as ratios within one run; worked out from the tables of the report. */
import { peers } from './peers/index.ts';
import { againstId, ours } from './sections/against.ts';
import { ratio, type Spread, spread } from './statistics.ts';
import { show, showSpread, type Table, valuesOf } from './table.ts';
import { variants } from './variants/index.ts';

export interface Goal {
	readonly title: string;
	/** The most that the figure may be. */
	readonly limit: number;
	/** A figure to strive for, beyond the limit. */
	readonly stretch?: number;
	readonly unit: '' | ' MB' | ' %';
	/** Undefined when what it needs was not measured. */
	measure(tables: readonly Table[]): Measured | undefined;
}

export interface Measured extends Spread {
	/** What was compared, where the title does not say it. */
	readonly detail?: string;
}

const us = 'countersign';

export const goals: readonly Goal[] = [
	against('Repeated tokens: CPU per request, of HAProxy `jwt_verify`', 0.55, ['repeated', 'cpu'], 'haproxy-jwt'),
	{
		...against('Repeated tokens: CPU per request, of plain nginx', 1.5, ['repeated', 'cpu'], 'nginx'),
		stretch: 1.25,
	},
	{
		title: 'Repeated tokens: CPU per request, of the best conventional Node gateway',
		limit: 0.45,
		unit: '',
		measure: (tables) => againstBestOf(tables, 'repeated', 'cpu'),
	},
	against('First-seen tokens: CPU per request, of HAProxy `jwt_verify`', 1, ['first-seen', 'cpu'], 'haproxy-jwt'),
	against('p99 at half of the saturating load, of HAProxy’s (h2load)', 1.2, ['latency', 'h2load p99'], 'haproxy-jwt'),
	against('p99 at half of the saturating load, of HAProxy’s (Poisson)', 1.2, ['latency', 'own p99'], 'haproxy-jwt'),
	{
		title: '10,000 routes: CPU per request, of 10 routes',
		limit: 1.1,
		unit: '',
		measure: (tables) => ratio(valuesOf(tables, 'routes', '10000', 'cpu'), valuesOf(tables, 'routes', '10', 'cpu')),
	},
	amount('Live tokens: resident memory', 300, ['memory', 'after']),
	amount('Idle: resident memory', 90, ['idle', 'memory']),
	amount('Streamed to the client: growth of memory', 20, ['streaming', 'down growth']),
	amount('Streamed to the backend: growth of memory', 20, ['streaming', 'up growth']),
	...variants.flatMap(({ id, name, limit }): Goal[] =>
		limit === undefined
			? []
			: [
					{
						title: `${name}: CPU per request, of the plain JWT row`,
						limit,
						unit: ' %',
						measure: (tables) => spread(valuesOf(tables, 'variants', id, 'percent')),
					},
				],
	),
];

/** Only where another checkout was compared with. */
const noSlower: Goal = {
	title: 'Plain JWT: CPU per request, of the other checkout’s',
	limit: 105,
	unit: ' %',
	measure: (tables) => spread(valuesOf(tables, againstId, ours, 'percent')),
};

/** ✓ or ✗ for each; – when it was not measured. */
export function renderGoals(tables: readonly Table[]): string {
	const asked = tables.some(({ id }) => id === againstId) ? [noSlower, ...goals] : goals;
	const lines = asked.map((goal) => {
		const found = goal.measure(tables);
		const target = `≤ ${show(goal.limit, digitsOf(goal))}${goal.unit}`;
		const stretch = goal.stretch === undefined ? '' : ` (stretch ≤ ${show(goal.stretch, 2)})`;
		if (found === undefined || Number.isNaN(found.median))
			return `| – | ${goal.title} | not measured | ${target}${stretch} |`;
		const detail = found.detail === undefined ? '' : `, ${found.detail}`;
		const figure = `**${showSpread(found, digitsOf(goal)).replace(' ', '** ')}${found.count === 1 ? '**' : ''}${goal.unit}`;
		return `| ${mark(goal, found)} | ${goal.title}${detail} | ${figure} | ${target}${stretch} |`;
	});
	return `|  | figure | median (lowest–highest round) | must be |\n|---|---|---|---|\n${lines.join('\n')}\n`;
}

function mark({ limit, stretch }: Goal, { median }: Spread): string {
	if (median > limit) return '✗';
	return stretch !== undefined && median <= stretch ? '✓✓' : '✓';
}

function digitsOf({ unit }: Goal): number {
	return unit === '' ? 2 : unit === ' MB' ? 1 : 0;
}

function against(title: string, limit: number, [table, column]: readonly [string, string], other: string): Goal {
	return {
		title,
		limit,
		unit: '',
		measure: (tables) => ratio(valuesOf(tables, table, us, column), valuesOf(tables, table, other, column)),
	};
}

function amount(title: string, limit: number, [table, column]: readonly [string, string]): Goal {
	return { title, limit, unit: ' MB', measure: (tables) => spread(valuesOf(tables, table, us, column)) };
}

/** The conventional gateway with the lowest median is the one to beat. */
function againstBestOf(tables: readonly Table[], table: string, column: string): Measured | undefined {
	const [best] = peers
		.filter(({ conventional }) => conventional)
		.flatMap(({ id, name }) => {
			const values = valuesOf(tables, table, id, column);
			const found = spread(values);
			return found === undefined ? [] : [{ name, values, median: found.median }];
		})
		.toSorted((a, b) => a.median - b.median);
	const found = best && ratio(valuesOf(tables, table, us, column), best.values);
	return found === undefined ? undefined : { ...found, detail: best?.name ?? '' };
}

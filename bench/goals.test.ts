import { expect, test } from 'vitest';
import { goals, renderGoals } from './goals.ts';
import type { Table } from './table.ts';

function table(id: string, column: string, rows: Readonly<Record<string, readonly number[]>>): Table {
	return {
		id,
		title: id,
		text: '',
		heads: ['gateway', 'check'],
		columns: [],
		rows: Object.entries(rows).map(([row, values]) => ({
			id: row,
			name: row,
			label: '',
			values: { [column]: values },
			problem: undefined,
		})),
	};
}

const lineOf = (text: string, word: string) => text.split('\n').find((line) => line.includes(word));

test('a ratio is judged by its median', () => {
	const rows = { countersign: [30, 31, 90], 'haproxy-jwt': [60, 62, 60], nginx: [25, 25, 25] };
	const text = renderGoals([table('repeated', 'cpu', rows)]);
	expect(lineOf(text, 'of HAProxy `jwt_verify`')).toMatch(/^\| ✓ \|.*\*\*0\.50\*\* \(0\.50–1\.50\)/);
	expect(lineOf(text, 'plain nginx')).toMatch(/^\| ✓✓ \|.*\*\*1\.24\*\*/);
});

test('the best conventional gateway is the one to beat', () => {
	const rows = { countersign: [50, 50], fastify: [100, 100], express: [300, 300] };
	expect(lineOf(renderGoals([table('repeated', 'cpu', rows)]), 'conventional')).toMatch(
		/^\| ✗ \|.*Fastify.*\*\*0\.50\*\*/,
	);
});

test('a plain JWT may cost five percent more than in the checkout compared with, and no more', () => {
	const judged = (percent: readonly number[]) =>
		lineOf(renderGoals([table('against', 'percent', { 'this checkout': percent })]), 'other checkout');
	expect(judged([120, 104, 103])).toMatch(/^\| ✓ \|.*\*\*104\*\* \(103–120\) %/);
	expect(judged([106, 104, 120])).toMatch(/^\| ✗ \|/);
	expect(judged([])).toMatch(/^\| – \|/);
});

test('what was not measured is not reached', () => {
	const lines = renderGoals([]).trimEnd().split('\n').slice(2);
	expect(lines).toHaveLength(goals.length);
	expect(lines.every((line) => line.startsWith('| – |') && line.includes('not measured'))).toBe(true);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readMetrics } from '../../test/support/metrics.ts';
import { hasPromtool, promtool } from '../../test/support/promtool.ts';
import { renderMetrics } from './metrics-text.ts';

test('counters, gauges and histograms as Prometheus reads them', () => {
	const text = renderMetrics([
		{
			name: 'a_total',
			kind: 'counter',
			help: 'Of\nlines \\.',
			points: [{ labels: { x: 'one', y: 'two' }, value: 2.5 }],
		},
		{ name: 'b', kind: 'gauge', help: 'B.', points: [{ labels: {}, value: -3 }] },
		{ name: 'empty', kind: 'gauge', help: 'E.', points: [] },
		{
			name: 'c_seconds',
			kind: 'histogram',
			help: 'C.',
			points: [{ labels: { x: 'h' }, bounds: [0.5, 2], counts: [1, 2, 4], sum: 9.5, count: 7 }],
		},
	]);
	const { value, types } = readMetrics(text);
	expect([...types]).toEqual([
		['a_total', 'counter'],
		['b', 'gauge'],
		['empty', 'gauge'],
		['c_seconds', 'histogram'],
	]);
	expect(value('a_total', { y: 'two', x: 'one' })).toBe(2.5);
	expect(value('b')).toBe(-3);
	expect(['0.5', '2', '+Inf'].map((le) => value('c_seconds_bucket', { x: 'h', le }))).toEqual([1, 3, 7]);
	expect([value('c_seconds_sum', { x: 'h' }), value('c_seconds_count', { x: 'h' })]).toEqual([9.5, 7]);
	if (hasPromtool) promtool(['check', 'metrics'], text);
});

test('no label value breaks its line', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'binary' }), (client) => {
			const text = renderMetrics([
				{ name: 'a_total', kind: 'counter', help: '', points: [{ labels: { client }, value: 1 }] },
			]);
			const [, , line = '', end] = text.split('\n');
			const [, written] = /^a_total\{client="((?:[^"\\\n]|\\["\\n])*)"\} 1$/.exec(line) ?? [];
			expect(written?.replaceAll(/\\(.)/g, (_, each: string) => (each === 'n' ? '\n' : each))).toBe(client);
			expect(end).toBe('');
		}),
	);
});

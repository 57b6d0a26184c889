import { expect, test } from 'vitest';
import type { MetricDescription } from '#core/index';
import { readMetrics } from '../../../test/support/metrics.ts';
import { createPrometheusMeter } from './prometheus-meter.ts';

const counter: MetricDescription = { name: 'a_total', kind: 'counter', help: 'A.', labels: ['x'] };
const gauge: MetricDescription = { name: 'b', kind: 'gauge', help: 'B.', labels: [] };
const histogram: MetricDescription = {
	name: 'c_seconds',
	kind: 'histogram',
	help: 'C.',
	labels: ['x'],
	buckets: [1, 2],
};

const create = (shown: readonly string[] = []) => createPrometheusMeter([counter, gauge, histogram], shown);

test('what is recorded is read, in both forms', async () => {
	const meter = create();
	const series = meter.series(counter, ['one']);
	series.record(2);
	series.record(0.5);
	meter.series(gauge, []).record(-3);
	for (const value of [0.5, 1, 1.5, 7]) meter.series(histogram, ['h']).record(value);
	const { value } = readMetrics((await meter.render()).body);
	expect(value('a_total', { x: 'one' })).toBe(2.5);
	expect(value('b')).toBe(-3);
	expect(value('c_seconds_bucket', { x: 'h', le: '1' })).toBe(2);
	expect(value('c_seconds_bucket', { x: 'h', le: '+Inf' })).toBe(4);
	expect(await meter.read()).toMatchObject([
		{ name: 'a_total', kind: 'counter', points: [{ labels: { x: 'one' }, value: 2.5 }] },
		{ name: 'b', kind: 'gauge', points: [{ labels: {}, value: -3 }] },
		{
			name: 'c_seconds',
			kind: 'histogram',
			points: [{ labels: { x: 'h' }, bounds: [1, 2], counts: [2, 1, 1], sum: 10, count: 4 }],
		},
	]);
});

test('a counter is there with 0 as soon as it is bound, and reading twice counts once', async () => {
	const meter = create();
	const series = meter.series(counter, ['one']);
	expect(readMetrics((await meter.render()).body).value('a_total', { x: 'one' })).toBe(0);
	series.record(1);
	await meter.render();
	expect(readMetrics((await meter.render()).body).value('a_total', { x: 'one' })).toBe(1);
});

test('no value that is none does harm', async () => {
	const meter = create();
	for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
		meter.series(counter, ['one']).record(value);
		meter.series(gauge, []).record(value);
		meter.series(histogram, ['h']).record(value);
	}
	meter.series(counter, ['one']).record(-1);
	const { value } = readMetrics((await meter.render()).body);
	expect(value('a_total', { x: 'one' })).toBe(0);
	expect(value('b')).toBe(0);
	expect(value('c_seconds_count', { x: 'h' })).toBeUndefined();
});

test('a series that was removed is gone, and begins anew', async () => {
	const meter = create();
	const counted = meter.series(counter, ['one']);
	const timed = meter.series(histogram, ['h']);
	counted.record(5);
	timed.record(1);
	counted.remove();
	timed.remove();
	const gone = readMetrics((await meter.render()).body);
	expect([...gone.series('a_total'), ...gone.series('c_seconds_count')]).toEqual([]);
	counted.record(1);
	expect(readMetrics((await meter.render()).body).value('a_total', { x: 'one' })).toBe(1);
});

test('label values are escaped', async () => {
	const meter = create();
	meter.series(counter, ['"} 1\nevil_total{x="\\']).record(1);
	const { samples } = readMetrics((await meter.render()).body);
	expect([...samples.keys()].some((key) => key.startsWith('evil'))).toBe(false);
});

test('tasks run before each reading; unknown metrics and wrong labels are errors', async () => {
	const meter = create(['process_cpu_seconds_total']);
	let runs = 0;
	meter.beforeReading(() => void runs++);
	const { types } = readMetrics((await meter.render()).body);
	await meter.read();
	expect(runs).toBe(2);
	expect([...types.keys()]).toEqual(['a_total', 'b', 'c_seconds', 'process_cpu_seconds_total']);
	expect(() => meter.series({ ...gauge, name: 'other' }, [])).toThrow('other');
	expect(() => meter.series(counter, [])).toThrow('a_total');
});

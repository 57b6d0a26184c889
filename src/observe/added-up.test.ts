import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MetricLabels, MetricReading } from '#core/index';
import { addUp, forget, retire } from './added-up.ts';
import { metrics } from './catalogue.ts';

const { decisions, responses, inFlight, keyAge, keys, upstreamDuration } = metrics;

const plain = (metric: { name: string; kind: MetricReading['kind'] }, value: number, labels: MetricLabels = {}) => ({
	...metric,
	help: '',
	points: [{ labels, value }],
});

const timed = (counts: readonly number[], labels: MetricLabels): MetricReading => ({
	name: upstreamDuration.name,
	kind: 'histogram',
	help: '',
	points: [
		{ labels, bounds: [1, 2], counts, sum: counts.length, count: counts.reduce((sum, count) => sum + count, 0) },
	],
});

const process = (name: string, ...readings: readonly MetricReading[]) => ({ process: name, readings });
const valuesOf = (readings: readonly MetricReading[], name: string) =>
	readings
		.filter((reading) => reading.name === name)
		.flatMap(({ points }) => points.map((point) => ('value' in point ? point.value : point.count)));

test('counters and histograms add up, series by series, whatever the order of their labels', () => {
	const sum = addUp(
		[
			process('worker-1', plain(responses, 2, { route: 'a', class: '2xx' }), timed([1, 2, 0], { route: 'a' })),
			process('worker-2', plain(responses, 3, { class: '2xx', route: 'a' }), timed([0, 1, 4], { route: 'a' })),
			process('worker-3', plain(responses, 5, { route: 'b', class: '2xx' })),
		],
		[],
	);
	expect(valuesOf(sum, responses.name)).toEqual([5, 5]);
	expect(sum.find(({ name }) => name === upstreamDuration.name)?.points).toEqual([
		{ labels: { route: 'a' }, bounds: [1, 2], counts: [1, 3, 4], sum: 6, count: 8 },
	]);
});

test('a gauge is a sum, or what the catalogue says', () => {
	const readings = (n: number) => [plain(inFlight, n), plain(keyAge, n), plain(keys, n)];
	const sum = addUp([process('worker-1', ...readings(2)), process('worker-2', ...readings(5))], []);
	expect([inFlight, keyAge, keys].map(({ name }) => valuesOf(sum, name))).toEqual([[7], [5], [2]]);
});

test('metrics of the process are told apart, and a new process counts on where the one before ended', () => {
	const cpu = { name: 'process_cpu_seconds_total', kind: 'counter' } as const;
	const memory = { name: 'process_resident_memory_bytes', kind: 'gauge' } as const;
	const gone = process('worker-1', plain(cpu, 9), plain(memory, 100));
	const retired = retire([], gone);
	const sum = addUp(
		[process('primary', plain(cpu, 1)), process('worker-1', plain(cpu, 2), plain(memory, 50))],
		retired,
	);
	expect(sum).toMatchObject([
		{
			name: cpu.name,
			points: [
				{ labels: { process: 'primary' }, value: 1 },
				{ labels: { process: 'worker-1' }, value: 11 },
			],
		},
		{ name: memory.name, points: [{ labels: { process: 'worker-1' }, value: 50 }] },
	]);
});

test('whoever ends, and whenever: no total goes back, and none is counted twice', () => {
	const step = fc.record({ worker: fc.nat(3), add: fc.nat(100), ends: fc.boolean() });
	fc.assert(
		fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
			const living = new Map<number, number>();
			let retired: readonly MetricReading[] = [];
			let total = 0;
			for (const { worker, add, ends } of steps) {
				living.set(worker, (living.get(worker) ?? 0) + add);
				total += add;
				const reading = (own: number) => process(`worker-${own}`, plain(decisions, living.get(own) ?? 0));
				if (ends) {
					retired = retire(retired, reading(worker));
					living.delete(worker);
				}
				const sum = addUp([...living.keys()].map(reading), retired);
				expect(valuesOf(sum, decisions.name)).toEqual([total]);
			}
		}),
	);
});

test('routes and providers that are gone are forgotten', () => {
	const retired = retire(
		[],
		process(
			'worker-1',
			plain(responses, 1, { route: 'kept' }),
			plain(responses, 1, { route: 'gone' }),
			plain(responses, 1, { route: 'none' }),
			plain(decisions, 1, { route: 'kept', provider: 'gone' }),
			plain(metrics.auditDropped, 1),
		),
	);
	const left = forget(retired, new Set(['kept']), new Set(['idp']));
	expect(left.flatMap(({ points }) => points.map(({ labels }) => labels))).toEqual([
		{ route: 'kept' },
		{ route: 'none' },
		{},
	]);
});

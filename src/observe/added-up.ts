/**
 * The metrics of several processes as those of one gateway. Counters and histograms add up, and what a worker that is
 * gone had counted stays, so that no total ever goes back; a gauge is the sum of the workers', or the worst of them, as
 * the catalogue says. Metrics of the process are not added: each process shows its own, told apart by a label.
 */
import type { MetricLabels, MetricPoint, MetricReading } from '#core/index';
import { metrics, none, processMetrics } from './catalogue.ts';

/** What one process read. */
export interface ProcessReading {
	/** Stands in the label `process`: `primary`, `worker-1`. */
	readonly process: string;
	readonly readings: readonly MetricReading[];
}

const ofProcess: ReadonlySet<string> = new Set(processMetrics);
const together: ReadonlyMap<string, 'sum' | 'max' | 'min'> = new Map(
	Object.values(metrics).map(({ name, together: how = 'sum' }) => [name, how]),
);

/** `retired`: what `retire` made of the processes that are gone. Order of metrics: that of their first appearance. */
export function addUp(living: readonly ProcessReading[], retired: readonly MetricReading[]): readonly MetricReading[] {
	const sums = new Map<string, Sum>();
	for (const { process, readings } of living) {
		for (const reading of readings) add(sums, reading, ofProcess.has(reading.name) ? process : undefined);
	}
	for (const reading of retired) add(sums, reading, undefined);
	return Array.from(sums.values(), finish);
}

/** The totals of `gone` on top of those that were retired before; gauges end with their process. */
export function retire(retired: readonly MetricReading[], gone: ProcessReading): readonly MetricReading[] {
	const readings = gone.readings.filter(({ kind }) => kind !== 'gauge');
	return addUp([{ process: gone.process, readings }], retired);
}

/** Without the series of routes and providers that the configuration no longer names. */
export function forget(
	retired: readonly MetricReading[],
	routes: ReadonlySet<string>,
	providers: ReadonlySet<string>,
): readonly MetricReading[] {
	const isNamed = (names: ReadonlySet<string>, value: string | undefined) =>
		value === undefined || value === none || names.has(value);
	return retired.map((reading) => ({
		...reading,
		points: reading.points.filter(
			({ labels }) => isNamed(routes, labels['route']) && isNamed(providers, labels['provider']),
		),
	}));
}

interface Sum {
	readonly reading: MetricReading;
	readonly points: Map<string, MetricPoint>;
}

function add(sums: Map<string, Sum>, reading: MetricReading, process: string | undefined): void {
	let sum = sums.get(reading.name);
	if (sum === undefined) sums.set(reading.name, (sum = { reading, points: new Map() }));
	const how = reading.kind === 'gauge' ? (together.get(reading.name) ?? 'sum') : 'sum';
	for (const point of reading.points) {
		const own = process === undefined ? point : { ...point, labels: { ...point.labels, process } };
		const key = keyOf(own.labels);
		const before = sum.points.get(key);
		sum.points.set(key, before === undefined ? own : combine(before, own, how));
	}
}

function finish({ reading, points }: Sum): MetricReading {
	return { ...reading, points: [...points.values()] };
}

function keyOf(labels: MetricLabels): string {
	return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function combine(a: MetricPoint, b: MetricPoint, how: 'sum' | 'max' | 'min'): MetricPoint {
	if ('value' in a && 'value' in b) {
		const value = how === 'sum' ? a.value + b.value : Math[how](a.value, b.value);
		return { labels: a.labels, value };
	}
	if ('value' in a || 'value' in b) return a;
	const counts = a.counts.map((count, index) => count + (b.counts[index] ?? 0));
	return { labels: a.labels, bounds: a.bounds, counts, sum: a.sum + b.sum, count: a.count + b.count };
}

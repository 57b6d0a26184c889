/**
 * The meter port on prom-client, with a registry of its own per gateway. Metrics of the process (memory, processor,
 * event loop) are collected once, whatever the number of gateways in it, and shown by each.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Meter, MetricDescription, MetricLabels, MetricPoint, MetricReading, Series } from '#core/index';
import { createBucketHistogram } from './bucket-histogram.ts';

export interface PrometheusMeter extends Meter {
	/** Prometheus text format 0.0.4. */
	render(): Promise<{ readonly contentType: string; readonly body: string }>;
	/** Everything as data, for other formats. */
	read(): Promise<readonly MetricReading[]>;
}

/**
 * `metrics` are there from the first reading on, counters with 0 from their binding on. `processMetrics`: names of the
 * metrics of the process that are shown too.
 */
export function createPrometheusMeter(
	metrics: readonly MetricDescription[],
	processMetrics: readonly string[],
): PrometheusMeter {
	const registry = new Registry();
	const instruments = new Map(metrics.map((metric) => [metric.name, createInstrument(metric, registry)]));
	const tasks: (() => void)[] = [];
	const process = processRegistry();
	const wanted = new Set(processMetrics);

	function prepare(): void {
		for (const task of tasks) task();
		for (const instrument of instruments.values()) instrument.flush();
	}

	return {
		series(metric, values) {
			const instrument = instruments.get(metric.name);
			if (instrument === undefined) throw new Error(`there is no metric ${metric.name}`);
			if (values.length !== metric.labels.length) throw new Error(`${metric.name} has other labels`);
			return instrument.series(values);
		},
		beforeReading(task) {
			tasks.push(task);
		},
		async render() {
			prepare();
			// One collector fills several metrics of the process, so all are collected and some of them shown.
			const sections = (await process.metrics()).trim().split('\n\n');
			const shown = sections.filter((section) => wanted.has(/^# HELP (\S+)/.exec(section)?.[1] ?? ''));
			return { contentType: registry.contentType, body: `${await registry.metrics()}\n${shown.join('\n\n')}\n` };
		},
		async read() {
			prepare();
			const all = [
				...(await registry.getMetricsAsJSON()),
				...(await process.getMetricsAsJSON()).filter(({ name }) => wanted.has(name)),
			];
			return all.flatMap((metric) => readMetric(metric as unknown as PrometheusMetric));
		},
	};
}

interface Instrument {
	series(values: readonly string[]): Series;
	/** Hands over what was counted since the last reading. */
	flush(): void;
}

function createInstrument(metric: MetricDescription, registry: Registry): Instrument {
	const { name, help, labels } = metric;
	const shared = { name, help, labelNames: [...labels], registers: [registry] };
	switch (metric.kind) {
		case 'counter':
			return countingInstrument(new Counter(shared));
		case 'gauge': {
			const gauge = new Gauge(shared);
			return plainInstrument((values) => {
				const child = gauge.labels(...values);
				return { record: (value) => child.set(value), remove: () => gauge.remove(...values) };
			});
		}
		case 'histogram': {
			const histogram = createBucketHistogram({
				name,
				help,
				labelNames: labels,
				buckets: metric.buckets ?? [],
				registry,
			});
			return plainInstrument((values) => {
				const { observe, remove } = histogram.bind(values);
				return { record: observe, remove };
			});
		}
	}
}

function plainInstrument(bind: (values: readonly string[]) => Series): Instrument {
	return {
		series(values) {
			const { record, remove } = bind(values);
			return {
				record(value) {
					if (Number.isFinite(value)) record(value);
				},
				remove,
			};
		},
		flush() {},
	};
}

/** Counting is an addition; the library, which checks labels each time, hears of it when somebody reads. */
function countingInstrument(counter: Counter): Instrument {
	const counted = new Map<string, { readonly child: Counter.Internal; pending: number }>();
	return {
		series(values) {
			const key = JSON.stringify(values);
			const bind = () => {
				const known = counted.get(key);
				if (known !== undefined) return known;
				const own = { child: counter.labels(...values), pending: 0 };
				own.child.inc(0);
				counted.set(key, own);
				return own;
			};
			let own = bind();
			let removed = false;
			return {
				record(value) {
					if (!(value >= 0) || value === Number.POSITIVE_INFINITY) return;
					if (removed) own = bind();
					removed = false;
					own.pending += value;
				},
				remove() {
					removed = true;
					counted.delete(key);
					counter.remove(...values);
				},
			};
		},
		flush() {
			for (const own of counted.values()) {
				if (own.pending > 0) own.child.inc(own.pending);
				own.pending = 0;
			}
		},
	};
}

let shared: Registry | undefined;

function processRegistry(): Registry {
	if (shared === undefined) {
		shared = new Registry();
		collectDefaultMetrics({ register: shared });
	}
	return shared;
}

/** A metric as `getMetricsAsJSON` gives it; the library's own types leave out the names of a histogram's parts. */
interface PrometheusMetric {
	readonly name: string;
	readonly help: string;
	readonly type: string;
	readonly values: readonly {
		readonly labels: Readonly<Record<string, string | number>>;
		readonly value: number;
		readonly metricName?: string;
	}[];
}

function readMetric(metric: PrometheusMetric): readonly MetricReading[] {
	const { name, help, type, values } = metric;
	if (type === 'counter' || type === 'gauge') {
		const points = values.map(({ labels, value }) => ({ labels: textLabels(labels), value }));
		return [{ name, kind: type, help, points }];
	}
	return type === 'histogram' ? [{ name, kind: type, help, points: readHistogram(metric) }] : [];
}

function readHistogram({ name, values }: PrometheusMetric): readonly MetricPoint[] {
	const points = new Map<
		string,
		{ labels: MetricLabels; bounds: number[]; cumulated: number[]; sum: number; count: number }
	>();
	for (const { labels: all, value, metricName } of values) {
		const { le, ...labels } = textLabels(all);
		const key = JSON.stringify(labels);
		const point = points.get(key) ?? { labels, bounds: [], cumulated: [], sum: 0, count: 0 };
		points.set(key, point);
		if (metricName === `${name}_sum`) point.sum = value;
		else if (metricName === `${name}_count`) point.count = value;
		else if (le !== undefined && le !== '+Inf') {
			point.bounds.push(Number(le));
			point.cumulated.push(value);
		}
	}
	return Array.from(points.values(), ({ labels, bounds, cumulated, sum, count }) => {
		const counts = [...cumulated, count].map((value, index, list) => value - (list[index - 1] ?? 0));
		return { labels, bounds, counts, sum, count };
	});
}

function textLabels(labels: Readonly<Record<string, string | number>>): Record<string, string> {
	return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}

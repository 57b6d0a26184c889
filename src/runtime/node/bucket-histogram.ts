/**
 * A histogram whose observations are two additions. prom-client's own looks labels up and builds keys on each one; this
 * one is bound once per series and tells its registry the same text when somebody reads.
 */
import type { Metric, Registry } from 'prom-client';

/** One series: call it with a finite value. */
export interface Observations {
	observe(value: number): void;
	remove(): void;
}

export interface BucketHistogram {
	/** The series with these label values, in the order of the label names. */
	bind(values: readonly string[]): Observations;
}

interface Counted {
	readonly labels: Readonly<Record<string, string>>;
	/** Per bucket, not cumulated, those above the last bound at the end. */
	readonly counts: Float64Array;
	sum: number;
}

export interface BucketHistogramOptions {
	readonly name: string;
	readonly help: string;
	readonly labelNames: readonly string[];
	/** Upper bounds, ascending. */
	readonly buckets: readonly number[];
	readonly registry: Registry;
}

/** Registers itself. A series is there from its first observation on. */
export function createBucketHistogram(options: BucketHistogramOptions): BucketHistogram {
	const { name, help, labelNames, buckets, registry } = options;
	const bounds = Float64Array.from(buckets);
	const all = new Map<string, Counted>();

	function values(): object[] {
		const result: object[] = [];
		for (const { labels, counts, sum } of all.values()) {
			let count = 0;
			for (let index = 0; index < bounds.length; index++) {
				count += counts[index] ?? 0;
				result.push({ labels: { le: bounds[index], ...labels }, value: count, metricName: `${name}_bucket` });
			}
			count += counts[bounds.length] ?? 0;
			result.push({ labels: { le: '+Inf', ...labels }, value: count, metricName: `${name}_bucket` });
			result.push({ labels, value: sum, metricName: `${name}_sum` });
			result.push({ labels, value: count, metricName: `${name}_count` });
		}
		return result;
	}

	const metric = {
		name,
		help,
		type: 'histogram',
		aggregator: 'sum',
		get: () => Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values: values() }),
		reset: () => all.clear(),
	};
	registry.registerMetric(metric as unknown as Metric);

	return {
		bind(labelValues) {
			const key = JSON.stringify(labelValues);
			const fresh = (): Counted => ({
				labels: Object.fromEntries(labelNames.map((label, index) => [label, labelValues[index] ?? ''])),
				counts: new Float64Array(bounds.length + 1),
				sum: 0,
			});
			const enter = (): Counted => {
				const known = all.get(key) ?? fresh();
				all.set(key, known);
				return known;
			};
			let own: Counted | undefined;
			return {
				observe(value) {
					own ??= enter();
					let bucket = 0;
					while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
					own.counts[bucket] = (own.counts[bucket] ?? 0) + 1;
					own.sum += value;
				},
				remove() {
					own = undefined;
					all.delete(key);
				},
			};
		},
	};
}

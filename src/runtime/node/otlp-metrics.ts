/** What the meter read, in the words of the OpenTelemetry metric data model: cumulative since the process began. */
import { type HrTime, ValueType } from '@opentelemetry/api';
import {
	AggregationTemporality,
	DataPointType,
	type MetricData,
	type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { MetricPoint, MetricReading } from '#core/index';

export interface OtlpMetricsOptions {
	readonly resource: ResourceMetrics['resource'];
	/** Milliseconds since the epoch. */
	readonly began: number;
	readonly now: number;
}

export function otlpMetrics(readings: readonly MetricReading[], options: OtlpMetricsOptions): ResourceMetrics {
	const times = { startTime: hrTime(options.began), endTime: hrTime(options.now) };
	return {
		resource: options.resource,
		scopeMetrics: [
			{ scope: { name: 'countersign' }, metrics: readings.map((reading) => toMetricData(reading, times)) },
		],
	};
}

type Times = { readonly startTime: HrTime; readonly endTime: HrTime };

function toMetricData({ name, kind, help, points }: MetricReading, times: Times): MetricData {
	const descriptor = { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE };
	const shared = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
	if (kind === 'histogram') {
		return {
			...shared,
			dataPointType: DataPointType.HISTOGRAM,
			dataPoints: points.flatMap((point) => histogramPoint(point, times)),
		};
	}
	const dataPoints = points.flatMap((point) =>
		'value' in point ? [{ ...times, attributes: { ...point.labels }, value: point.value }] : [],
	);
	return kind === 'gauge'
		? { ...shared, dataPointType: DataPointType.GAUGE, dataPoints }
		: { ...shared, dataPointType: DataPointType.SUM, dataPoints, isMonotonic: true };
}

function histogramPoint(point: MetricPoint, times: Times) {
	if (!('bounds' in point)) return [];
	const { labels, bounds, counts, sum, count } = point;
	const value = { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count };
	return [{ ...times, attributes: { ...labels }, value }];
}

/** UCUM, as the OpenTelemetry conventions write units. */
function unitOf(name: string): string {
	const bare = name.replace(/_total$/, '');
	if (bare.endsWith('_seconds')) return 's';
	return bare.endsWith('_bytes') ? 'By' : '1';
}

function hrTime(milliseconds: number): HrTime {
	return [Math.floor(milliseconds / 1000), Math.round((milliseconds % 1000) * 1e6)];
}

/** Readings in the text format of Prometheus, version 0.0.4: what a process writes that adds up those of others. */
import type { MetricLabels, MetricPoint, MetricReading } from '#core/index';

export const metricsMediaType = 'text/plain; version=0.0.4; charset=utf-8';

/** One section a metric, also for one without any series. */
export function renderMetrics(readings: readonly MetricReading[]): string {
	return readings.map(renderReading).join('\n');
}

function renderReading({ name, kind, help, points }: MetricReading): string {
	const lines = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${kind}`];
	for (const point of points) lines.push(...renderPoint(name, point));
	return `${lines.join('\n')}\n`;
}

function renderPoint(name: string, point: MetricPoint): readonly string[] {
	if ('value' in point) return [`${name}${renderLabels(point.labels)} ${renderNumber(point.value)}`];
	const { labels, bounds, counts, sum, count } = point;
	let below = 0;
	const buckets = bounds.map((bound, index) => {
		below += counts[index] ?? 0;
		return `${name}_bucket${renderLabels({ ...labels, le: renderNumber(bound) })} ${below}`;
	});
	return [
		...buckets,
		`${name}_bucket${renderLabels({ ...labels, le: '+Inf' })} ${count}`,
		`${name}_sum${renderLabels(labels)} ${renderNumber(sum)}`,
		`${name}_count${renderLabels(labels)} ${count}`,
	];
}

function renderLabels(labels: MetricLabels): string {
	const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
	return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function renderNumber(value: number): string {
	if (Number.isNaN(value)) return 'NaN';
	if (Number.isFinite(value)) return String(value);
	return value > 0 ? '+Inf' : '-Inf';
}

function escapeHelp(text: string): string {
	return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
	return escapeHelp(text).replaceAll('"', '\\"');
}

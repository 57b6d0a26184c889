/** docs/metrics.md, made from the catalogue so that neither can name what the other does not. */
import type { MetricDescription } from '#core/index';
import { metrics, processMetrics } from './catalogue.ts';

const opening = `# Metrics

The admin listener serves them under \`/metrics\`, as Prometheus reads them; with \`telemetry.otlp.metrics\` they go to an
OpenTelemetry collector as well. Alert rules: [deploy/prometheus/alerts.yaml](../deploy/prometheus/alerts.yaml). Dashboard
for Grafana: [deploy/grafana/countersign.json](../deploy/grafana/countersign.json).

Labels take their values from the configuration (\`route\`, \`provider\`, \`upstream\`, \`endpoint\`), from the [reasons](troubleshooting.md)
(\`reason\`) or from the fixed sets named below; \`none\` stands where there is none, as for the route of a path that no
route matches. A client can choose no label value, except its own name in \`client\`, where the first 100 clients count;
\`gateway\` is the name of a key pair that the operator made.
A request is counted when it is over, a WebSocket when it is closed.

With several workers the page shows all of them together: counters and histograms add up, workers that are gone included,
and so do gauges, unless their meaning names the smallest or the largest. Each worker has its own first 100 clients.
`;

const ofWorkers = {
	sum: '',
	max: ' Of several workers the largest.',
	min: ' Of several workers the smallest.',
} as const;

/** The whole page, Markdown. */
export function renderMetricsPage(): string {
	const rows = Object.values<MetricDescription>(metrics).map(({ name, kind, help, labels, together = 'sum' }) => {
		const named = labels.map((label) => `\`${label}\``).join(', ');
		return `| \`${name}\` | ${kind} | ${named} | ${help}${ofWorkers[together]} |`;
	});
	return `${opening}
| metric | kind | labels | meaning |
|---|---|---|---|
${rows.join('\n')}

Of the process: ${processMetrics.map((name) => `\`${name}\``).join(', ')}. With several workers each process has its own,
with the label \`process\`: \`primary\`, \`worker-1\` and so on.
`;
}

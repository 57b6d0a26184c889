/** What the primary measures itself, configuration and workers, and where the sum of all processes goes. */
import type { Definition } from '#config/definition';
import type { Log, MetricReading } from '#core/index';
import { metrics, processMetrics } from '#observe/catalogue';
import { metricsMediaType, renderMetrics } from '#observe/metrics-text';
import {
	type ConfigurationState,
	measureConfiguration,
	measureWorkers,
	type WorkersState,
} from '#observe/state-metrics';
import { createPrometheusMeter } from '#runtime/node/prometheus-meter';
import { loadOtlp } from '../observation.ts';

export interface PrimaryMetrics {
	render(): Promise<{ readonly contentType: string; readonly body: string }>;
	/** Sends what is left to the collector. Never rejects. */
	close(): Promise<void>;
}

export interface PrimaryMetricsOptions {
	readonly telemetry: Definition['telemetry'];
	readonly log: Log;
	readonly configuration: () => ConfigurationState;
	readonly workers: () => WorkersState;
	/** What the workers counted and `own`, added up. */
	readonly addUp: (own: readonly MetricReading[]) => Promise<readonly MetricReading[]>;
}

/** Rejects with a readable Error when a collector is configured and the packages for it are not installed. */
export async function createPrimaryMetrics(options: PrimaryMetricsOptions): Promise<PrimaryMetrics> {
	const { log, telemetry } = options;
	const meter = createPrometheusMeter(Object.values(metrics), processMetrics);
	measureConfiguration(meter, options.configuration);
	measureWorkers(meter, options.workers);
	const read = async () => options.addUp(await meter.read());
	const { otlp } = telemetry;
	// Spans and events are sent by the worker that has them.
	const exported =
		otlp?.metrics === true
			? (await loadOtlp()).createOtlpExport({ ...otlp, traces: false, logs: false, metrics: read, log })
			: undefined;
	return {
		render: async () => ({ contentType: metricsMediaType, body: renderMetrics(await read()) }),
		close: async () => exported?.close(),
	};
}

/**
 * Spans, events and metrics to an OpenTelemetry collector (OTLP over HTTP, JSON), with the OpenTelemetry packages. They
 * are optional, so this file is only ever imported when a collector is configured. Whatever goes wrong at the collector
 * is said in the log once, and is nobody's waiting time.
 */
import {
	type HrTime,
	ROOT_CONTEXT,
	SeverityNumber,
	type SpanContext,
	SpanKind,
	SpanStatusCode,
	TraceFlags,
	trace,
} from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace';
import type { FinishedSpan, Log, LogEvent, MetricReading, TelemetryExport } from '#core/index';
import { otlpMetrics } from './otlp-metrics.ts';

export interface OtlpOptions {
	/** Base URL without a slash at its end; `/v1/traces`, `/v1/metrics` and `/v1/logs` are put behind it. */
	readonly endpoint: string;
	/** For an API key of the collector. */
	readonly headers: Readonly<Record<string, string>>;
	readonly traces: boolean;
	readonly logs: boolean;
	/** Undefined: metrics are not sent. */
	readonly metrics: (() => Promise<readonly MetricReading[]>) | undefined;
	/** `service.name`. */
	readonly serviceName: string;
	readonly log: Log;
	/** Milliseconds between two batches of spans and events, and between two sendings of metrics. */
	readonly delay?: number;
	readonly metricsInterval?: number;
}

/** Milliseconds that closing may take, and one request to the collector. */
const patience = 5_000;

/** Begins to send in the background; the collector need not be there yet. */
export function createOtlpExport(options: OtlpOptions): TelemetryExport {
	const { endpoint, log, serviceName, delay = 2_000, metricsInterval = 30_000 } = options;
	const shared: Shared = {
		resource: resourceFromAttributes({ 'service.name': serviceName }),
		log,
		target: (path) => ({ url: endpoint + path, headers: { ...options.headers }, timeoutMillis: patience }),
		batches: { scheduledDelayMillis: delay, exportTimeoutMillis: patience },
	};
	const spans = options.traces ? sendSpans(shared) : undefined;
	const events = options.logs ? sendEvents(shared) : undefined;
	const metrics = options.metrics === undefined ? undefined : sendMetrics(options.metrics, metricsInterval, shared);
	return {
		span: spans?.send,
		event: events?.send,
		async close() {
			const closing = Promise.allSettled([spans, events, metrics].map(async (each) => each?.close()));
			let timer: NodeJS.Timeout | undefined;
			const late = new Promise<void>((resolve) => {
				timer = setTimeout(resolve, patience);
			});
			await Promise.race([closing, late]);
			clearTimeout(timer);
		},
	};
}

interface Shared {
	readonly resource: ReadableSpan['resource'];
	readonly log: Log;
	readonly target: (path: string) => { url: string; headers: Record<string, string>; timeoutMillis: number };
	readonly batches: { readonly scheduledDelayMillis: number; readonly exportTimeoutMillis: number };
}

interface Sender<T> {
	send(item: T): void;
	close(): Promise<void>;
}

function sendSpans({ resource, log, target, batches }: Shared): Sender<FinishedSpan> {
	const exporter = watched(new OTLPTraceExporter(target('/v1/traces')), 'spans', log);
	const processor = new BatchSpanProcessor({ exporter, ...batches });
	return { send: (span) => processor.onEnd(toReadableSpan(span, resource)), close: () => processor.shutdown() };
}

function sendEvents({ resource, log, target, batches }: Shared): Sender<LogEvent> {
	const exporter = watched(new OTLPLogExporter(target('/v1/logs')), 'events', log);
	const provider = new LoggerProvider({
		resource,
		processors: [new BatchLogRecordProcessor({ exporter, ...batches })],
	});
	const logger = provider.getLogger('countersign');
	return {
		send({ name, time, severity, body, attributes, traceId, spanId }) {
			const known = traceId !== undefined && spanId !== undefined ? spanContext(traceId, spanId, false) : undefined;
			logger.emit({
				eventName: name,
				timestamp: time,
				severityNumber: severities[severity],
				severityText: severity.toUpperCase(),
				body,
				attributes: { ...attributes },
				...(known === undefined ? {} : { context: trace.setSpanContext(ROOT_CONTEXT, known) }),
			});
		},
		close: () => provider.shutdown(),
	};
}

function sendMetrics(
	read: () => Promise<readonly MetricReading[]>,
	interval: number,
	{ resource, log, target }: Shared,
): Pick<Sender<never>, 'close'> {
	const exporter = watched(new OTLPMetricExporter(target('/v1/metrics')), 'metrics', log);
	const began = Date.now();
	const collect = async () => ({
		resourceMetrics: otlpMetrics(await read(), { resource, began, now: Date.now() }),
		errors: [],
	});
	const reader = new PeriodicExportingMetricReader({
		exporter,
		exportIntervalMillis: interval,
		exportTimeoutMillis: Math.min(patience, interval),
		metricProducers: [{ collect }],
	});
	const provider = new MeterProvider({ resource, readers: [reader] });
	return { close: () => provider.shutdown() };
}

interface Exporter<T> {
	export(items: T, done: (result: { readonly code: number; readonly error?: Error }) => void): void;
}

/** Says in the log when sending begins to fail and when it works again, and nothing in between. */
function watched<T, E extends Exporter<T>>(exporter: E & Exporter<T>, what: string, log: Log): E {
	const send = exporter.export.bind(exporter);
	let failing = false;
	exporter.export = (items, done) => {
		send(items, (result) => {
			const failed = result.code !== 0;
			if (failed && !failing) {
				log.warn(`${what} cannot be sent to the collector`, { cause: result.error?.message ?? 'unknown' });
			}
			if (!failed && failing) log.info(`${what} can be sent to the collector again`);
			failing = failed;
			done(result);
		});
	};
	return exporter;
}

const severities = {
	info: SeverityNumber.INFO,
	warn: SeverityNumber.WARN,
	error: SeverityNumber.ERROR,
} as const satisfies Record<LogEvent['severity'], SeverityNumber>;

const scope = { name: 'countersign' };

function toReadableSpan(span: FinishedSpan, resource: ReadableSpan['resource']): ReadableSpan {
	const { name, kind, traceId, spanId, parentSpanId, parentIsRemote, start, end, failed, attributes } = span;
	const own = spanContext(traceId, spanId, false);
	return {
		name,
		kind: kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT,
		spanContext: () => own,
		...(parentSpanId === undefined ? {} : { parentSpanContext: spanContext(traceId, parentSpanId, parentIsRemote) }),
		startTime: hrTime(start),
		endTime: hrTime(end),
		duration: hrTime(end - start),
		status: { code: failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
		attributes: { ...attributes },
		links: [],
		events: [],
		ended: true,
		resource,
		instrumentationScope: scope,
		droppedAttributesCount: 0,
		droppedEventsCount: 0,
		droppedLinksCount: 0,
	};
}

function spanContext(traceId: string, spanId: string, isRemote: boolean): SpanContext {
	return { traceId, spanId, isRemote, traceFlags: TraceFlags.SAMPLED };
}

/** Seconds and nanoseconds. */
function hrTime(milliseconds: number): HrTime {
	const seconds = Math.floor(milliseconds / 1000);
	return [seconds, Math.min(999_999_999, Math.round((milliseconds - seconds * 1000) * 1e6))];
}

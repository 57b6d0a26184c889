/** Traces, metrics and audit events at a collector, as a collector sees them. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { metrics } from '#observe/catalogue';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { requestBytes, type SentRequest } from './support/guarded-gateway.ts';
import { type OtlpReceiver, otlpReceiver } from './support/otlp-receiver.ts';
import { exchange } from './support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { testKey } from './support/sign-jws.ts';
import { makeTempDir, writeIn } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

const key = testKey('ES256', 'otlp');
let provider: TestProvider;
let upstream: RecordingUpstream;
let collector: OtlpReceiver;

beforeEach(async () => {
	provider = await createTestProvider({ keys: [key] });
	upstream = await recordingUpstream({ closedBy: 'caller' });
	collector = await otlpReceiver();
});

afterEach(async () => {
	await Promise.all([provider.stop(), upstream.close(), collector.stop()]);
});

async function start(otlp: Record<string, unknown> = {}): Promise<TestGateway> {
	let stopped: Promise<void> | undefined;
	const gateway = await startTestGateway({
		telemetry: { otlp: { endpoint: collector.url, sample: 1, ...otlp } },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' } },
		routes: [
			{ name: 'orders', path: '/orders', upstream: upstream.url },
			{ name: 'nobody', path: '/nobody', public: true, upstream: 'http://127.0.0.1:1' },
		],
	});
	const stop = (): Promise<void> => (stopped ??= gateway.stop());
	onTestFinished(stop);
	return { ...gateway, stop };
}

async function send(gateway: TestGateway, request: SentRequest): Promise<void> {
	const before = gateway.records.length;
	await exchange(gateway.url, requestBytes(request), request.method);
	await gateway.record(before + 1);
}

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('an allowed request: a server span below the client’s, a client span below that, which the upstream hears of', async () => {
	const gateway = await start();
	const token = provider.issue();
	await send(gateway, { target: '/orders?secret=canary-in-the-query', token, headers: [['traceparent', traceparent]] });
	await gateway.stop();
	const [record] = gateway.records;
	expect(collector.spans).toHaveLength(2);
	const server = collector.spans.find(({ kind }) => kind === 2);
	const client = collector.spans.find(({ kind }) => kind === 3);
	expect(server).toMatchObject({
		name: 'GET orders',
		traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
		parentSpanId: '00f067aa0ba902b7',
		spanId: record?.span_id,
		attributes: {
			'http.request.method': 'GET',
			'http.response.status_code': 200,
			'url.path': '/orders',
			'url.scheme': 'http',
			'countersign.route': 'orders',
			'countersign.provider': 'idp',
			'countersign.decision': 'allow',
			'countersign.request_id': record?.request_id,
		},
	});
	expect(client).toMatchObject({
		name: 'GET upstream',
		traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
		parentSpanId: server?.spanId,
		attributes: { 'http.response.status_code': 200, 'countersign.upstream': upstream.url },
	});
	expect(upstream.requests[0]?.values('traceparent')).toEqual([
		`00-4bf92f3577b34da6a3ce929d0e0e4736-${client?.spanId}-01`,
	]);
	const nanos = (span: typeof server, which: 'startTimeUnixNano' | 'endTimeUnixNano') => BigInt(span?.[which] ?? 0);
	expect(nanos(server, 'startTimeUnixNano') <= nanos(client, 'startTimeUnixNano') + 1_000_000n).toBe(true);
	expect(nanos(client, 'endTimeUnixNano') <= nanos(server, 'endTimeUnixNano')).toBe(true);
	expect(collector.resource).toMatchObject({ 'service.name': 'countersign' });
	const sent = collector.bodies.join('\n');
	for (const canary of [...token.split('.'), 'canary-in-the-query', 'Bearer']) expect(sent).not.toContain(canary);
});

test('a refusal is one span with its reason; a fault fails both spans', async () => {
	const gateway = await start();
	await send(gateway, { target: '/orders' });
	await send(gateway, { target: '/nobody' });
	await gateway.stop();
	const [refused, ...rest] = collector.spans;
	expect(refused).toMatchObject({
		name: 'GET orders',
		kind: 2,
		attributes: {
			'countersign.decision': 'deny',
			'countersign.reason': 'credential_missing',
			'countersign.check': 'credential',
		},
	});
	expect(refused?.parentSpanId ?? '').toBe('');
	expect(refused?.status?.code ?? 0).toBe(0);
	expect(rest).toHaveLength(2);
	for (const span of rest) {
		expect(span.status?.code).toBe(2);
		expect(span.attributes['error.type']).toBe('upstream_unreachable');
	}
});

test('sampling: a client that says no is not recorded, one that says yes is, and our own share is ours', async () => {
	const gateway = await start({ sample: 0 });
	await send(gateway, { target: '/orders' });
	await send(gateway, { target: '/orders', headers: [['traceparent', traceparent.replace(/1$/, '0')]] });
	await send(gateway, { target: '/orders', headers: [['traceparent', traceparent]] });
	await gateway.stop();
	expect(collector.spans.map(({ traceId }) => traceId)).toEqual(['4bf92f3577b34da6a3ce929d0e0e4736']);
});

test('metrics and audit records go there too when that is configured, with the collector’s headers', async () => {
	const gateway = await start({
		traces: false,
		metrics: true,
		logs: true,
		service_name: 'edge',
		headers: { 'x-api-key': 'key-of-the-collector' },
	});
	await send(gateway, { target: '/orders', token: provider.issue() });
	await send(gateway, { target: '/orders' });
	await gateway.stop();
	expect(collector.spans).toEqual([]);
	expect(collector.headers).toMatchObject({ 'x-api-key': 'key-of-the-collector' });
	expect(collector.resource).toMatchObject({ 'service.name': 'edge' });
	const [allowed, refused] = gateway.records;
	expect(collector.events).toMatchObject([
		{
			severityText: 'INFO',
			body: 'allow',
			traceId: allowed?.trace_id,
			spanId: allowed?.span_id,
			attributes: { 'countersign.request_id': allowed?.request_id, 'countersign.subject': 'user-1' },
		},
		{
			severityText: 'WARN',
			body: 'deny: credential_missing',
			traceId: refused?.trace_id,
			attributes: { 'countersign.reason': 'credential_missing', 'countersign.status': 401 },
		},
	]);
	for (const { name } of Object.values(metrics)) expect(collector.metrics.has(name), name).toBe(true);
	expect(collector.metrics.get(metrics.decisions.name)).toMatchObject({
		sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [{ asDouble: 1 }, { asDouble: 1 }] },
	});
	expect(collector.metrics.get(metrics.cacheEntries.name)).toMatchObject({ gauge: { dataPoints: [{ asDouble: 1 }] } });
	const lifetime = collector.metrics.get(metrics.tokenLifetime.name) as {
		unit: string;
		histogram: { dataPoints: { sum: number; bucketCounts: (number | string)[]; explicitBounds: number[] }[] };
	};
	expect(lifetime.unit).toBe('s');
	const [point] = lifetime.histogram.dataPoints;
	expect(point?.sum).toBe(300);
	expect(point?.explicitBounds).toEqual(metrics.tokenLifetime.buckets);
	expect(point?.bucketCounts.map(Number)).toEqual([
		...(metrics.tokenLifetime.buckets ?? []).map((bound) => (bound === 300 ? 1 : 0)),
		0,
	]);
});

test('a collector that fails is said in the log once, and no request suffers', async () => {
	await collector.stop();
	collector = await otlpReceiver(400);
	const gateway = await start();
	for (let i = 0; i < 5; i++) await send(gateway, { target: '/orders', token: provider.issue() });
	await gateway.stop();
	expect(collector.bodies.length).toBeGreaterThan(0);
	expect(gateway.records.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
	expect(gateway.log.filter((line) => line.includes('cannot be sent to the collector'))).toHaveLength(1);
});

/** Starts and stops a gateway in a process of its own; `resolve` is the body of a hook for its imports. */
async function inOwnProcess(otlp: Record<string, unknown> | undefined, resolve: string): Promise<string> {
	const folder = makeTempDir();
	onTestFinished(() => rmSync(folder, { recursive: true }));
	const configFile = writeIn(
		folder,
		'gateway.json',
		JSON.stringify({
			listen: '127.0.0.1:0',
			audit: { file: 'audit.jsonl' },
			...(otlp === undefined ? {} : { telemetry: { otlp } }),
			routes: [{ path: '/', public: true, upstream: upstream.url }],
		}),
	);
	const script = `
		import { registerHooks } from 'node:module';
		const seen = new Set();
		registerHooks({ resolve(specifier, context, next) { ${resolve} return next(specifier, context); } });
		const { startGateway } = await import('#gateway/start-gateway');
		try {
			const gateway = await startGateway({ configFile: ${JSON.stringify(configFile)} });
			await gateway.stop();
			console.log(seen.size);
		} catch (error) {
			console.log(error.message);
		}
	`;
	const options = ['--conditions=countersign-source', '--input-type=module', '-e', script];
	const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: join(import.meta.dirname, '..') });
	return stdout;
}

test.each([
	['without a collector none of the OpenTelemetry packages is loaded', undefined, false],
	['with one they are', { endpoint: 'http://127.0.0.1:1' }, true],
])('%s', async (_, otlp, loaded) => {
	const seen = await inOwnProcess(otlp, `if (specifier.startsWith('@opentelemetry/sdk')) seen.add(specifier);`);
	expect(Number(seen) > 0).toBe(loaded);
});

test('a collector is configured and the packages are not installed: it does not start, and says why', async () => {
	const said = await inOwnProcess(
		{ endpoint: 'http://127.0.0.1:1' },
		`if (specifier.startsWith('@opentelemetry/sdk')) throw new Error('not installed');`,
	);
	expect(said).toContain('npm install @opentelemetry/api');
});

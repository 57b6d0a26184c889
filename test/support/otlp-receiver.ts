/** An OpenTelemetry collector for tests: takes OTLP over HTTP in JSON and keeps what came. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** As the OTLP JSON encoding has it, with the attributes made a plain object. */
export interface ReceivedSpan {
	readonly name: string;
	/** 2: server, 3: client. */
	readonly kind: number;
	readonly traceId: string;
	readonly spanId: string;
	readonly parentSpanId?: string;
	readonly startTimeUnixNano: string;
	readonly endTimeUnixNano: string;
	/** Code 2: error. */
	readonly status?: { readonly code?: number };
	readonly attributes: Readonly<Record<string, unknown>>;
}

export interface ReceivedEvent {
	readonly severityText: string;
	readonly body: unknown;
	readonly traceId: string;
	readonly spanId: string;
	readonly attributes: Readonly<Record<string, unknown>>;
}

export interface OtlpReceiver {
	readonly url: string;
	readonly spans: readonly ReceivedSpan[];
	readonly events: readonly ReceivedEvent[];
	/** The newest value of each metric: name → its data as it came. */
	readonly metrics: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
	/** Every body, as it came. */
	readonly bodies: readonly string[];
	/** Headers of the last request. */
	readonly headers: Readonly<Record<string, unknown>>;
	/** Attributes of the last resource. */
	readonly resource: Readonly<Record<string, unknown>>;
	stop(): Promise<void>;
}

type Json = Readonly<Record<string, unknown>>;

/** `status`: what it answers, 200 unless it shall fail. */
export async function otlpReceiver(status = 200): Promise<OtlpReceiver> {
	const spans: ReceivedSpan[] = [];
	const events: ReceivedEvent[] = [];
	const metrics = new Map<string, Json>();
	const bodies: string[] = [];
	let headers: Json = {};
	let resource: Json = {};

	function take(path: string, message: Json): void {
		const kind = path.replace('/v1/', '');
		const outer = { traces: 'Spans', logs: 'Logs', metrics: 'Metrics' }[kind] ?? '';
		for (const group of list(message[`resource${outer}`])) {
			resource = attributesOf((group['resource'] as Json)['attributes']);
			for (const scope of list(group[`scope${outer}`])) {
				for (const span of list(scope['spans'])) spans.push(withAttributes(span) as unknown as ReceivedSpan);
				for (const event of list(scope['logRecords'])) {
					events.push({ ...withAttributes(event), body: valueOf(event['body']) } as unknown as ReceivedEvent);
				}
				for (const metric of list(scope['metrics'])) metrics.set(String(metric['name']), metric);
			}
		}
	}

	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const body = Buffer.concat(chunks).toString('utf8');
			bodies.push(body);
			({ headers } = request);
			if (status === 200) take(request.url ?? '', JSON.parse(body) as Json);
			response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
		});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		spans,
		events,
		metrics,
		bodies,
		get headers() {
			return headers;
		},
		get resource() {
			return resource;
		},
		async stop() {
			server.closeAllConnections();
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
			});
		},
	};
}

function list(value: unknown): readonly Json[] {
	return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function withAttributes(item: Json): Json {
	return { ...item, attributes: attributesOf(item['attributes']) };
}

function attributesOf(value: unknown): Json {
	return Object.fromEntries(list(value).map((each) => [String(each['key']), valueOf(each['value'])]));
}

/** `{stringValue: 'a'}` → `a`; integers come as numbers or as text. */
function valueOf(value: unknown): unknown {
	const [found] = Object.entries((value ?? {}) as Json);
	return found === undefined ? undefined : found[0] === 'intValue' ? Number(found[1]) : found[1];
}

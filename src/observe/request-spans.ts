/**
 * The spans of a request that is over: one for the request at this gateway, and below it one for the call to the
 * upstream. Attribute names are those of the OpenTelemetry HTTP conventions; the gateway's own begin with `countersign.`.
 * Paths go without their query, which may hold a token, and no header goes at all (invariant 2).
 */
import type { FinishedSpan, TelemetryAttributes } from '#core/index';
import type { AuditRecord } from './audit-record.ts';
import type { RequestTrail } from './request-trail.ts';

export interface SpanInput {
	readonly trail: RequestTrail;
	readonly record: AuditRecord;
	readonly scheme: 'http' | 'https' | undefined;
	/** Milliseconds since the epoch. */
	readonly end: number;
	/** Milliseconds: of the whole request. */
	readonly duration: number;
	readonly call: UpstreamCall | undefined;
}

/** The call to the upstream, from the verdict to the head of the response. */
export interface UpstreamCall {
	/** Name of the upstream. */
	readonly upstream: string;
	/** Milliseconds since the epoch. */
	readonly start: number;
	/** Milliseconds; undefined when no response head came. */
	readonly duration: number | undefined;
	readonly status: number | undefined;
}

/** Methods of the conventions; any other is `_OTHER`, so that no client can make span names. */
const methods: ReadonlySet<string> = new Set([
	'GET',
	'HEAD',
	'POST',
	'PUT',
	'PATCH',
	'DELETE',
	'OPTIONS',
	'TRACE',
	'CONNECT',
]);

/** The spans of one request, children last. */
export function requestSpans(input: SpanInput): readonly FinishedSpan[] {
	const { trail, record, end, duration, call } = input;
	const method = record.method !== undefined && methods.has(record.method) ? record.method : '_OTHER';
	const server: FinishedSpan = {
		name: record.route === undefined ? method : `${method} ${record.route}`,
		kind: 'server',
		traceId: trail.traceId,
		spanId: trail.spanId,
		parentSpanId: trail.parentSpanId,
		parentIsRemote: true,
		// The wall clock may have been set meanwhile, and the call lies within the request all the same.
		start: Math.min(end - duration, call?.start ?? end),
		end,
		failed: record.status === undefined || record.status >= 500,
		attributes: serverAttributes(input, method),
	};
	if (call === undefined) return [server];
	const client: FinishedSpan = {
		name: `${method} upstream`,
		kind: 'client',
		traceId: trail.traceId,
		spanId: trail.upstreamSpanId,
		parentSpanId: trail.spanId,
		parentIsRemote: false,
		start: Math.min(call.start, end),
		end: call.duration === undefined ? end : Math.min(call.start + call.duration, end),
		failed: call.status === undefined || call.status >= 400,
		attributes: defined({
			'http.request.method': method,
			'http.response.status_code': call.status,
			'countersign.upstream': call.upstream,
			'error.type': call.status === undefined ? (record.reason ?? 'client_gone') : undefined,
		}),
	};
	return [server, client];
}

function serverAttributes({ record, scheme }: SpanInput, method: string): TelemetryAttributes {
	return defined({
		'http.request.method': method,
		'url.scheme': scheme,
		'url.path': record.path,
		'http.response.status_code': record.status === 0 ? undefined : record.status,
		'client.address': record.peer,
		'countersign.request_id': record.request_id,
		'countersign.route': record.route,
		'countersign.provider': record.provider,
		'countersign.decision': record.decision,
		'countersign.reason': record.reason,
		'countersign.check': record.check,
		'error.type': record.status !== undefined && record.status >= 500 ? record.reason : undefined,
	});
}

function defined(members: Readonly<Record<string, string | number | undefined>>): TelemetryAttributes {
	const result: Record<string, string | number> = {};
	for (const [name, value] of Object.entries(members)) if (value !== undefined) result[name] = value;
	return result;
}

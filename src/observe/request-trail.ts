/**
 * The ids by which a request is found again: in the client's answer, at the upstream, in the audit log and in a tracing
 * backend. What a client sends is taken over only where its form is beyond doubt; everything else is made anew.
 */
import type { HeaderStrip, RequestView } from '#core/index';
import { formatTraceParent, isRequestId, parseTraceParent, sampledFlag } from '#formats/trace-context';

export interface RequestTrail {
	readonly requestId: string;
	/** 32 and 16 lower-case hexadecimal digits. */
	readonly traceId: string;
	/** Of the request at this gateway. */
	readonly spanId: string;
	/** Of the call to the upstream; `spanId` where no spans are exported. */
	readonly upstreamSpanId: string;
	/** The client's own span; undefined when the trace begins here. */
	readonly parentSpanId: string | undefined;
	readonly flags: number;
	/** Whether spans of this request are exported. */
	readonly isRecorded: boolean;
}

export interface RequestTrailOptions {
	readonly randomBytes: (length: number) => Uint8Array;
	/** Share of the traces that begin here which is recorded, 0 to 1; undefined: spans are not exported. */
	readonly sample: number | undefined;
}

/**
 * `X-Request-Id` is the client's when there is exactly one of the accepted form. A `traceparent` that is there once and
 * valid carries its trace on, and its sampled flag decides about recording (W3C Trace Context §3.3); any other, or a
 * repeated one, begins a new trace.
 */
export function createRequestTrails(options: RequestTrailOptions): (request: RequestView | undefined) => RequestTrail {
	const { sample } = options;
	const draw = createIds(options.randomBytes);
	return (request) => {
		const sentId = request === undefined ? undefined : onlyValue(request, 'x-request-id');
		const requestId = sentId !== undefined && isRequestId(sentId) ? sentId : draw(32);
		const sent = request === undefined ? undefined : onlyValue(request, 'traceparent');
		const parent = sent === undefined ? undefined : parseTraceParent(sent);
		const traceId = parent?.traceId ?? draw(32);
		const flags = parent?.flags ?? (sample !== undefined && isInSample(traceId, sample) ? sampledFlag : 0);
		const isRecorded = sample !== undefined && (flags & sampledFlag) !== 0;
		const spanId = draw(16);
		const upstreamSpanId = isRecorded ? draw(16) : spanId;
		return { requestId, traceId, spanId, upstreamSpanId, parentSpanId: parent?.parentId, flags, isRecorded };
	};
}

export const requestIdField = 'x-request-id';
/** Names of what `idLine` and `trailLines` write. */
export const idNames: readonly string[] = [requestIdField];
export const trailNames: readonly string[] = [requestIdField, 'traceparent'];

/** What the client gets, as a whole field line. An id of its own is one that was accepted, so the line cannot be wrong. */
export function idLine({ requestId }: RequestTrail): string {
	return `x-request-id: ${requestId}\r\n`;
}

/** What the upstream gets, in place of anything that the client sent under these names. Whole field lines too. */
export function trailLines({ requestId, traceId, upstreamSpanId, flags }: RequestTrail): string {
	const parent = formatTraceParent({ traceId, parentId: upstreamSpanId, flags });
	return `x-request-id: ${requestId}\r\ntraceparent: ${parent}\r\n`;
}

/** `strip`, and `tracestate` too where it belongs to no valid traceparent (W3C Trace Context §3.3.1.1). */
export function trailStrip(trail: RequestTrail, request: RequestView, strip: HeaderStrip): HeaderStrip {
	if (trail.parentSpanId !== undefined) return strip;
	if (request.headerCount('tracestate') === 0) return strip;
	return { ...strip, names: new Set([...strip.names, 'tracestate']) };
}

function onlyValue(request: RequestView, name: string): string | undefined {
	const value = request.header(name);
	if (value === undefined) return undefined;
	return request.headerCount(name) === 1 ? value : undefined;
}

/** The same answer for a trace wherever it is asked: by the random part of its id. */
function isInSample(traceId: string, sample: number): boolean {
	return Number.parseInt(traceId.slice(-8), 16) < sample * 2 ** 32;
}

/** Random bytes drawn at once: one call of the random source serves about four hundred requests. */
const batch = 16_384;

/** ASCII of `0` to `9` and `a` to `f`. */
const digits = Uint8Array.from({ length: 16 }, (_, value) => value.toString(16).charCodeAt(0));

const zeros = '0'.repeat(32);

/** Hexadecimal ids of a given length (at most 32), never all zero. */
function createIds(randomBytes: (length: number) => Uint8Array): (length: number) => string {
	const decoder = new TextDecoder('latin1');
	const codes = new Uint8Array(2 * batch);
	let text = '';
	let at = 0;
	return (length) => {
		for (;;) {
			if (at + length > text.length) {
				const octets = randomBytes(batch);
				for (let index = 0; index < batch; index++) {
					const octet = octets[index] ?? 0;
					codes[2 * index] = digits[octet >> 4] ?? 0;
					codes[2 * index + 1] = digits[octet & 15] ?? 0;
				}
				text = decoder.decode(codes);
				at = 0;
			}
			const id = text.slice(at, at + length);
			at += length;
			if (id.charCodeAt(0) !== 0x30 || id !== zeros.slice(0, length)) return id;
		}
	};
}

/**
 * `traceparent` of W3C Trace Context Level 1 §3.2: read strictly, so that one reading of a field says what the next hop
 * will say of it too, and written as version 00 whatever version came in.
 */

export interface TraceParent {
	/** 32 lower-case hexadecimal digits, not all zero. */
	readonly traceId: string;
	/** 16 lower-case hexadecimal digits, not all zero: the span of whoever sent it. */
	readonly parentId: string;
	/** `trace-flags` as a number: 1 is `sampled`, 2 `random-trace-id` of Level 2; the other bits are dropped. */
	readonly flags: number;
}

export const sampledFlag = 1;
const knownFlags = 3;

const shape = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const noTrace = '0'.repeat(32);
const noSpan = '0'.repeat(16);

/**
 * Undefined when `value` is no traceparent: wrong length, upper-case digits, version ff, an id of zeros, or anything
 * behind version 00's flags. Of a later version the first four members count (§3.2.1). Not checked: `tracestate`.
 */
export function parseTraceParent(value: string): TraceParent | undefined {
	if (value.length < 55) return undefined;
	const parts = shape.exec(value);
	if (parts === null) return undefined;
	const [, version, traceId = '', parentId = '', flags = '', rest] = parts;
	if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
	if (traceId === noTrace || parentId === noSpan) return undefined;
	return { traceId, parentId, flags: Number.parseInt(flags, 16) & knownFlags };
}

/** Version 00. The ids are taken as they are. */
export function formatTraceParent({ traceId, parentId, flags }: TraceParent): string {
	return `00-${traceId}-${parentId}-0${flags & knownFlags}`;
}

/** Whether a client's `X-Request-Id` may be taken over: 1 to 128 of `A-Z a-z 0-9 . _ -`. */
export function isRequestId(value: string): boolean {
	return value.length <= 128 && /^[A-Za-z0-9._-]+$/.test(value);
}

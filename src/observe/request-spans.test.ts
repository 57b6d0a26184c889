import { expect, test } from 'vitest';
import type { AuditRecord } from './audit-record.ts';
import { requestSpans } from './request-spans.ts';

const trail = {
	requestId: 'r',
	traceId: '1'.repeat(32),
	spanId: '2'.repeat(16),
	upstreamSpanId: '3'.repeat(16),
	parentSpanId: undefined,
	flags: 1,
	isRecorded: true,
};
const record: AuditRecord = { time: '2026-01-01T00:00:00.000Z', request_id: 'r', decision: 'allow', status: 200 };

/** Start and end of both spans, of a request of 10 ms that ended at 1,000 and whose call began at `start`. */
function times(start: number, duration: number | undefined): readonly (readonly [start: number, end: number])[] {
	const call = { upstream: 'u', start, duration, status: duration === undefined ? undefined : 200 };
	const spans = requestSpans({ trail, record, scheme: 'http', end: 1_000, duration: 10, call });
	return spans.map((span) => [span.start, span.end]);
}

test('the call lies within the request', () => {
	expect(times(992, 5)).toEqual([
		[990, 1_000],
		[992, 997],
	]);
	expect(times(992, undefined)).toEqual([
		[990, 1_000],
		[992, 1_000],
	]);
});

test.each([
	['forward', 960, [960, 1_000], [960, 965]],
	['back', 1_050, [990, 1_000], [1_000, 1_000]],
])('also when the wall clock was set %s meanwhile', (_, start, server, client) => {
	expect(times(start, 5)).toEqual([server, client]);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTraceParent } from '#formats/trace-context';
import { flatLines } from '../../test/support/field-lines.ts';
import { type FakeRequest, requestView } from '../../test/support/request-view.ts';
import { createRequestTrails, idLine, idNames, trailLines, trailNames, trailStrip } from './request-trail.ts';

/** Random enough to tell ids apart, the same each time. */
function generator(): (length: number) => Uint8Array {
	let state = 1;
	return (length) =>
		Uint8Array.from({ length }, () => {
			state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
			return state >>> 24;
		});
}

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const carried = requestView({ headers: [['traceparent', traceparent]] });

test('whatever a client sends, every id has its form', () => {
	const trailOf = createRequestTrails({ randomBytes: generator(), sample: 0.5 });
	const value = fc.oneof(fc.string(), fc.constant(traceparent), fc.string({ unit: 'binary' }));
	const headers = fc.array(fc.tuple(fc.constantFrom('x-request-id', 'traceparent', 'tracestate'), value));
	fc.assert(
		fc.property(headers, (lines) => {
			const trail = trailOf(requestView({ headers: lines } satisfies FakeRequest));
			expect(trail.requestId).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
			const { requestId } = trail;
			expect(flatLines(idLine(trail))).toEqual([...idNames, requestId]);
			const [idName, id, parentName, parent = '', ...more] = flatLines(trailLines(trail));
			expect([idName, parentName]).toEqual(trailNames);
			expect([id, ...more]).toEqual([requestId]);
			expect(parseTraceParent(parent)).toEqual({
				traceId: trail.traceId,
				parentId: trail.upstreamSpanId,
				flags: trail.flags,
			});
			expect(trail.spanId).not.toBe(trail.parentSpanId);
		}),
	);
});

test('random bytes are drawn in batches', () => {
	let calls = 0;
	const next = generator();
	const randomBytes = (length: number): Uint8Array => {
		calls++;
		return next(length);
	};
	const trailOf = createRequestTrails({ randomBytes, sample: undefined });
	const seen = new Set<string>();
	for (let i = 0; i < 1000; i++) seen.add(trailOf(undefined).traceId);
	expect(seen.size).toBe(1000);
	expect(calls).toBeLessThan(20);
});

test('an id of zeros is not used', () => {
	const next = generator();
	let first = true;
	const trailOf = createRequestTrails({
		randomBytes(length) {
			const bytes = next(length);
			if (first) bytes.fill(0, 0, 100);
			first = false;
			return bytes;
		},
		sample: undefined,
	});
	const { traceId, spanId, requestId } = trailOf(undefined);
	for (const id of [traceId, spanId, requestId]) expect(id).toMatch(/[1-9a-f]/);
});

test('the share of new traces that is recorded', () => {
	const share = (sample: number | undefined) => {
		const trailOf = createRequestTrails({ randomBytes: generator(), sample });
		return Array.from({ length: 2000 }, () => trailOf(undefined)).filter(({ isRecorded }) => isRecorded).length / 2000;
	};
	expect(share(undefined)).toBe(0);
	expect(share(0)).toBe(0);
	expect(share(1)).toBe(1);
	expect(Math.abs(share(0.25) - 0.25)).toBeLessThan(0.05);
});

test('without an export a sampled trace is carried on, and not recorded', () => {
	const trail = createRequestTrails({ randomBytes: generator(), sample: undefined })(carried);
	expect(trail).toMatchObject({ flags: 1, isRecorded: false, parentSpanId: '00f067aa0ba902b7' });
	expect(trail.upstreamSpanId).toBe(trail.spanId);
});

test('with one, the call to the upstream has a span of its own', () => {
	const trail = createRequestTrails({ randomBytes: generator(), sample: 0 })(carried);
	expect(trail.isRecorded).toBe(true);
	expect(trail.upstreamSpanId).not.toBe(trail.spanId);
});

test('tracestate stays with a valid traceparent and goes without one', () => {
	const trailOf = createRequestTrails({ randomBytes: generator(), sample: undefined });
	const strip = { names: new Set(['authorization']), prefixes: [] };
	const state = ['tracestate', 'vendor=1'] as const;
	const kept = requestView({ headers: [['traceparent', traceparent], state] });
	expect(trailStrip(trailOf(kept), kept, strip)).toBe(strip);
	const alone = requestView({ headers: [state] });
	expect([...trailStrip(trailOf(alone), alone, strip).names]).toEqual(['authorization', 'tracestate']);
	const plain = requestView();
	expect(trailStrip(trailOf(plain), plain, strip)).toBe(strip);
});

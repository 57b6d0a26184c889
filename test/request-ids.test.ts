/** `X-Request-Id` and `traceparent`: what is taken over from clients, what is made anew, and that both ends agree. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseTraceParent } from '#formats/trace-context';
import { type GuardedGateway, type Seen, startGuardedGateway } from './support/guarded-gateway.ts';

let rig: GuardedGateway;

beforeAll(async () => {
	rig = await startGuardedGateway(
		(upstream) => ({
			providers: {
				idp: { issuer: 'https://idp.example.com/', audience: 'api', secret: 'mWv1c8yQe5T0bKz7Rj4UhXn2Pq9Lf6Dg' },
			},
			routes: [
				{ name: 'open', path: '/open', public: true, upstream, cors: { origins: ['https://app.example.com'] } },
				{ name: 'guarded', path: '/guarded', upstream },
			],
		}),
		{
			answer(_request, response) {
				response.setHeader('X-Request-Id', 'of-the-upstream');
				response.end('hello from upstream');
			},
		},
	);
});

afterAll(() => rig.stop());

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
type Lines = readonly (readonly [string, string])[];

const open = (headers: Lines = []): Promise<Seen> => rig.send({ target: '/open', headers });

function idsAtUpstream({ forwarded }: Seen): {
	requestIds: readonly string[];
	parents: readonly string[];
	states: readonly string[];
} {
	const [request] = forwarded;
	return {
		requestIds: request?.values('x-request-id') ?? [],
		parents: request?.values('traceparent') ?? [],
		states: request?.values('tracestate') ?? [],
	};
}

test('without any: both are made, and client, upstream and record agree', async () => {
	const seen = await open();
	const { requestIds, parents } = idsAtUpstream(seen);
	expect(seen.record.request_id).toMatch(/^[0-9a-f]{32}$/);
	expect(requestIds).toEqual([seen.record.request_id]);
	expect(seen.response.headers.get('x-request-id')).toBe(seen.record.request_id);
	expect(parents).toHaveLength(1);
	expect(parseTraceParent(parents[0] ?? '')).toEqual({
		traceId: seen.record.trace_id,
		parentId: seen.record.span_id,
		flags: 0,
	});
});

test('no two requests share an id', async () => {
	const records = [];
	for (let i = 0; i < 200; i++) records.push((await open()).record);
	for (const member of ['request_id', 'trace_id', 'span_id'] as const) {
		expect(new Set(records.map((record) => record[member])).size).toBe(200);
	}
});

test('a valid traceparent is carried on with our span as the parent, and tracestate with it', async () => {
	const seen = await open([
		['Traceparent', traceparent],
		['tracestate', 'vendor=1'],
		['tracestate', 'other=2'],
	]);
	const { parents, states } = idsAtUpstream(seen);
	expect(seen.record.trace_id).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
	expect(seen.record.span_id).not.toBe('00f067aa0ba902b7');
	expect(parents).toEqual([`00-4bf92f3577b34da6a3ce929d0e0e4736-${seen.record.span_id}-01`]);
	expect(states).toEqual(['vendor=1', 'other=2']);
});

test.each<[string, Lines]>([
	['malformed', [['traceparent', `${traceparent}x`]]],
	['upper case', [['traceparent', traceparent.toUpperCase()]]],
	[
		'repeated',
		[
			['traceparent', traceparent],
			['traceparent', traceparent],
		],
	],
	['absent', []],
])('a traceparent that is %s begins a new trace, and tracestate goes', async (_, headers) => {
	const seen = await open([...headers, ['tracestate', 'vendor=1']]);
	const { parents, states } = idsAtUpstream(seen);
	expect(seen.record.trace_id).not.toBe('4bf92f3577b34da6a3ce929d0e0e4736');
	expect(parents).toEqual([`00-${seen.record.trace_id}-${seen.record.span_id}-00`]);
	expect(states).toEqual([]);
});

test('a client’s request id is taken over', async () => {
	const id = 'Order_42.retry-1';
	const seen = await open([['X-REQUEST-ID', id]]);
	expect(idsAtUpstream(seen).requestIds).toEqual([id]);
	expect(seen.response.headers.get('x-request-id')).toBe(id);
	expect(seen.record.request_id).toBe(id);
});

test.each<[string, Lines]>([
	['too long', [['x-request-id', 'x'.repeat(129)]]],
	['of other characters', [['x-request-id', 'a b']]],
	['markup', [['x-request-id', '<script>']]],
	['empty', [['x-request-id', '']]],
	[
		'repeated',
		[
			['x-request-id', 'a'],
			['x-request-id', 'a'],
		],
	],
	['in a spelling that some servers take for it', [['x_request_id', 'spoofed']]],
])('a request id that is %s is replaced', async (_, headers) => {
	const seen = await open(headers);
	expect(seen.record.request_id).toMatch(/^[0-9a-f]{32}$/);
	expect(idsAtUpstream(seen).requestIds).toEqual([seen.record.request_id]);
	expect(seen.forwarded[0]?.values('x_request_id')).toEqual([]);
	expect(seen.response.headers.get('x-request-id')).toBe(seen.record.request_id);
});

test('a refusal, a preflight, and a request that is no HTTP carry the id of their record', async () => {
	const refused = await rig.send({ target: '/guarded', headers: [['x-request-id', 'mine']] });
	expect(refused.response.status).toBe(401);
	expect(refused.response.headers.get('x-request-id')).toBe('mine');
	expect(refused.record.request_id).toBe('mine');

	const preflight = await rig.send({
		method: 'OPTIONS',
		target: '/open',
		headers: [
			['Origin', 'https://app.example.com'],
			['Access-Control-Request-Method', 'GET'],
		],
	});
	expect(preflight.record.decision).toBe('answer');
	expect(preflight.response.headers.get('x-request-id')).toBe(preflight.record.request_id);

	const twoHosts = await rig.sendBytes('GET /open HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Request-Id: two\r\n\r\n');
	expect(twoHosts.response.status).toBe(400);
	expect(twoHosts.response.headers.get('x-request-id')).toBe('two');
	expect(twoHosts.record.request_id).toBe('two');

	const garbage = await rig.sendBytes('this is no HTTP\r\n\r\n');
	expect(garbage.response.status).toBe(400);
	expect(garbage.record.request_id).toMatch(/^[0-9a-f]{32}$/);
	expect(garbage.response.headers.get('x-request-id')).toBe(garbage.record.request_id);
});

/** What is not HTTP/1.1 as RFC 9112 has it: refused with a closed connection, and no byte of it reaches an upstream. */
import { expect, test } from 'vitest';
import { type RawClient, rawClient } from '../../test/support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from '../../test/support/recording-upstream.ts';
import { forwardTo, type TestEngine, type TestEngineOptions, testEngine } from '../../test/support/test-engine.ts';

const valid = 'GET /after HTTP/1.1\r\nHost: x\r\n\r\n';

interface Stage {
	readonly gateway: TestEngine;
	readonly upstream: RecordingUpstream;
	client(): Promise<RawClient>;
}

async function stage(options: Partial<TestEngineOptions> = {}): Promise<Stage> {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url), ...options });
	return { gateway, upstream, client: () => rawClient(gateway.url) };
}

/** Refused before the decision, with a valid request right behind it that must not be served. */
async function refused(bytes: string, status: number, reason: string): Promise<void> {
	const { gateway, upstream, client } = await stage();
	const connection = await client();
	connection.send(bytes + valid);
	const answer = await connection.response();
	expect([answer.status, answer.headers.get('connection'), answer.headers.get('x-reason')]).toEqual([
		status,
		'close',
		reason,
	]);
	await connection.closed();
	expect(connection.received().match(/HTTP\/1\.1/g)).toHaveLength(1);
	expect([upstream.connections, upstream.bytesReceived, gateway.decided.length]).toEqual([0, 0, 0]);
	expect(gateway.outcomes.map((each) => [each.status, each.reason])).toEqual([[status, reason]]);
}

const post = (lines: string, body: string): string => `POST / HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked', body);

const codings = [
	'chunked, identity',
	'identity',
	'gzip, chunked',
	'xchunked',
	'chunked;q=1',
	',chunked',
	'\x0bchunked',
];
const lengths = ['+5', '0x5', '5_0', '5 6', '-1', '5,5', ''];

test.each<readonly [name: string, bytes: string]>([
	['both Content-Length and Transfer-Encoding', post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
	['and the other way round', post('Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n')],
	['two Transfer-Encoding', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
	['two equal Content-Length', post('Content-Length: 5\r\nContent-Length: 5', 'hello')],
	['two different Content-Length', post('Content-Length: 5\r\nContent-Length: 6', 'hello')],
	...codings.map((coding) => [coding, post(`Transfer-Encoding: ${coding}`, '0\r\n\r\n')] as const),
	...lengths.map((length) => [length, post(`Content-Length: ${length}`, 'hello')] as const),
])('ambiguous framing: %s', async (_, bytes) => {
	await refused(bytes, 400, 'request_malformed');
});

test.each([
	['bare CR', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n'],
	['bare LF', 'GET / HTTP/1.1\nHost: x\n\n'],
	['NUL', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n'],
	['obs-fold', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n'],
	['space before the colon', 'GET / HTTP/1.1\r\nHost: x\r\nX-A : a\r\n\r\n'],
	['leading space', 'GET / HTTP/1.1\r\n Host: x\r\n\r\n'],
	['no name', 'GET / HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n'],
	['a name that is no token', 'GET / HTTP/1.1\r\nHost: x\r\nX(A): a\r\n\r\n'],
	['no Host', 'GET / HTTP/1.1\r\n\r\n'],
	['two Hosts', 'GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n'],
	['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n'],
	['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: x\r\n\r\n'],
	['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
	['no version', 'GET /\r\n\r\n'],
	['an unknown lower-case method', 'get / HTTP/1.1\r\nHost: x\r\n\r\n'],
	['chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
	['TLS on a plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
])('not HTTP/1.1: %s', async (_, bytes) => {
	await refused(bytes, 400, 'request_malformed');
});

test.each([
	['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n'],
	['TRACE', 'TRACE / HTTP/1.1\r\nHost: x\r\n\r\n'],
])('%s is not forwarded', async (method, bytes) => {
	const { upstream, gateway, client } = await stage();
	const connection = await client();
	connection.send(bytes);
	const answer = await connection.response(method);
	expect([answer.status, answer.headers.get('x-reason')]).toEqual([405, 'method_not_allowed']);
	if (method === 'CONNECT') await connection.closed();
	connection.destroy();
	expect([upstream.bytesReceived, gateway.decided.length, gateway.outcomes.length]).toEqual([0, 0, 1]);
});

test.each([
	['0x5', chunked('0x5\r\nhello\r\n0\r\n\r\n')],
	['+5', chunked('+5\r\nhello\r\n0\r\n\r\n')],
	['20 digits', chunked('12345678901234567890\r\nhello\r\n0\r\n\r\n')],
	['bare LF after the size', chunked('5\nhello\r\n0\r\n\r\n')],
	['bare LF after the chunk', chunked('5\r\nhello\n0\r\n\r\n')],
	['too many bytes', chunked('5\r\nhellohello\r\n0\r\n\r\n')],
])('a chunked body that breaks is never complete upstream: %s', async (_, bytes) => {
	const { gateway, upstream, client } = await stage();
	const connection = await client();
	connection.send(bytes + valid);
	const answer = await connection.response();
	expect([answer.status, answer.headers.get('connection')]).toEqual([400, 'close']);
	await connection.closed();
	expect(upstream.requests.filter((each) => each.ended)).toEqual([]);
	expect(gateway.decided.map((each) => each.target)).toEqual(['/']);
	expect(gateway.outcomes.map((each) => each.reason)).toEqual(['request_malformed']);
});

test('trailers never become header fields (CVE-2024-22019 and kin)', async () => {
	const { upstream, client } = await stage();
	const connection = await client();
	connection.send(chunked('5\r\nhello\r\n0\r\nAuthorization: Bearer x\r\nX-User: admin\r\n\r\n'));
	expect((await connection.response()).status).toBe(200);
	expect(upstream.requests[0]?.body).toBe('hello');
	expect([upstream.requests[0]?.values('authorization'), upstream.requests[0]?.values('x-user')]).toEqual([[], []]);
	connection.destroy();
});

test('a broken request behind a good one waits for the good one’s answer', async () => {
	const { gateway, client } = await stage();
	const connection = await client();
	connection.send(`${valid}GET / HTTP/1.1\r\nX-A : b\r\n\r\n`);
	expect((await connection.response()).status).toBe(200);
	expect((await connection.response()).status).toBe(400);
	await connection.closed();
	expect(gateway.outcomes.map((each) => [each.status, each.record])).toEqual([
		[200, 'decided /after'],
		[400, undefined],
	]);
});

test('field lines are counted exactly', async () => {
	const { gateway, client } = await stage({ limits: { headerCount: 5 } });
	const connection = await client();
	const lines = (count: number): string => `GET / HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(count - 1)}\r\n`;
	connection.send(lines(5));
	expect((await connection.response()).status).toBe(200);
	connection.send(lines(6));
	expect((await connection.response()).headers.get('x-reason')).toBe('headers_too_large');
	expect(gateway.decided).toHaveLength(1);
	connection.destroy();
});

test('the octets of a head are counted exactly, wherever it is cut', async () => {
	const limit = 122;
	const { gateway, client } = await stage({ limits: { headers: limit } });
	const opening = 'GET / HTTP/1.1\r\nHost: x\r\n';
	for (let length = 20; length < 30; length++) {
		const last = `X-Last: ${'a'.repeat(length)}\r\n\r\n`;
		const headOf = (octets: number) =>
			`${opening}X-Fill: ${'a'.repeat(octets - opening.length - last.length - 10)}\r\n${last}`;
		for (const octets of [limit, limit + 1, limit + 6, limit + 7, limit + 8, limit + 9]) {
			const connection = await client();
			connection.send(headOf(octets));
			const { status, headers } = await connection.response();
			const isTaken = octets === limit;
			expect([length, octets, status, headers.get('x-reason') ?? undefined]).toEqual([
				length,
				octets,
				isTaken ? 200 : 431,
				isTaken ? undefined : 'headers_too_large',
			]);
			connection.destroy();
		}
	}
	expect(gateway.decided).toHaveLength(10);
});

test.each([
	['one large field', `X-A: ${'a'.repeat(8192)}\r\n`],
	['20,000 fields', 'X: \r\n'.repeat(20_000)],
	['a name of 64 KiB', `${'a'.repeat(65_536)}: b\r\n`],
])('a head beyond the limit: %s', async (_, lines) => {
	const { gateway, upstream, client } = await stage({ limits: { headers: 4096, headerCount: 100_000 } });
	const connection = await client();
	connection.send(`GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n`);
	const answer = await connection.response();
	expect([answer.status, answer.headers.get('x-reason')]).toEqual([431, 'headers_too_large']);
	await connection.closed();
	expect([upstream.bytesReceived, gateway.decided.length]).toEqual([0, 0]);
});

test('a head that does not come in time is refused', async () => {
	const { gateway, client } = await stage({ timeouts: { requestHead: 80 } });
	const connection = await client();
	connection.send('GET / HTTP/1.1\r\nHost:');
	expect(await connection.response()).toMatchObject({ status: 408 });
	await connection.closed();
	expect(gateway.outcomes.map((each) => [each.status, each.reason])).toEqual([[408, 'request_timeout']]);
	const silent = await client();
	await silent.closed();
	expect([silent.received(), gateway.outcomes.length]).toEqual(['', 1]);
});

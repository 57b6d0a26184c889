import { expect, test } from 'vitest';
import { exchange, rawClient } from '../../test/support/raw-client.ts';
import { recordingUpstream } from '../../test/support/recording-upstream.ts';
import { forwardTo, testEngine } from '../../test/support/test-engine.ts';

test('a request is decided, forwarded and answered', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const answer = await exchange(gateway.url, 'GET /a?b=c HTTP/1.1\r\nHost: api.example.com\r\n\r\n');
	expect(answer.status).toBe(200);
	expect(answer.body).toBe('hello from upstream');
	await gateway.ended(1);
	await gateway.close();
	await upstream.close();
	expect(upstream.requests.map((each) => [each.method, each.target, each.lines])).toMatchInlineSnapshot(`
		[
		  [
		    "GET",
		    "/a?b=c",
		    [
		      "host",
		      "127.0.0.1:32775",
		      "connection",
		      "keep-alive",
		      "Forwarded",
		      "for=127.0.0.1;host=api.example.com;proto=http",
		      "X-Forwarded-For",
		      "127.0.0.1",
		      "X-Forwarded-Proto",
		      "http",
		      "X-Forwarded-Host",
		      "api.example.com",
		    ],
		  ],
		]
	`);
	expect(gateway.outcomes[0]).toMatchObject({ status: 200, upstreamStatus: 200, reason: undefined, record: 'decided /a?b=c' });
});

test('a body is forwarded, chunked and counted', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello');
	expect((await client.response()).status).toBe(200);
	client.send('POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
	expect((await client.response()).status).toBe(200);
	client.destroy();
	await gateway.close();
	await upstream.close();
	expect(upstream.requests.map((each) => each.body)).toEqual(['hello', 'hello']);
	expect(upstream.requests.map((each) => [each.values('content-length'), each.values('transfer-encoding')])).toEqual([
		[['5'], []],
		[[], ['chunked']],
	]);
});

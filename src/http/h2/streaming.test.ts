/** Bodies and responses over HTTP/2: at the pace of the slower side, at once where they come at once, and within limits. */
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { recordingUpstream } from '../../../test/support/recording-upstream.ts';
import { denyAll, forwardTo, testEngine } from '../../../test/support/test-engine.ts';
import { h2Request, h2Response, h2Session, tlsListener } from '../../../test/support/tls-gateway.ts';

const engine = { listeners: [tlsListener()] };
const post = { ':path': '/', ':method': 'POST' };
const large = 48 * 1024 * 1024;

test('a large response comes at the pace of the client', async () => {
	let written = 0;
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			const piece = Buffer.alloc(64 * 1024, 'a');
			const more = (): void => {
				while (written < large) {
					written += piece.length;
					if (!response.write(piece)) {
						response.once('drain', more);
						return;
					}
				}
				response.end();
			};
			more();
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine });
	const session = await h2Session(gateway.url);
	const stream = session.request({ ':path': '/' });
	stream.pause();
	await new Promise((resolve) => stream.once('response', resolve));
	await new Promise((resolve) => setTimeout(resolve, 200));
	// What stands still has filled no more than buffers and windows.
	expect(written).toBeLessThan(large / 2);
	let received = 0;
	stream.on('data', (chunk: Buffer) => {
		received += chunk.length;
	});
	stream.resume();
	await new Promise((resolve) => stream.once('close', resolve));
	expect(received).toBe(written);
});

test('a large upload goes at the pace of the upstream', async () => {
	let waiting: (() => void) | undefined;
	const upstream = await recordingUpstream({
		readBody: false,
		answer: (request, response, recorded) => {
			waiting = () => {
				request.on('data', (chunk: Buffer) => {
					recorded.bytes += chunk.length;
				});
				request.on('end', () => response.end('all'));
			};
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine });
	const session = await h2Session(gateway.url);
	const stream = session.request(post, { endStream: false });
	const answered = h2Response(stream);
	stream.end(Buffer.alloc(large));
	await upstream.arrived(1);
	await new Promise((resolve) => setTimeout(resolve, 200));
	expect(upstream.bytesReceived).toBeLessThan(large / 2);
	waiting?.();
	expect(await answered).toMatchObject({ status: 200, body: 'all' });
	expect(upstream.requests[0]?.bytes).toBe(large);
});

test('Expect: 100-continue is answered once the request may go on', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine });
	const session = await h2Session(gateway.url);
	const stream = session.request({ ...post, expect: '100-continue' }, { endStream: false });
	const answered = h2Response(stream);
	await new Promise((resolve) => stream.once('continue', resolve));
	stream.end('body');
	expect((await answered).status).toBe(200);
	expect(upstream.requests[0]).toMatchObject({ body: 'body' });
	expect(upstream.requests[0]?.values('expect')).toEqual([]);
	const refused = await testEngine({ decide: denyAll, engine });
	const other = (await h2Session(refused.url)).request({ ...post, expect: '100-continue' }, { endStream: false });
	const goesOn: number[] = [];
	other.on('continue', () => goesOn.push(100));
	expect((await h2Response(other)).status).toBe(401);
	expect(goesOn).toEqual([]);
});

test('a response before the end of the request tells the client to stop', async () => {
	const upstream = await recordingUpstream({
		readBody: false,
		answer: (_, response) => response.writeHead(403, { Connection: 'close' }).end('no'),
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine });
	const session = await h2Session(gateway.url);
	const stream = session.request(post, { endStream: false });
	stream.write('the beginning');
	expect(await h2Response(stream)).toMatchObject({ status: 403, body: 'no', code: 0 });
	await gateway.ended(1);
	expect((await h2Request(session, { ':path': '/', ':method': 'HEAD' })).status).toBe(403);
});

test.each([
	['HEAD', 200, { 'content-length': '7' }],
	['GET', 204, {}],
	['GET', 304, { etag: '"x"' }],
] as const)('%s with %i has no content', async (method, status, headers) => {
	const upstream = await recordingUpstream({ answer: (_, response) => response.writeHead(status, headers).end() });
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine });
	const answer = await h2Request(await h2Session(gateway.url), { ':path': '/', ':method': method });
	expect(answer).toMatchObject({ status, body: '', code: 0 });
	expect(answer.headers).toMatchObject(headers);
});

test('a body over the limit is refused, declared or not', async () => {
	const upstream = await recordingUpstream({ answer: () => undefined });
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine, limits: { body: 1_000 } });
	const session = await h2Session(gateway.url);
	const declared = await h2Request(session, { ...post, 'content-length': '1001' }, Buffer.alloc(1_001));
	expect(declared).toMatchObject({ status: 413, code: 0 });
	expect(await h2Request(session, post, Buffer.alloc(100_000))).toMatchObject({ status: 413, code: 0 });
	expect(upstream.requests.every(({ ended }) => !ended)).toBe(true);
	await gateway.ended(2);
});

test('a client that stops in the middle of its body is told so', async () => {
	const upstream = await recordingUpstream({ answer: () => undefined });
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine, timeouts: { requestBody: 100 } });
	const stream = (await h2Session(gateway.url)).request(post, { endStream: false });
	stream.write('half');
	expect(await h2Response(stream)).toMatchObject({ status: 408 });
	await expect.poll(() => upstream.requests[0]?.aborted).toBe(true);
});

test('a response that breaks never looks whole', async () => {
	const held: ServerResponse[] = [];
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			held.push(response);
			response.write('first');
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine });
	const session = await h2Session(gateway.url);
	const stream = session.request({ ':path': '/' });
	stream.once('data', () => held[0]?.destroy());
	expect(await h2Response(stream)).toMatchObject({ status: 200, body: 'first', code: 2 });
	await gateway.ended(1);
	expect(gateway.outcomes[0]?.reason).toBe('upstream_invalid_response');
	expect(session.destroyed).toBe(false);
});

test('each server-sent event arrives before the next is produced', async () => {
	let events: ServerResponse | undefined;
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			response.writeHead(200, { 'Content-Type': 'text/event-stream' });
			response.flushHeaders();
			events = response;
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine });
	const stream = (await h2Session(gateway.url)).request({ ':path': '/' });
	await new Promise((resolve) => stream.once('response', resolve));
	for (let count = 0; count < 5; count++) {
		const arrived = new Promise<string>((resolve) => stream.once('data', (chunk: Buffer) => resolve(chunk.toString())));
		events?.write(`data: ${count}\n\n`);
		expect(await arrived).toBe(`data: ${count}\n\n`);
	}
	stream.close();
	await expect.poll(() => upstream.requests[0]?.aborted).toBe(true);
});

test('many requests at once, each with its own answer', async () => {
	const upstream = await recordingUpstream({
		answer: (request, response) => {
			setTimeout(() => response.end(request.url), Math.random() * 20);
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), engine });
	const session = await h2Session(gateway.url);
	const paths = Array.from({ length: 300 }, (_, count) => `/${count}`);
	const answers = await Promise.all(paths.map((path) => h2Request(session, { ':path': path })));
	expect(answers.map(({ body }) => body)).toEqual(paths);
});

/**
 * Made-up requests through the whole engine, over sockets: what reaches the upstream is exactly what the parsers alone
 * made of the bytes, each request gets its own answer, and nothing behind a refusal is executed.
 */
import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { engineReadsRequests } from '../support/engine-reading.ts';
import { requestCase } from '../support/message-grammar.ts';
import { rawClient } from '../support/raw-client.ts';
import { recordingUpstream } from '../support/recording-upstream.ts';
import { forwardTo, testEngine } from '../support/test-engine.ts';

const isLong = process.env['COUNTERSIGN_LONG'] === '1';
const count = isLong ? 50_000 : 400;

/** Says which request it answers. */
function echo(request: IncomingMessage, response: ServerResponse): void {
	let size = 0;
	request.on('data', (chunk: Buffer) => {
		size += chunk.length;
	});
	request.on('end', () => response.end(`${request.method} ${request.url} ${size}`));
}

test('each request gets its own answer, and nothing behind a refusal', {
	timeout: isLong ? 3_600_000 : 60_000,
}, async () => {
	const upstream = await recordingUpstream({ answer: echo });
	const gateway = await testEngine({ decide: forwardTo(upstream.url), limits: { headerCount: 1_000 } });
	let answered = 0;
	let refused = 0;
	for (let seed = 0; seed < count; seed++) {
		const { reads } = requestCase(seed);
		const text = Buffer.concat(reads).toString('latin1');
		// Refused by its method, with a connection that goes on.
		if (text.includes('TRACE')) continue;
		const expected = engineReadsRequests(reads);
		const whole = expected.messages.filter((message) => message.isComplete);
		const [arrivedBefore, endedBefore] = [upstream.requests.length, gateway.outcomes.length];
		const client = await rawClient(gateway.url);
		for (const read of reads) {
			if (client.socket.writable) client.send(read);
			await new Promise((resolve) => setImmediate(resolve));
		}
		for (const message of whole) {
			const { status, body } = await client.response(message.start);
			const told = `${message.start} ${message.target} ${message.body.length}`;
			expect([seed, status, body]).toEqual([seed, 200, message.start === 'HEAD' ? '' : told]);
			answered += 1;
		}
		if (expected.failed) {
			// Its head will do: an answer to HEAD has no more, and nobody knows what a broken request was.
			expect([seed, (await client.response('HEAD')).status >= 400]).toEqual([seed, true]);
			refused += 1;
		}
		if (expected.failed || expected.closed) await client.closed();
		client.destroy();
		await gateway.ended(endedBefore + expected.messages.length);
		const arrived = upstream.requests.slice(arrivedBefore).filter((request) => request.ended);
		const seen = arrived.map(({ method, target, body }) => [method, target, body]);
		expect([seed, seen]).toEqual([seed, whole.map(({ start, target, body }) => [start, target, body])]);
	}
	expect(answered).toBeGreaterThan(count / 2);
	expect(refused).toBeGreaterThan(count / 10);
	expect(gateway.logged).toEqual([]);
});

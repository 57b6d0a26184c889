/** A 401 of the upstream, where the gateway may have another credential: one more request, or the 401 as it came. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { RenewCredential } from '#core/index';
import { exchange } from '../../test/support/raw-client.ts';
import { recordingUpstream } from '../../test/support/recording-upstream.ts';
import { forwardTo, testEngine } from '../../test/support/test-engine.ts';

const refusal = 'r'.repeat(100_000);

/** Takes `fresh` alone; everything else is 401 with a body of 100 kB. */
function judge(request: IncomingMessage, response: ServerResponse): void {
	if (request.headers.authorization === 'fresh') response.writeHead(200).end('welcome');
	else response.writeHead(401, { 'www-authenticate': 'Bearer realm="inner"' }).end(refusal);
}

async function rig(renew: RenewCredential, answer = judge) {
	const upstream = await recordingUpstream({ answer });
	const set = [
		['authorization', 'stale'],
		['x-user', 'me'],
	] as const;
	const engine = await testEngine({ decide: forwardTo(upstream.url, { edits: { set, onUnauthorized: renew } }) });
	const send = (method: string, body = '') =>
		exchange(
			engine.url,
			`${method} / HTTP/1.1\r\nHost: a\r\n${body === '' ? '' : `Content-Length: ${body.length}\r\n`}\r\n${body}`,
			method,
		);
	return { upstream, engine, send };
}

const fresh: RenewCredential = async () => [['authorization', 'fresh']];

test.each(['GET', 'DELETE', 'PUT'])('%s without a body is sent once more with the new credential', async (method) => {
	const { upstream, send, engine } = await rig(fresh);
	const response = await send(method);
	expect(response).toMatchObject({ status: 200, body: 'welcome' });
	expect(upstream.requests.map((each) => each.values('authorization'))).toEqual([['stale'], ['fresh']]);
	expect(upstream.requests.map((each) => each.values('x-user'))).toEqual([['me'], ['me']]);
	await engine.ended(1);
	expect(engine.outcomes).toMatchObject([{ status: 200, upstreamStatus: 200, reason: undefined }]);
});

test.each([
	['POST', ''],
	['POST', 'body'],
	['PUT', 'body'],
])('%s %s: not safe to send again, so the 401 is the answer', async (method, body) => {
	let renewed = 0;
	const { upstream, send } = await rig(async () => {
		renewed++;
		return fresh();
	});
	const response = await send(method, body);
	expect(response.status).toBe(401);
	expect(response.body).toBe(refusal);
	expect([upstream.requests.length, renewed]).toEqual([1, 0]);
});

test('once and not twice', async () => {
	const { upstream, send } = await rig(async () => [['authorization', 'stale too']]);
	const response = await send('GET');
	expect(response).toMatchObject({ status: 401, body: refusal });
	expect(upstream.requests).toHaveLength(2);
});

test('no other credential: the 401 as it came, whole', async () => {
	const { upstream, send, engine } = await rig(async () => {
		await new Promise((resolve) => setTimeout(resolve, 20));
		return undefined;
	});
	const response = await send('GET');
	expect(response).toMatchObject({ status: 401, body: refusal });
	expect(response.headers.get('www-authenticate')).toBe('Bearer realm="inner"');
	expect(upstream.requests).toHaveLength(1);
	await engine.ended(1);
	expect(engine.outcomes).toMatchObject([{ status: 401, upstreamStatus: 401 }]);
});

test('the upstream closes its connection behind the 401: the answer is whole all the same', async () => {
	const { send } = await rig(
		async () => {
			await new Promise((resolve) => setTimeout(resolve, 20));
			return undefined;
		},
		(_request, response) => {
			response.writeHead(401, { connection: 'close' }).end('short');
		},
	);
	expect(await send('GET')).toMatchObject({ status: 401, body: 'short' });
});

test('a bug while it is renewed is a fault, and nothing is sent', async () => {
	const { send, upstream, engine } = await rig(() => Promise.reject(new Error('a bug')));
	expect((await send('GET')).status).toBe(500);
	expect(upstream.requests).toHaveLength(1);
	await engine.ended(1);
	expect(engine.outcomes).toMatchObject([{ reason: 'internal_error' }]);
});

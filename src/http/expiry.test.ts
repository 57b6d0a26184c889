/** What is still under way when its token expires, over both protocols. */
import { expect, test } from 'vitest';
import { rawClient } from '../../test/support/raw-client.ts';
import { recordingUpstream } from '../../test/support/recording-upstream.ts';
import { forwardTo, testEngine } from '../../test/support/test-engine.ts';
import { h2Request, h2Session, tlsListener } from '../../test/support/tls-gateway.ts';

const events = (path: string | undefined): boolean => path === '/events';

async function expiring(responseUntil: () => number, listeners = [tlsListener()]) {
	const upstream = await recordingUpstream({
		answer(request, response) {
			if (events(request.url)) response.write('data: 1\n\n');
			else response.end('whole');
		},
	});
	const decide = forwardTo(upstream.url);
	const gateway = await testEngine({
		decide: async (request) => {
			const { action, record } = await decide(request);
			return { action: { ...action, responseUntil: responseUntil() }, record };
		},
		engine: { listeners },
	});
	return { upstream, gateway };
}

const plain = { host: '127.0.0.1', port: 0, tls: undefined };

test('a response over HTTP/1.1 is broken off, and does not look whole', async () => {
	const { upstream, gateway } = await expiring(() => Date.now() + 100, [plain]);
	const client = await rawClient(gateway.url);
	client.send('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
	await expect(client.response()).rejects.toThrow('the connection ended (FIN) before a chunk size');
	expect(client.received()).toMatch(/data: 1\n\n\r\n$/);
	await gateway.ended(1);
	expect(gateway.outcomes[0]).toMatchObject({ status: 200, reason: undefined });
	await expect.poll(() => upstream.requests[0]?.aborted).toBe(true);
});

test('a stream of HTTP/2 is reset, its neighbours go on', async () => {
	const { upstream, gateway } = await expiring(() => Date.now() + 100);
	const session = await h2Session(gateway.url);
	expect(await h2Request(session, { ':path': '/events' })).toMatchObject({ status: 200, body: 'data: 1\n\n', code: 2 });
	await expect.poll(() => upstream.requests[0]?.aborted).toBe(true);
	expect(await h2Request(session, { ':path': '/' })).toMatchObject({ body: 'whole', code: 0 });
});

test('a response that is there in time is whole, whatever the hour', async () => {
	const { gateway } = await expiring(() => Date.now() - 1_000, [plain]);
	const client = await rawClient(gateway.url);
	for (let count = 0; count < 3; count++) {
		client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
		expect((await client.response()).body).toBe('whole');
	}
	client.destroy();
});

test('without an hour a response may take as long as it likes', async () => {
	const { gateway } = await expiring(() => Number.POSITIVE_INFINITY, [plain]);
	const client = await rawClient(gateway.url);
	client.send('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
	await expect.poll(() => client.received()).toContain('data: 1');
	await new Promise((resolve) => setTimeout(resolve, 300));
	expect(client.socket.readyState).toBe('open');
	client.destroy();
});

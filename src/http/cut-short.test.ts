/** What whoever decided ends before its time: tunnels and responses that are under way, over both protocols. */
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { Reason } from '#core/index';
import type { ListenerOptions } from '#http/engine';
import { rawClient } from '../../test/support/raw-client.ts';
import { recordingUpstream } from '../../test/support/recording-upstream.ts';
import { forwardTo, testEngine } from '../../test/support/test-engine.ts';
import { h2Request, h2Session, tlsListener } from '../../test/support/tls-gateway.ts';

const plain: ListenerOptions = { host: '127.0.0.1', port: 0, tls: undefined };
const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: Echo\r\n\r\n';

/** Keeps what may be cut, and how often it was over. */
async function watched(action: object, listeners = [plain]) {
	const sockets: Socket[] = [];
	const upstream = await recordingUpstream({
		answer(request, response) {
			if (request.url === '/events') response.write('data: 1\n\n');
			else response.end('whole');
		},
		upgrade(_request, socket) {
			sockets.push(socket);
			socket.resume().write(switched);
		},
	});
	const opened: { readonly record: string; readonly cut: (reason: Reason) => void; overs: number }[] = [];
	const gateway = await testEngine({
		decide: forwardTo(upstream.url, { action }),
		opened({ record }, cut) {
			const each = { record, cut, overs: 0 };
			opened.push(each);
			return () => void (each.overs += 1);
		},
		engine: { listeners },
	});
	return { upstream, gateway, opened, sockets };
}

test('a tunnel is cut on both sides, and its outcome says why', async () => {
	const { gateway, opened, sockets } = await watched({});
	const client = await rawClient(gateway.url);
	client.send('GET /chat HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
	await expect.poll(() => client.received()).toContain('101');
	expect(opened).toMatchObject([{ record: 'decided /chat', overs: 0 }]);
	opened[0]?.cut('token_revoked');
	await client.closed();
	await gateway.ended(1);
	expect(gateway.outcomes).toMatchObject([{ status: 101, upstreamStatus: 101, reason: 'token_revoked' }]);
	await expect.poll(() => sockets[0]?.readableEnded).toBe(true);
	expect(opened[0]?.overs).toBe(1);
});

test('a tunnel that its client ends is over, without a reason; a cut that comes later changes nothing', async () => {
	const { gateway, opened } = await watched({});
	const client = await rawClient(gateway.url);
	client.send('GET /chat HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
	await expect.poll(() => client.received()).toContain('101');
	client.destroy();
	await gateway.ended(1);
	opened[0]?.cut('token_revoked');
	expect(gateway.outcomes).toMatchObject([{ status: 101, reason: undefined }]);
	expect(opened[0]?.overs).toBe(1);
});

test('a response over HTTP/1.1 is broken off, and does not look whole', async () => {
	const { upstream, gateway, opened } = await watched({ endsResponse: true });
	const client = await rawClient(gateway.url);
	client.send('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
	await expect.poll(() => client.received()).toContain('data: 1');
	opened[0]?.cut('session_ended');
	await expect(client.response()).rejects.toThrow('before a chunk size');
	await gateway.ended(1);
	expect(gateway.outcomes).toMatchObject([{ status: 200, reason: 'session_ended' }]);
	expect(opened).toMatchObject([{ overs: 1 }]);
	await expect.poll(() => upstream.requests[0]?.aborted).toBe(true);
});

test('a stream of HTTP/2 is reset, its neighbours go on', async () => {
	const { gateway, opened } = await watched({ endsResponse: true }, [tlsListener()]);
	const session = await h2Session(gateway.url);
	const events = h2Request(session, { ':path': '/events' });
	await expect.poll(() => opened.length).toBe(1);
	opened[0]?.cut('token_revoked');
	expect(await events).toMatchObject({ status: 200, code: 2 });
	expect(await h2Request(session, { ':path': '/' })).toMatchObject({ body: 'whole', code: 0 });
	expect(gateway.outcomes.map(({ reason }) => reason)).toEqual(['token_revoked', undefined]);
	expect(opened.map(({ overs }) => overs)).toEqual([1, 1]);
});

test('of a response whose action does not say so nobody is told', async () => {
	const { gateway, opened } = await watched({});
	const client = await rawClient(gateway.url);
	client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await client.response()).body).toBe('whole');
	expect(opened).toEqual([]);
	client.destroy();
});

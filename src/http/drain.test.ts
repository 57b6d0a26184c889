import { expect, test } from 'vitest';
import { rawClient } from '../../test/support/raw-client.ts';
import { recordingUpstream } from '../../test/support/recording-upstream.ts';
import { denyAll, forwardTo, testEngine } from '../../test/support/test-engine.ts';

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

test('requests under way end, idle connections close at once, new ones are refused', async () => {
	let answer = (): void => undefined;
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			answer = () => void response.end('late');
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const [busy, idle, silent] = [
		await rawClient(gateway.url),
		await rawClient(gateway.url),
		await rawClient(gateway.url),
	];
	idle.send('TRACE / HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await idle.response()).status).toBe(405);
	busy.send(get);
	await upstream.arrived(1);
	let drained = false;
	const done = gateway.engine.drain().then(() => {
		drained = true;
	});
	await Promise.all([idle.closed(), silent.closed()]);
	await expect(rawClient(gateway.url)).rejects.toThrow('ECONNREFUSED');
	expect(drained).toBe(false);
	answer();
	const response = await busy.response();
	expect([response.status, response.body, response.headers.get('connection')]).toEqual([200, 'late', 'close']);
	await busy.closed();
	await done;
	expect(gateway.outcomes.map((each) => each.status)).toEqual([405, 200]);
});

test('a response that had begun before the drain is finished, and its connection closes then', async () => {
	let end = (): void => undefined;
	const upstream = await recordingUpstream({
		answer: (_, response) => {
			response.write('first ');
			end = () => void response.end('last');
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(get);
	await client.seen('first');
	const done = gateway.engine.drain();
	end();
	const response = await client.response();
	expect([response.body, response.headers.get('connection')]).toEqual(['first last', 'keep-alive']);
	await client.closed();
	await done;
});

test('what does not end in time is cut, tunnels too', async () => {
	const upstream = await recordingUpstream({
		answer: () => undefined,
		upgrade: (_, socket) => {
			socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
		},
	});
	const gateway = await testEngine({ decide: forwardTo(upstream.url), timeouts: { drain: 60 } });
	const [waiting, tunnel] = [await rawClient(gateway.url), await rawClient(gateway.url)];
	waiting.send(get);
	tunnel.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
	expect((await tunnel.response()).status).toBe(101);
	await upstream.arrived(2);
	await gateway.engine.drain();
	await Promise.all([waiting.closed(), tunnel.closed()]);
	expect(gateway.outcomes.map((each) => each.status).toSorted((a, b) => a - b)).toEqual([0, 101]);
});

test('draining twice, or before anything was opened, is no error', async () => {
	const gateway = await testEngine({ decide: denyAll });
	await Promise.all([gateway.engine.drain(), gateway.engine.drain()]);
	await gateway.engine.drain();
});

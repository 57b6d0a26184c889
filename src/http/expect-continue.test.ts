import { expect, test } from 'vitest';
import { exchange, rawClient } from '../../test/support/raw-client.ts';
import { nobody, recordingUpstream } from '../../test/support/recording-upstream.ts';
import { denyAll, forwardTo, testEngine } from '../../test/support/test-engine.ts';

const head = (lines: string): string => `POST / HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n`;

test('100 Continue comes after an allow, and Expect stays here', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	const client = await rawClient(gateway.url);
	client.send(head('Expect: 100-continue\r\nContent-Length: 5'));
	while (!client.received().endsWith('\r\n\r\n')) await new Promise((resolve) => client.socket.once('data', resolve));
	expect(client.received()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
	client.send('hello');
	expect((await client.response()).status).toBe(200);
	expect([upstream.requests[0]?.body, upstream.requests[0]?.values('expect')]).toEqual(['hello', []]);
	client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	expect((await client.response()).status).toBe(200);
	client.destroy();
});

test('a refusal is final: no 100, no body read, connection closed (M19)', async () => {
	const gateway = await testEngine({ decide: denyAll });
	const client = await rawClient(gateway.url);
	client.send(head('Expect: 100-continue\r\nContent-Length: 2000000000'));
	const answer = await client.response();
	expect([answer.status, answer.headers.get('connection'), client.interim]).toEqual([401, 'close', []]);
	await client.closed();
});

test('an upstream that cannot be reached is told without asking for the body', async () => {
	const gateway = await testEngine({ decide: forwardTo(nobody) });
	const client = await rawClient(gateway.url);
	client.send(head('Expect: 100-continue\r\nContent-Length: 5'));
	expect([(await client.response()).status, client.interim]).toEqual([502, []]);
	client.destroy();
});

test('an expectation without a body, or one that nobody knows, changes nothing', async () => {
	const upstream = await recordingUpstream();
	const gateway = await testEngine({ decide: forwardTo(upstream.url) });
	expect((await exchange(gateway.url, 'GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n')).status).toBe(200);
	expect((await exchange(gateway.url, head('Expect: 200-ok\r\nContent-Length: 2').concat('ab'))).status).toBe(200);
	expect(upstream.requests.map((each) => [each.body, each.values('expect')])).toEqual([
		['', []],
		['ab', []],
	]);
});

/** Peers that go away without a word, or in the middle of one: none of them keeps a connection. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clientOn, rawClient } from '../../test/support/raw-client.ts';
import { recordingUpstream } from '../../test/support/recording-upstream.ts';
import { selfSigned } from '../../test/support/self-signed.ts';
import { denyAll, forwardTo, testEngine } from '../../test/support/test-engine.ts';

const { certificate, key } = selfSigned();
const secure = {
	host: '127.0.0.1',
	port: 0,
	tls: { certificate, key, clientCa: undefined, clientCertificate: 'none' },
} as const;
const trusting = { host: '127.0.0.1', ca: certificate, servername: 'localhost' };
const get = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** A record of a ClientHello that announces more than it brings. */
const halfHello = Buffer.from('160301020001000001fc0303', 'hex');

test('a client that ends its side within the TLS handshake leaves its place to the next one at once', async () => {
	const gateway = await testEngine({
		decide: denyAll,
		engine: { listeners: [secure] },
		limits: { connections: 1 },
	});
	const gone = await rawClient(gateway.url.replace('https:', 'http:'));
	gone.send(halfHello);
	gone.socket.end();
	await gone.closed();
	const client = clientOn(connect({ port: Number(new URL(gateway.url).port), ...trusting }));
	client.send(get);
	expect((await client.response()).status).toBe(401);
	client.destroy();
});

test('a client that goes quiet within the TLS handshake has the time of a handshake, not that of a head', async () => {
	const gateway = await testEngine({
		decide: denyAll,
		engine: { listeners: [secure] },
		timeouts: { tlsHandshake: 100, requestHead: 60_000 },
	});
	const client = await rawClient(gateway.url.replace('https:', 'http:'));
	client.send(halfHello);
	await client.closed();
	expect(client.received()).toBe('');
});

/** Of the established connections whose end, here or there, has this port: whether the system asks if the peer is there. */
function areProbed(end: 'here' | 'there', port: number): boolean[] {
	const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
	const established = '01';
	return readFileSync('/proc/net/tcp', 'utf8')
		.split('\n')
		.map((line) => line.trim().split(/\s+/))
		.filter(([, here, there, state]) => (end === 'here' ? here : there)?.endsWith(wanted) && state === established)
		.map((fields) => fields[5]?.startsWith('02:') === true);
}

describe.runIf(existsSync('/proc/net/tcp'))('TCP keep-alive', () => {
	test.each([
		['plain', undefined],
		['TLS', secure.tls],
	])('is on for clients over %s', async (_, tls) => {
		const gateway = await testEngine({ decide: denyAll, engine: { listeners: [{ ...secure, tls }] } });
		const port = Number(new URL(gateway.url).port);
		const client = tls === undefined ? await rawClient(gateway.url) : clientOn(connect({ port, ...trusting }));
		client.send(get);
		expect((await client.response()).status).toBe(401);
		await expect.poll(() => areProbed('here', port)).toEqual([true]);
		client.destroy();
	});

	test('is on for upstreams, plain and over TLS', async () => {
		const plain = await recordingUpstream();
		const overTls = createServer({ cert: certificate, key }, (_, response) => response.end());
		await new Promise<void>((resolve) => {
			overTls.listen(0, '127.0.0.1', resolve);
		});
		onTestFinished(() => {
			overTls.closeAllConnections();
			overTls.close();
		});
		const address = overTls.address();
		if (typeof address !== 'object' || address === null) throw new Error('no address');
		const tls = { ca: certificate, certificate: undefined, key: undefined, serverName: 'localhost' };
		for (const origin of [plain.url, `https://localhost:${address.port}`]) {
			const gateway = await testEngine({ decide: forwardTo(origin, { upstream: { tls } }) });
			const client = await rawClient(gateway.url);
			client.send(get);
			expect((await client.response()).status).toBe(200);
			await expect.poll(() => areProbed('there', Number(new URL(origin).port))).toEqual([true]);
			client.destroy();
		}
	});
});

/** Upstreams through the whole gateway: overload as clients see it, metrics and the admin page, files of TLS, reload. */
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { expect, onTestFinished, test } from 'vitest';
import { metrics } from '#observe/catalogue';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { readMetrics } from './support/metrics.ts';
import { rawClient } from './support/raw-client.ts';
import { recordingUpstream } from './support/recording-upstream.ts';
import { selfSigned } from './support/self-signed.ts';

async function started(...args: Parameters<typeof startTestGateway>): Promise<TestGateway> {
	const gateway = await startTestGateway(...args);
	onTestFinished(() => gateway.stop());
	return gateway;
}

async function upstreamsPage(gateway: TestGateway): Promise<readonly Record<string, unknown>[]> {
	const answer = await fetch(`${gateway.gateway.adminUrl}/upstreams`);
	return ((await answer.json()) as { upstreams: readonly Record<string, unknown>[] }).upstreams;
}

test('an overloaded upstream is a 503 that says when to come back, and shows in record, metrics and admin page', async () => {
	const held: ServerResponse[] = [];
	const origin = await recordingUpstream({ answer: (_, response) => void held.push(response) });
	const gateway = await started({
		admin: { listen: '127.0.0.1:0' },
		routes: [{ path: '/', public: true, upstream: { url: origin.url, pool: { max_connections: 1, max_waiting: 0 } } }],
	});
	const first = await rawClient(gateway.url);
	onTestFinished(() => first.destroy());
	first.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	await origin.arrived(1);
	const refused = await fetch(gateway.url);
	expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
	expect(await gateway.record(1)).toMatchObject({ decision: 'fault', reason: 'overloaded', status: 503 });

	expect(await upstreamsPage(gateway)).toEqual([
		{
			name: origin.url,
			waiting: 0,
			refused: 1,
			repeated: 0,
			endpoints: [{ origin: origin.url, state: 'available', in_use: 1, idle: 0 }],
		},
	]);
	const page = readMetrics((await gateway.gateway.metrics()).body);
	expect(page.value(metrics.upstreamRefused.name, { upstream: origin.url })).toBe(1);
	expect(page.value(metrics.upstreamConnections.name, { endpoint: origin.url, state: 'in_use' })).toBe(1);
	expect(page.value(metrics.upstreamEndpointState.name, { endpoint: origin.url, state: 'available' })).toBe(1);
	held[0]?.end('now');
	expect((await first.response()).body).toBe('now');
});

test('series of an upstream go with it', async () => {
	const one = await recordingUpstream();
	const two = await recordingUpstream();
	const config = (url: string) => ({ routes: [{ path: '/', public: true, upstream: url }] });
	const gateway = await started(config(one.url));
	await (await fetch(gateway.url)).text();
	gateway.write(config(two.url));
	await gateway.gateway.reload();
	await (await fetch(gateway.url)).text();
	const page = readMetrics((await gateway.gateway.metrics()).body);
	const endpoints = page.series(metrics.upstreamConnections.name);
	expect(endpoints.filter((each) => each.includes(one.url))).toEqual([]);
	expect(endpoints.filter((each) => each.includes(two.url))).toHaveLength(2);
});

test('authority and certificate of ours come from files, and a reload follows them', async () => {
	const own = selfSigned();
	const ours = selfSigned({ commonName: 'gateway' });
	const server = createServer(
		{ cert: own.certificate, key: own.key, ca: ours.certificate, requestCert: true, rejectUnauthorized: true },
		(_, response) => response.end('over TLS'),
	);
	server.on('tlsClientError', () => undefined);
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const address = server.address();
	const port = typeof address === 'object' && address !== null ? address.port : 0;
	const config = (ca: string) => ({
		routes: [
			{
				path: '/',
				public: true,
				upstream: {
					url: `https://localhost:${port}`,
					tls: { ca, client_certificate: './gateway.pem', client_key: './gateway-key.pem' },
				},
			},
		],
	});
	const files = {
		'wrong-ca.pem': selfSigned().certificate,
		'ca.pem': own.certificate,
		'gateway.pem': ours.certificate,
		'gateway-key.pem': ours.key,
	};
	const gateway = await started(config('./wrong-ca.pem'), { files });
	expect((await fetch(gateway.url)).status).toBe(502);
	gateway.write(config('./ca.pem'));
	await gateway.gateway.reload();
	expect(await (await fetch(gateway.url)).text()).toBe('over TLS');
	expect(gateway.log.join('\n')).not.toContain('PRIVATE KEY');
});

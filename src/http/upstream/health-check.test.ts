import type { IncomingMessage } from 'node:http';
import { createServer as createPlainServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import type { HealthCheckSettings, Upstream } from '#core/index';
import { upstream } from '../../../test/support/definition.ts';
import { exchange } from '../../../test/support/raw-client.ts';
import { nobody, rawUpstream, recordingUpstream } from '../../../test/support/recording-upstream.ts';
import { selfSigned } from '../../../test/support/self-signed.ts';
import { forwardTo, type TestEngine, testEngine } from '../../../test/support/test-engine.ts';

const check: HealthCheckSettings = {
	path: '/health?deep=1',
	interval: 40,
	timeout: 10_000,
	healthy: 2,
	unhealthy: 2,
	statuses: [],
};

async function checking(parts: Partial<Upstream>): Promise<TestEngine> {
	const settings = upstream({ healthCheck: check, ...parts });
	const gateway = await testEngine({ decide: forwardTo(settings.endpoints, { upstream: settings }) });
	gateway.engine.followUpstreams([settings]);
	return gateway;
}

function states(gateway: TestEngine): readonly string[] {
	return gateway.engine.upstreams().flatMap(({ endpoints }) => endpoints.map(({ state }) => state));
}

async function until(reached: () => boolean): Promise<void> {
	while (!reached()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** An origin whose `/health` answers with `status`, everything else with 200. */
async function origin() {
	const control = { status: 200 };
	const recording = await recordingUpstream({
		answer: (request: IncomingMessage, response) => {
			response.statusCode = request.url?.startsWith('/health') === true ? control.status : 200;
			response.end('x');
		},
	});
	const checks = () => recording.requests.filter(({ target }) => target.startsWith('/health'));
	return { recording, control, checks, url: recording.url };
}

test('a check is a request of our own: path and name, nothing of any client', async () => {
	const one = await origin();
	const gateway = await checking({ endpoints: [one.url] });
	await exchange(gateway.url, 'GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nX-A: b\r\n\r\n');
	await until(() => one.checks().length >= 3);
	const lines = ['host', new URL(one.url).host, 'user-agent', 'countersign-health-check'];
	for (const { method, target, lines: got } of one.checks()) {
		expect([method, target]).toEqual(['GET', '/health?deep=1']);
		expect(got).toEqual([...lines, 'accept', '*/*', 'connection', 'close']);
	}
	expect(states(gateway)).toEqual(['available']);
	expect(gateway.decided).toHaveLength(1);
});

test('an endpoint that answers badly gets no requests, and gets them again when it is well', async () => {
	const one = await origin();
	const two = await origin();
	const gateway = await checking({ endpoints: [one.url, two.url] });
	const served = async (): Promise<number> => {
		const before = one.recording.requests.length - one.checks().length;
		for (let count = 0; count < 6; count++) await exchange(gateway.url, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
		return one.recording.requests.length - one.checks().length - before;
	};
	await until(() => one.checks().length > 1);
	one.control.status = 503;
	await until(() => states(gateway)[0] === 'unhealthy');
	expect(await served()).toBe(0);
	expect(states(gateway)).toEqual(['unhealthy', 'available']);
	one.control.status = 204;
	await until(() => states(gateway)[0] === 'available');
	expect(await served()).toBe(3);
});

test('with no endpoint well, the request is tried all the same', async () => {
	const one = await origin();
	one.control.status = 500;
	const gateway = await checking({ endpoints: [one.url] });
	await until(() => states(gateway)[0] === 'unhealthy');
	expect(one.checks()).toHaveLength(1);
	expect((await exchange(gateway.url, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).status).toBe(200);
});

test('only the statuses that are named are good', async () => {
	const one = await origin();
	one.control.status = 404;
	const gateway = await checking({ endpoints: [one.url], healthCheck: { ...check, statuses: [404] } });
	await until(() => one.checks().length >= 2);
	expect(states(gateway)).toEqual(['available']);
	one.control.status = 200;
	await until(() => states(gateway)[0] === 'unhealthy');
});

test.each([
	['nobody listens', undefined],
	['nothing is answered', ''],
	['the answer is no HTTP', 'SSH-2.0-x\r\n'],
	['the answer breaks off', 'HTTP/1.1 200 OK\r\nX-A'],
	['the answer could be read in two ways', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
	['it switches to something else', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
])('unhealthy: %s', async (_, answer) => {
	const one = await rawUpstream((__, socket) => {
		if (answer !== undefined && answer !== '') socket.end(answer, 'latin1');
		return undefined;
	});
	const url = answer === undefined ? nobody : one.url;
	const timeout = answer === '' ? 50 : check.timeout;
	const gateway = await checking({ endpoints: [url], healthCheck: { ...check, timeout } });
	await until(() => states(gateway)[0] === 'unhealthy');
	expect(gateway.logged).toEqual(['an upstream endpoint is unhealthy']);
});

test('an answer behind interim ones, in pieces, is heard', async () => {
	let checks = 0;
	const one = await rawUpstream((_, socket) => {
		checks += 1;
		socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 O');
		setTimeout(() => socket.write('K\r\nContent-Length: 99\r\n\r\n'), 5);
		return undefined;
	});
	const gateway = await checking({ endpoints: [one.url] });
	await until(() => checks >= 3);
	expect(states(gateway)).toEqual(['available']);
});

test('checks end with the configuration that asked for them, and begin with the one that does', async () => {
	const one = await origin();
	const gateway = await checking({ endpoints: [one.url] });
	await until(() => one.checks().length >= 2);
	gateway.engine.followUpstreams([upstream({ endpoints: [one.url] })]);
	const count = one.checks().length;
	await new Promise((resolve) => setTimeout(resolve, 150));
	expect(one.checks()).toHaveLength(count);
	gateway.engine.followUpstreams([upstream({ endpoints: [one.url], healthCheck: check })]);
	await until(() => one.checks().length > count);
});

async function listening(server: Server): Promise<number> {
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => void server.close());
	const address = server.address();
	return typeof address === 'object' && address !== null ? address.port : 0;
}

test('a check goes over the TLS settings of its upstream', async () => {
	const own = selfSigned();
	const client = selfSigned({ commonName: 'gateway' });
	const server = createTlsServer(
		{ cert: own.certificate, key: own.key, ca: client.certificate, requestCert: true, rejectUnauthorized: true },
		(socket) => {
			socket.on('error', () => undefined);
			socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
		},
	);
	server.on('tlsClientError', () => undefined);
	const port = await listening(server);
	const endpoints = [`https://localhost:${port}`];
	const tls = { ca: own.certificate, serverName: undefined, certificate: client.certificate, key: client.key };
	const good = await checking({ endpoints, tls });
	const bad = await checking({ endpoints, tls: { ...tls, certificate: undefined, key: undefined } });
	await until(() => states(bad)[0] === 'unhealthy');
	expect(states(good)).toEqual(['available']);
});

test('a check that gets no connection in time is a bad one', async () => {
	const mute = createPlainServer((socket) => void socket.on('error', () => undefined));
	const port = await listening(mute);
	const healthCheck = { ...check, timeout: 50 };
	const gateway = await checking({ endpoints: [`https://127.0.0.1:${port}`], healthCheck });
	await until(() => states(gateway)[0] === 'unhealthy');
});

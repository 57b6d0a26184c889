/** The metrics of a gateway under real requests: what is counted, and that no client can make them grow. */
import { randomBytes } from 'node:crypto';
import { METHODS } from 'node:http';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { maxClients, metrics, processMetrics } from '#observe/catalogue';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { requestBytes } from './support/guarded-gateway.ts';
import { type MetricsPage, readMetrics } from './support/metrics.ts';
import { hasPromtool, promtool } from './support/promtool.ts';
import { exchange, rawClient } from './support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { testKey } from './support/sign-jws.ts';
import { createTestProvider, jwksPath, type TestProvider } from './support/test-provider.ts';

let provider: TestProvider;
let upstream: RecordingUpstream;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('RS256', 'one')] });
	upstream = await recordingUpstream({ closedBy: 'caller' });
});

afterAll(async () => {
	await upstream.close();
	await provider.stop();
});

function config(): Record<string, unknown> {
	return {
		admin: { listen: '127.0.0.1:0' },
		providers: {
			idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' },
			down: {
				issuer: 'https://down.example.com/',
				audience: 'down',
				jwks_uri: `${provider.url}/gone`,
				max_lifetime: '1h',
			},
		},
		routes: [
			{ name: 'orders', path: '/orders', providers: ['idp'], scopes: ['read'], upstream: upstream.url },
			{ name: 'any', path: '/any', providers: ['idp'], upstream: upstream.url },
			{ name: 'down', path: '/down', providers: ['down'], upstream: upstream.url },
			{ name: 'nobody', path: '/nobody', public: true, upstream: 'http://127.0.0.1:1' },
		],
	};
}

async function start(): Promise<TestGateway> {
	const gateway = await startTestGateway(config());
	onTestFinished(() => gateway.stop());
	return gateway;
}

/** Sends one request and waits for its record, which comes with its metrics. */
async function send(gateway: TestGateway, target: string, token?: string): Promise<number> {
	const before = gateway.records.length;
	const request = requestBytes({ target, ...(token === undefined ? {} : { token }) });
	const { status } = await exchange(gateway.url, request);
	await gateway.record(before + 1);
	return status;
}

async function page(gateway: TestGateway): Promise<MetricsPage> {
	return readMetrics((await gateway.gateway.metrics()).body);
}

const decisions = metrics.decisions.name;

test('allow, deny and fault are counted by route, provider and reason, as the audit log says them', async () => {
	const gateway = await start();
	const token = provider.issue({ scope: 'read' }, { lifetime: 900 });
	expect(await send(gateway, '/orders', token)).toBe(200);
	expect(await send(gateway, '/orders', token)).toBe(200);
	expect(await send(gateway, '/orders', provider.issue({ scope: 'write' }, { lifetime: 900 }))).toBe(403);
	expect(await send(gateway, '/orders')).toBe(401);
	expect(await send(gateway, '/down', provider.issue({ iss: 'https://down.example.com/', aud: 'down' }))).toBe(503);
	expect(await send(gateway, '/nobody')).toBe(502);
	expect(await send(gateway, '/elsewhere')).toBe(404);

	const { value, series, types } = await page(gateway);
	const counted: readonly (readonly [string, string, string, string, number])[] = [
		['orders', 'idp', 'allow', 'none', 2],
		['orders', 'idp', 'deny', 'scope_insufficient', 1],
		['orders', 'none', 'deny', 'credential_missing', 1],
		['down', 'down', 'fault', 'keys_unavailable', 1],
		['nobody', 'none', 'fault', 'upstream_unreachable', 1],
		['none', 'none', 'deny', 'route_not_found', 1],
	];
	for (const [route, by, decision, reason, times] of counted) {
		expect(value(decisions, { route, provider: by, decision, reason }), `${route} ${reason}`).toBe(times);
	}
	expect(series(decisions)).toHaveLength(counted.length);
	const seen = gateway.records.map(({ decision, reason }) => `${decision} ${reason ?? 'none'}`);
	const told = counted.flatMap(([, , decision, reason, times]) => Array<string>(times).fill(`${decision} ${reason}`));
	expect(told.toSorted()).toEqual(seen.toSorted());

	expect(value(metrics.responses.name, { route: 'orders', class: '2xx' })).toBe(2);
	expect(value(metrics.responses.name, { route: 'orders', class: '4xx' })).toBe(2);
	expect(value(metrics.responses.name, { route: 'nobody', class: '5xx' })).toBe(1);
	expect(value(`${metrics.upstreamDuration.name}_count`, { route: 'orders' })).toBe(2);
	expect(value(`${metrics.upstreamDuration.name}_count`, { route: 'nobody' })).toBeUndefined();
	expect(value(metrics.cacheLookups.name, { outcome: 'hit' })).toBe(1);
	expect(value(metrics.cacheLookups.name, { outcome: 'miss' })).toBe(3);
	expect(value(metrics.cacheEntries.name)).toBe(2);
	expect(value(`${metrics.decisionDuration.name}_count`, { token: 'recalled' })).toBe(1);
	expect(value(`${metrics.decisionDuration.name}_count`, { token: 'verified' })).toBe(3);
	expect(value(`${metrics.decisionDuration.name}_count`, { token: 'none' })).toBe(3);
	expect(value(`${metrics.tokenLifetime.name}_sum`, { provider: 'idp' })).toBe(1800);
	expect(value(`${metrics.tokenLifetime.name}_count`, { provider: 'idp' })).toBe(2);
	expect(value(metrics.inFlight.name)).toBe(0);
	for (const { name, kind } of Object.values(metrics)) expect(types.get(name), name).toBe(kind);
	for (const name of processMetrics) expect(types.has(name), name).toBe(true);
	expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
	expect(value('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
});

test('keys: state, age, number, fetches and the provider’s clock', async () => {
	const ahead = new Date(Date.now() + 90_000).toUTCString();
	provider.behave(jwksPath, { headers: { date: ahead }, times: 1 });
	const gateway = await start();
	const { value } = await page(gateway);
	const state = (name: string, which: string) => value(metrics.keysState.name, { provider: name, state: which });
	expect([state('idp', 'ready'), state('idp', 'stale'), state('idp', 'unavailable')]).toEqual([1, 0, 0]);
	expect([state('down', 'ready'), state('down', 'stale'), state('down', 'unavailable')]).toEqual([0, 0, 1]);
	expect(value(metrics.keyFetches.name, { provider: 'idp', outcome: 'ok' })).toBe(1);
	expect(value(metrics.keyFetches.name, { provider: 'idp', outcome: 'failed' })).toBe(0);
	expect(value(metrics.keyFetches.name, { provider: 'down', outcome: 'ok' })).toBe(0);
	expect(value(metrics.keyFetches.name, { provider: 'down', outcome: 'failed' })).toBeGreaterThanOrEqual(1);
	expect(value(metrics.keys.name, { provider: 'idp' })).toBe(1);
	expect(value(metrics.keyAge.name, { provider: 'idp' })).toBeGreaterThanOrEqual(0);
	expect(value(metrics.keyAge.name, { provider: 'down' })).toBeUndefined();
	const skew = value(metrics.clockSkew.name, { provider: 'idp' }) ?? 0;
	expect(skew).toBeGreaterThan(60);
	expect(skew).toBeLessThan(120);
});

test('a rejected configuration shows, and series of routes that are gone do not', async () => {
	const gateway = await start();
	const token = provider.issue({ scope: 'read' });
	await send(gateway, '/orders', token);
	await send(gateway, '/any', token);
	gateway.write('listen: [');
	await gateway.gateway.reload();
	const broken = await page(gateway);
	expect(broken.value(metrics.configRejected.name)).toBeGreaterThan(1e9);
	expect(broken.value(metrics.configReloads.name, { outcome: 'failed' })).toBe(1);
	const { routes, ...rest } = config() as { readonly routes: readonly unknown[] };
	gateway.write({ ...rest, listen: '127.0.0.1:0', routes: routes.slice(1) });
	await gateway.gateway.reload();
	const repaired = await page(gateway);
	expect(repaired.value(metrics.configRejected.name)).toBe(0);
	expect(repaired.value(metrics.configReloads.name, { outcome: 'ok' })).toBe(1);
	expect([...repaired.samples.keys()].filter((key) => key.includes('route="orders"'))).toEqual([]);
	expect(repaired.value(decisions, { route: 'any', provider: 'idp', decision: 'allow', reason: 'none' })).toBe(1);
});

test('a request that is under way is in flight, and is not when its client has left', async () => {
	let arrived: (() => void) | undefined;
	const there = new Promise<void>((resolve) => {
		arrived = resolve;
	});
	const slow = await recordingUpstream({ answer: () => arrived?.() });
	const gateway = await startTestGateway({ routes: [{ name: 'slow', path: '/', public: true, upstream: slow.url }] });
	onTestFinished(() => gateway.stop());
	const client = await rawClient(gateway.url);
	client.send(requestBytes());
	await there;
	expect((await page(gateway)).value(metrics.inFlight.name)).toBe(1);
	client.destroy();
	await gateway.record(1);
	const after = await page(gateway);
	expect(after.value(metrics.inFlight.name)).toBe(0);
	expect(after.value(metrics.responses.name, { route: 'slow', class: 'none' })).toBe(1);
});

test('10,000 random paths, hosts, methods and clients add no series beyond the bounded ones', async () => {
	const gateway = await start();
	const key = testKey('RS256', 'one');
	await send(gateway, '/any', provider.issue({ client_id: 'first' }, { lifetime: 30 }));
	await send(gateway, '/any');
	// Of the process some come when they come: a kind of garbage collection, with its first.
	const own = (samples: ReadonlyMap<string, number>) =>
		[...samples.keys()].filter((name) => name.startsWith('countersign_'));
	const before = own((await page(gateway)).samples).length;
	const random = () => randomBytes(6).toString('hex');
	// The parser closes the connection on any other.
	const known = METHODS.filter((method) => method !== 'CONNECT');
	const clients = 8;
	const each = 10_000 / clients;
	const cheap = provider.issue({ iss: 'https://nobody.example.com/' }, { key });
	await Promise.all(
		Array.from({ length: clients }, async (_, worker) => {
			const client = await rawClient(gateway.url);
			for (let i = 0; i < each; i++) {
				// Genuine tokens of ever new clients are dear to sign: one in twenty.
				const token = i % 20 === 0 ? provider.issue({ client_id: `client-${worker}-${i}` }, { lifetime: 30 }) : cheap;
				const path = i % 2 === 0 ? '/any' : `/${random()}`;
				const method = i % 4 === 0 ? 'GET' : (known[i % known.length] ?? 'GET');
				client.send(
					requestBytes({
						method,
						target: `${path}?q=${random()}`,
						host: `${random()}.example.com`,
						token: i % 3 === 0 ? random() : token,
					}),
				);
				await client.response(method);
			}
			client.destroy();
		}),
	);
	await gateway.record(10_002);
	const text = (await gateway.gateway.metrics()).body;
	const after = readMetrics(text);
	expect(after.series(metrics.closeToExpiry.name)).toHaveLength(maxClients + 1);
	expect(after.value(metrics.closeToExpiry.name, { client: 'other' })).toBeGreaterThan(0);
	const grown = own(after.samples).filter((name) => !name.startsWith(metrics.closeToExpiry.name));
	// A handful of further reasons, and the verdicts of the tokens of nobody.
	expect(grown.length).toBeLessThan(before + 20);
	const total = after.series(decisions).reduce((sum, name) => sum + (after.samples.get(name) ?? 0), 0);
	expect(total).toBe(10_002);
	if (hasPromtool) promtool(['check', 'metrics'], text);
});

test('the admin listener serves them, as Prometheus wants them', async () => {
	const gateway = await start();
	await send(gateway, '/orders', provider.issue({ scope: 'read' }));
	const response = await exchange(gateway.gateway.adminUrl ?? '', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
	expect(response.status).toBe(200);
	expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
	const text = Buffer.from(response.body, 'latin1').toString('utf8');
	expect(
		readMetrics(text).value(decisions, { route: 'orders', provider: 'idp', decision: 'allow', reason: 'none' }),
	).toBe(1);
	if (hasPromtool) promtool(['check', 'metrics'], text);
});

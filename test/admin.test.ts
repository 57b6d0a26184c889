/** Every admin path over real sockets, with and without the guard: who gets in, what is said, and what never is. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Explanation } from '#policy/explain';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { exchange, type RawResponse } from './support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { freePort } from './support/redis-server.ts';
import { alter, testKey } from './support/sign-jws.ts';
import { createTestProvider, jwksPath, type TestProvider } from './support/test-provider.ts';

const canary = 'canary-9f2d-of-at-least-thirty-two-octets';
let provider: TestProvider;
let upstream: RecordingUpstream;
let open: TestGateway;
let guarded: TestGateway;

function config(admin: Record<string, unknown>): Record<string, unknown> {
	return {
		admin: { listen: '127.0.0.1:0', ...admin },
		providers: {
			idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' },
			shared: { issuer: 'https://shared.example.com/', audience: 'shared', secret: canary, claims: { role: canary } },
			devices: {
				tokens: ['shared_access'],
				format: 'service_bus',
				audience: 'sb://bus.example.net/',
				keys: {
					sender: { primary: canary, secondary: `${canary} too`, scopes: ['send'] },
					old: { primary: `old ${canary}`, disabled: true },
				},
			},
			away: { issuer: 'https://away.example.com/', audience: 'away', jwks_uri: `${provider.url}/gone?key=${canary}` },
		},
		routes: [
			{
				name: 'orders',
				path: '/tenants/{tenant}/orders/**',
				methods: ['GET'],
				providers: ['idp'],
				scopes: ['orders:read'],
				claims: { department: canary },
				upstream: upstream.url,
			},
			{ name: 'reports', path: '/reports', providers: ['idp', 'shared'], upstream: upstream.url },
			{ name: 'away', path: '/away', providers: ['away'], upstream: upstream.url },
			{ name: 'health', path: '/health', public: true, upstream: upstream.url },
		],
	};
}

beforeAll(async () => {
	provider = await createTestProvider();
	upstream = await recordingUpstream({ closedBy: 'caller' });
	open = await startTestGateway(config({}));
	guarded = await startTestGateway(
		config({ auth: { provider: 'idp', scopes: ['gateway:admin'], audience: 'countersign-admin' } }),
	);
});

afterAll(async () => {
	await Promise.all([open.stop(), guarded.stop()]);
	await upstream.close();
	await provider.stop();
});

const adminUrl = (gateway: TestGateway): string => gateway.gateway.adminUrl ?? '';
const adminToken = (claims: Readonly<Record<string, unknown>> = {}) =>
	provider.issue({ aud: 'countersign-admin', scope: 'gateway:admin', ...claims });

interface Call {
	readonly method?: string;
	readonly token?: string;
	readonly host?: string;
	readonly headers?: readonly string[];
	readonly body?: string;
}

function call(gateway: TestGateway, target: string, options: Call = {}): Promise<RawResponse> {
	const { method = 'GET', token, host = 'localhost', headers = [], body } = options;
	const lines = [
		`${method} ${target} HTTP/1.1`,
		`Host: ${host}`,
		'Connection: close',
		...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
		...headers,
		...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
	];
	return exchange(adminUrl(gateway), `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`, method);
}

const json = 'Content-Type: application/json';
const ask = (question: unknown): Call => ({ method: 'POST', headers: [json], body: JSON.stringify(question) });

const pages = ['/', '/healthz', '/readyz', '/providers', '/routes'];

test.each(pages)('GET %s without a guard, on loopback: JSON, not stored, nothing secret', async (path) => {
	const response = await call(open, path);
	expect(response.status).toBe(200);
	expect(response.headers.get('content-type')).toBe('application/json');
	expect(response.headers.get('cache-control')).toBe('no-store');
	expect([...response.headers.keys()].some((name) => name.startsWith('access-control-'))).toBe(false);
	expect(() => JSON.parse(response.body) as unknown).not.toThrow();
	expect(response.body).not.toContain(canary);
	const head = await call(open, path, { method: 'HEAD' });
	expect([head.status, head.body]).toEqual([200, '']);
	const post = await call(open, path, { method: 'POST', body: '' });
	expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test.each(['/providers', '/routes', '/', '/explain', '/nowhere'])(
	'%s with a guard: the right token alone gets in',
	async (path) => {
		const method = path === '/explain' ? 'POST' : 'GET';
		const options = path === '/explain' ? ask({ url: 'http://h/health' }) : {};
		const status = async (token?: string) =>
			(await call(guarded, path, { ...options, method, ...(token === undefined ? {} : { token }) })).status;
		expect(await status(adminToken())).toBe(path === '/nowhere' ? 404 : 200);
		expect(await status()).toBe(401);
		expect(await status(adminToken({ scope: 'orders:read' }))).toBe(403);
		expect(await status(provider.issue({ scope: 'gateway:admin' }))).toBe(401);
		expect(await status(alter(adminToken(), 2, 100))).toBe(401);
		expect(await status(provider.issue({ aud: 'countersign-admin', scope: 'gateway:admin' }, { lifetime: -60 }))).toBe(
			401,
		);
		expect(await status(provider.issue({}, { key: testKey('RS256', 'stranger') }))).toBe(401);
	},
);

test('the guard challenges like a route, and looks at no page before', async () => {
	const missing = await call(guarded, '/routes');
	expect(missing.headers.get('www-authenticate')).toBe('Bearer');
	expect(missing.body).not.toContain('orders');
	const scope = await call(guarded, '/routes', { token: adminToken({ scope: 'other' }) });
	expect(scope.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
	expect(scope.headers.get('www-authenticate')).toContain('scope="gateway:admin"');
	expect((await call(guarded, '/routes', { method: 'DELETE' })).status).toBe(401);
	expect((await call(guarded, '/providers/../routes')).status).toBe(400);
	// An admin token opens no route, and reading the admin pages is no traffic.
	const record = guarded.records.length;
	expect((await fetch(`${guarded.url}/reports`, { headers: { authorization: `Bearer ${adminToken()}` } })).status).toBe(
		401,
	);
	expect(guarded.records.length - record).toBeLessThanOrEqual(1);
});

test('health is open with a guard too, under any Host, and says no more than counts', async () => {
	for (const path of ['/healthz', '/readyz']) {
		const response = await call(guarded, path, { host: '10.1.2.3:9090' });
		expect(response.status).toBe(200);
		expect(response.body).not.toContain(provider.issuer);
	}
	const health: unknown = JSON.parse((await call(guarded, '/healthz')).body);
	expect(health).toMatchObject({
		status: 'ok',
		configuration: { state: 'in_force', reloads: 0, rejections: 0, restart_needed: [] },
		providers: { ready: 2, stale: 0, unavailable: 1 },
	});
});

test('without a guard only local names are answered: DNS rebinding', async () => {
	for (const host of ['localhost', 'LOCALHOST:9090', '127.0.0.1', '127.0.0.1:1', '[::1]', '[::1]:9090']) {
		expect((await call(open, '/routes', { host })).status, host).toBe(200);
	}
	for (const host of [
		'evil.example',
		'localhost.evil.example',
		'127.0.0.1.nip.io',
		'10.0.0.1',
		'x:1',
		'a b',
		'0.0.0.0',
	]) {
		for (const path of [...pages, '/explain', '/nowhere']) {
			const response = await call(open, path, { host });
			expect([host, path, response.status]).toEqual([host, path, 421]);
			expect(response.body).not.toContain('orders');
		}
	}
});

test('/providers: state, age and ids of keys, last error', async () => {
	const { providers } = JSON.parse((await call(open, '/providers')).body) as { providers: Record<string, unknown>[] };
	const [idp, shared, devices, away] = providers;
	expect(idp).toMatchObject({
		name: 'idp',
		issuers: [provider.issuer],
		keys: { from: 'discovery', state: 'ready', kids: provider.keys.map(({ kid }) => kid), fetches: 1 },
	});
	expect(idp?.['keys']).toMatchObject({
		age_seconds: expect.any(Number),
		next_refresh_at: expect.stringMatching(/Z$/),
	});
	expect(shared).toMatchObject({ name: 'shared', keys: { from: 'secret', state: 'ready' } });
	expect(devices).toMatchObject({
		name: 'devices',
		tokens: ['shared_access'],
		format: 'service_bus',
		keys: { from: 'none' },
		key_pairs: [
			{ name: 'sender', primary: true, secondary: true, disabled: false, scopes: ['send'] },
			{ name: 'old', primary: true, secondary: false, disabled: true, scopes: [] },
		],
	});
	expect(away).toMatchObject({ name: 'away', keys: { url: `${provider.url}/gone`, state: 'unavailable', kids: [] } });
	expect(away?.['keys']).toHaveProperty('last_error', expect.stringContaining('404'));
});

test('/routes: what each asks of a token', async () => {
	const { routes } = JSON.parse((await call(open, '/routes')).body) as { routes: Record<string, unknown>[] };
	expect(routes.map(({ name }) => name)).toEqual(['orders', 'reports', 'away', 'health']);
	expect(routes[0]).toMatchObject({
		path: '/tenants/{tenant}/orders/**',
		methods: ['GET', 'HEAD'],
		public: false,
		providers: [
			{ provider: 'idp', audience: [provider.audience], scopes: { all_of: ['orders:read'] }, claims: ['department'] },
		],
		upstream: { endpoints: [upstream.url] },
	});
	expect(routes[3]).toMatchObject({ public: true, providers: [] });
});

test('POST /explain: the check that refuses, nothing forwarded, nothing of the token in answer or log', async () => {
	const token = provider.issue({ scope: 'orders:write' });
	const before = upstream.requests.length;
	const records = open.records.length;
	const response = await call(
		open,
		'/explain',
		ask({ method: 'GET', url: 'https://api.example.com/tenants/a/orders/1', token }),
	);
	expect(response.status).toBe(200);
	const explanation = JSON.parse(response.body) as Explanation;
	expect(explanation).toMatchObject({ outcome: 'scope_insufficient', check: 'scopes', route: 'orders', genuine: true });
	expect(explanation.elsewhere.routes).toEqual(['reports']);
	const text = response.head + response.body + open.log.join('\n');
	for (const part of [token, ...token.split('.')]) expect(text).not.toContain(part);
	expect([upstream.requests.length, open.records.length]).toEqual([before, records]);
	const byHeader = ask({ url: 'http://h/reports', headers: { Authorization: `Bearer ${provider.issue()}` } });
	expect(JSON.parse((await call(open, '/explain', byHeader)).body)).toMatchObject({ outcome: 'allow' });
});

test('POST /explain: what is no question is refused in words', async () => {
	const status = async (options: Call) => (await call(open, '/explain', { method: 'POST', ...options })).status;
	const body = JSON.stringify({ url: 'http://h/health' });
	// What a web page could send without a preflight.
	for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'text/plain; application/json']) {
		expect(await status({ headers: [`Content-Type: ${type}`], body })).toBe(415);
	}
	expect(await status({ body })).toBe(415);
	expect(await status({ headers: ['Content-Type: application/json; charset=utf-8'], body })).toBe(200);
	for (const question of [
		'',
		'{',
		'[]',
		'{}',
		'{"url":"relative"}',
		'{"url":"http://h/","url":"http://h/b"}',
		'{"url":"http://h/","method":"G T"}',
		'{"url":"http://h/","token":7}',
		'{"url":"http://h/","headers":{"a b":"c"}}',
		'{"url":"http://h/","headers":["a"]}',
		'{"url":"http://h/","tokn":"x"}',
	]) {
		expect(await status({ headers: [json], body: question }), question).toBe(400);
	}
	const long = JSON.stringify({ url: 'http://h/', token: 'x'.repeat(64 * 1024) });
	expect(await status({ headers: [json], body: long })).toBe(413);
	expect((await call(open, '/explain')).status).toBe(405);
	expect((await call(open, '/explain')).headers.get('allow')).toBe('POST');
});

test('the guide names every path that the index names', async () => {
	const guide = readFileSync(new URL('../docs/guides/operating.md', import.meta.url), 'utf8');
	const told = [...guide.matchAll(/^\| `((?:GET|POST|DELETE) \/[\w./{}-]*)` \|/gm)].map((match) => match[1]);
	const { paths } = JSON.parse((await call(open, '/')).body) as { paths: { path: string; method: string }[] };
	expect(paths.length).toBeGreaterThan(4);
	expect(new Set(told)).toEqual(new Set(['GET /', ...paths.map(({ method, path }) => `${method} ${path}`)]));
});

test('/metrics: text for Prometheus, guarded like the rest', async () => {
	const response = await call(open, '/metrics');
	expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
	expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
	expect(response.body).toMatch(/^# TYPE countersign_/m);
	expect(response.body).not.toContain(canary);
	expect((await call(guarded, '/metrics')).status).toBe(401);
	expect((await call(guarded, '/metrics', { token: adminToken() })).status).toBe(200);
	expect((await call(open, '/metrics', { host: 'evil.example' })).status).toBe(421);
});

test('other paths and spellings are not there', async () => {
	for (const path of [
		'/nowhere',
		'/healthz/',
		'//healthz',
		'/HEALTHZ',
		'/%68ealthz',
		'/metrics.json',
		'/constructor',
	]) {
		expect((await call(open, path)).status, path).toBe(404);
	}
	expect((await call(open, '/healthz?verbose')).status).toBe(200);
});

test('the guard follows a reload; an admin listener that the file no longer opens is shut', async () => {
	const gateway = await startTestGateway(config({}));
	onTestFinished(() => gateway.stop());
	expect((await call(gateway, '/routes')).status).toBe(200);
	gateway.write(config({ auth: { provider: 'idp', scopes: ['gateway:admin'], audience: 'countersign-admin' } }));
	await gateway.gateway.reload();
	expect((await call(gateway, '/routes')).status).toBe(401);
	expect((await call(gateway, '/routes', { token: adminToken() })).status).toBe(200);
	const { admin: _, ...without } = config({});
	gateway.write(without);
	await gateway.gateway.reload();
	expect((await call(gateway, '/routes', { token: adminToken() })).status).toBe(403);
	expect((await call(gateway, '/healthz')).status).toBe(200);

	const once = await startTestGateway(config({ auth: { provider: 'idp', scopes: ['gateway:admin'] } }));
	onTestFinished(() => once.stop());
	once.write(config({}));
	await once.gateway.reload();
	expect((await call(once, '/routes')).status).toBe(403);
});

test('without a token an admin listener on a network is a configuration error', async () => {
	for (const listen of ['0.0.0.0:0', '[::]:0', '192.0.2.1:9090', 'gateway.internal:9090']) {
		await expect(startTestGateway(config({ listen }))).rejects.toThrow(/admin\.listen: without auth/);
	}
	const any = await startTestGateway(config({ listen: '0.0.0.0:0', auth: { provider: 'idp', scopes: ['a'] } }));
	onTestFinished(() => any.stop());
	const port = new URL(adminUrl(any)).port;
	expect((await fetch(`http://127.0.0.1:${port}/routes`)).status).toBe(401);
});

test('not ready before the first attempt at the keys, ready when it failed, and draining at the end', async () => {
	const slow = await createTestProvider();
	let release = (): void => {};
	slow.behave(jwksPath, {
		status: 500,
		until: new Promise<void>((resolve) => {
			release = resolve;
		}),
	});
	// The listener must be found before the gateway has said where it is.
	const port = await freePort();
	const starting = startTestGateway({
		admin: { listen: `127.0.0.1:${port}` },
		providers: { idp: { issuer: slow.issuer, audience: slow.audience } },
		routes: [{ path: '/slow', upstream: upstream.url }],
	});
	const ready = async (): Promise<unknown> =>
		fetch(`http://127.0.0.1:${port}/readyz`)
			.then(async (response) => [response.status, ((await response.json()) as { status: string }).status])
			.catch(() => 'no answer');
	await expect.poll(ready, { timeout: 10_000 }).toEqual([503, 'starting']);
	expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
	release();
	const gateway = await starting;
	expect(await ready()).toEqual([200, 'ready']);

	// A request under way holds the drain up, and the admin listener tells of it.
	const answered = holdingUpstream();
	const hold = await answered.start();
	gateway.write({
		admin: { listen: `127.0.0.1:${port}` },
		routes: [{ path: '/held', public: true, upstream: hold.url }],
	});
	await gateway.gateway.reload();
	const held = fetch(`${gateway.url}/held`);
	await hold.arrived(1);
	const stopping = gateway.stop();
	await expect.poll(ready, { timeout: 10_000 }).toEqual([503, 'draining']);
	answered.release();
	expect((await held).status).toBe(200);
	await stopping;
	expect(await ready()).toBe('no answer');
	await slow.stop();
});

test('an address that is taken is told, and nothing stays open', async () => {
	const port = new URL(adminUrl(open)).port;
	await expect(startTestGateway(config({ listen: `127.0.0.1:${port}` }))).rejects.toThrow(
		/admin listener cannot be opened/,
	);
});

function holdingUpstream() {
	let release = (): void => {};
	const gate = new Promise<void>((resolve) => {
		release = resolve;
	});
	return {
		release: () => release(),
		start: () => recordingUpstream({ answer: (_, response) => void gate.then(() => response.end('at last')) }),
	};
}

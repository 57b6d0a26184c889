/**
 * What is open ends when its token is revoked or its session ends, on whichever gateway it is open, and nothing else does:
 * over real sockets, with gateways that share a real Redis.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Browser, createBrowser } from './support/browser.ts';
import { startCommand } from './support/command.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { hasRedis, type RedisServer, startCutProxy, startRedis } from './support/redis-server.ts';
import { endAtProvider, startSessionRig } from './support/session-rig.ts';
import { tempDir } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const key = 'BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE=';
const patient = { timeout: 15_000, interval: 10 };
const folder = tempDir();

/** Speaks WebSocket and sends back what it gets; a plain request gets an event, and no end. */
let upstream: RecordingUpstream;
let provider: TestProvider;
/** An upgrade waits for that of its path. */
const gates = new Map<string, Promise<void>>();
beforeAll(async () => {
	const sockets = new WebSocketServer({ noServer: true });
	upstream = await recordingUpstream({
		closedBy: 'caller',
		answer: (request, response) => {
			if (request.url === '/events') response.write('data: 1\n\n');
			else response.end('whole');
		},
		upgrade: (request, socket, head) => {
			const greet = () =>
				sockets.handleUpgrade(request, socket, head, (opened) => {
					opened.on('message', (data, isBinary) => opened.send(data, { binary: isBinary }));
				});
			const gate = gates.get(request.url ?? '');
			if (gate === undefined) greet();
			else void gate.then(greet);
		},
	});
	provider = await createTestProvider();
});
afterAll(async () => {
	await provider.stop();
	await upstream.close();
});

interface Opened {
	/** Whether what is said comes back. */
	isOpen(): Promise<boolean>;
	/** Code with which it was closed; 1006: without a word. */
	readonly closed: Promise<number>;
}

async function open(url: string, headers: Readonly<Record<string, string>>): Promise<Opened> {
	const socket = new WebSocket(url.replace('http:', 'ws:'), { headers });
	onTestFinished(() => socket.terminate());
	socket.on('error', () => {});
	const closed = new Promise<number>((resolve) => socket.once('close', resolve));
	await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
	return {
		closed,
		async isOpen() {
			if (socket.readyState !== WebSocket.OPEN) return false;
			socket.send('?');
			const answered = new Promise<true>((resolve) => socket.once('message', () => resolve(true)));
			return Promise.race([answered, closed.then(() => false)]);
		},
	};
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function post(url: string, body: unknown): Promise<void> {
	const headers = { 'content-type': 'application/json' };
	const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
	if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
}

const revoke = (adminUrl: string | undefined, what: object) => post(`${adminUrl}/revocations`, what);

const configuration = (store: object, more: object = {}) => ({
	admin: { listen: '127.0.0.1:0', insecure_changes: true },
	store,
	providers: { idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' } },
	routes: [
		{ name: 'chat', path: '/chat', upstream: upstream.url },
		{ name: 'public', path: '/public', public: true, upstream: upstream.url },
		{ name: 'events', path: '/events', end_at_expiry: 'all', upstream: upstream.url },
		{ name: 'feed', path: '/feed', upstream: upstream.url },
	],
	...more,
});

/** With another configuration, which is in force after it. */
async function reload(gateway: TestGateway, config: object): Promise<void> {
	gateway.write({ ...config, errors: { expose_reason: true } });
	await gateway.gateway.reload();
	expect(gateway.log.join('\n')).toContain('configuration reloaded');
}

async function started(config: object): Promise<TestGateway> {
	const gateway = await startTestGateway(config as Readonly<Record<string, unknown>>);
	onTestFinished(() => gateway.stop());
	return gateway;
}

test('alone, with a store of its own: what was revoked ends, the record says why, the rest goes on', async () => {
	const gateway = await started(configuration({ type: 'memory' }));
	const chat = (claims: object) => open(`${gateway.url}/chat`, bearer(provider.issue({ ...claims })));
	const [first, second, other, unguarded] = await Promise.all([
		chat({ jti: 'first', sub: 'alice' }),
		chat({ jti: 'second', sub: 'alice' }),
		chat({ jti: 'other', sub: 'bob' }),
		open(`${gateway.url}/public`, {}),
	]);
	await revoke(gateway.gateway.adminUrl, { jti: 'first' });
	expect(await first.closed).toBe(1006);
	expect([await second.isOpen(), await other.isOpen(), await unguarded.isOpen()]).toEqual([true, true, true]);
	expect(await gateway.record(1)).toMatchObject({
		decision: 'deny',
		reason: 'token_revoked',
		check: 'revocation',
		found: expect.stringMatching(/^revoked: jti, by /),
		status: 101,
		route: 'chat',
		subject: 'alice',
	});
	await revoke(gateway.gateway.adminUrl, { subject: 'alice' });
	expect(await second.closed).toBe(1006);
	expect([await other.isOpen(), await unguarded.isOpen()]).toEqual([true, true]);
	expect((await gateway.gateway.metrics()).body).toMatch(
		/^countersign_decisions_total\{route="chat",provider="idp",decision="deny",reason="token_revoked"\} 2$/m,
	);
});

test('a stream of events ends where the route says so, and there alone', async () => {
	const gateway = await started({
		...configuration({ type: 'memory' }),
		routes: [
			{ name: 'ending', path: '/events', methods: ['GET'], end_at_expiry: 'all', upstream: upstream.url },
			{ name: 'lasting', path: '/lasting/**', upstream: { endpoints: [upstream.url], strip_prefix: '/lasting' } },
		],
	});
	const headers = bearer(provider.issue({ jti: 'events' }));
	const [ending, lasting] = await Promise.all(
		['/events', '/lasting/events'].map(async (path) => {
			const stop = new AbortController();
			onTestFinished(() => stop.abort());
			const reader = (await fetch(gateway.url + path, { headers, signal: stop.signal })).body?.getReader();
			expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 1\n\n');
			return reader;
		}),
	);
	const rest = lasting?.read().then(
		() => 'more',
		() => 'broken',
	);
	await revoke(gateway.gateway.adminUrl, { jti: 'events' });
	await expect(ending?.read()).rejects.toThrow('terminated');
	expect(await gateway.record(1)).toMatchObject({
		route: 'ending',
		decision: 'deny',
		reason: 'token_revoked',
		status: 200,
	});
	// What would come with the same news has come.
	const again = await fetch(`${gateway.url}/lasting/x`, { headers });
	expect(again.status).toBe(401);
	expect(await Promise.race([rest, new Promise((resolve) => setImmediate(resolve, 'open'))])).toBe('open');
});

test('what was opened before a reload ends too', async () => {
	const config = configuration({ type: 'memory' });
	const gateway = await started(config);
	const chat = await open(`${gateway.url}/chat`, bearer(provider.issue({ jti: 'old' })));
	await reload(gateway, { ...config, listen: `127.0.0.1:${gateway.port}` });
	expect(await chat.isOpen()).toBe(true);
	await revoke(gateway.gateway.adminUrl, { jti: 'old' });
	expect(await chat.closed).toBe(1006);
});

test('what is revoked between the decision and the switch does not stay open', async () => {
	const gateway = await started(configuration({ type: 'memory' }));
	const gate = Promise.withResolvers<void>();
	gates.set('/chat?slow', gate.promise);
	const arrived = upstream.requests.length;
	const opening = open(`${gateway.url}/chat?slow`, bearer(provider.issue({ jti: 'late' })));
	await upstream.arrived(arrived + 1);
	await revoke(gateway.gateway.adminUrl, { jti: 'late' });
	gate.resolve();
	// It may be gone before its head is.
	await opening.then(
		({ closed }) => closed,
		() => undefined,
	);
	expect(await gateway.record(1)).toMatchObject({ decision: 'deny', reason: 'token_revoked', status: 101 });
});

test('the workers of one gateway: on each of them', async () => {
	const store = { type: 'sqlite', path: join(folder, 'workers.db') };
	const gateway = await startCommand(configuration(store, { workers: 2 }));
	const headers = bearer(provider.issue({ jti: 'shared' }));
	const [other, ...chats] = await Promise.all([
		open(`${gateway.url}/chat`, bearer(provider.issue({ jti: 'other' }))),
		...Array.from({ length: 16 }, () => open(`${gateway.url}/chat`, headers)),
	]);
	await revoke(gateway.adminUrl, { jti: 'shared' });
	expect(new Set(await Promise.all(chats.map(({ closed }) => closed)))).toEqual(new Set([1006]));
	expect(await other?.isOpen()).toBe(true);
});

describe.skipIf(!hasRedis)('gateways on one Redis', () => {
	let redis: RedisServer;
	beforeAll(async () => {
		redis = await startRedis();
	});
	afterAll(() => redis.stop());

	test.each([
		['its jti', { jti: 'mallory-1' }],
		['its subject', { subject: 'mallory' }],
		['when it was issued', { subject: 'mallory', issued_before: '5m' }],
	])('revoked on one by %s, cut on the other', async (_name, what) => {
		const store = { type: 'redis', url: `${redis.url}/1` };
		const [a, b] = await Promise.all([started(configuration(store)), started(configuration(store))]);
		const iat = Math.floor(Date.now() / 1000) - 900;
		const claims = { jti: 'mallory-1', sub: 'mallory', iat };
		const [chat, later] = await Promise.all([
			open(`${b.url}/chat`, bearer(provider.issue(claims))),
			open(`${b.url}/chat`, bearer(provider.issue({ ...claims, sub: 'bob', jti: 'later' }))),
		]);
		await revoke(a.gateway.adminUrl, what);
		expect(await chat.closed).toBe(1006);
		expect(await later.isOpen()).toBe(true);
		expect(await b.record(1)).toMatchObject({ reason: 'token_revoked', status: 101 });
		const { revocations } = (await (await fetch(`${a.gateway.adminUrl}/revocations`)).json()) as {
			readonly revocations: readonly { readonly id: string }[];
		};
		for (const { id } of revocations) await fetch(`${a.gateway.adminUrl}/revocations/${id}`, { method: 'DELETE' });
	});

	test('while the store is away it goes on, and ends when it is back', async () => {
		const proxy = await startCutProxy(redis.port);
		onTestFinished(() => proxy.close());
		const more = { max_staleness: '1s' };
		const [a, b] = await Promise.all([
			started(configuration({ type: 'redis', url: `${redis.url}/2`, ...more })),
			started(configuration({ type: 'redis', url: `redis://127.0.0.1:${proxy.port}/2`, ...more })),
		]);
		const token = provider.issue({ jti: 'away' });
		const chat = await open(`${b.url}/chat`, bearer(token));
		proxy.cut();
		await revoke(a.gateway.adminUrl, { jti: 'away' });
		await vi.waitFor(async () => {
			expect((await fetch(`${b.url}/feed`, { headers: bearer(token) })).status).toBe(503);
		}, patient);
		expect(await chat.isOpen()).toBe(true);
		proxy.restore();
		expect(await chat.closed).toBe(1006);
	});

	describe.each(['handle', 'sealed'] as const)('a session in a cookie of kind %s', (kind) => {
		/** For what holds for one kind alone. */
		const handles = kind === 'handle' ? [kind] : [];

		async function rigged() {
			const rig = await startSessionRig({
				gateways: 2,
				sessions: { cookie: { kind } },
				route: { upstream: upstream.url },
				file: {
					store: { type: 'redis', url: `${redis.url}/${kind === 'handle' ? 3 : 4}`, encryption_keys: [key] },
					admin: { listen: '127.0.0.1:0', insecure_changes: true },
				},
			});
			onTestFinished(() => rig.stop());
			const [a, b] = rig.gateways;
			if (a === undefined || b === undefined) throw new Error('there are no two gateways');
			const opened = (browser: Browser) => {
				const cookie = [...browser.cookies('localhost')].map((pair) => pair.join('=')).join('; ');
				return open(`${rig.origins[1]}/api/chat`, { origin: rig.origin, cookie });
			};
			const bob = createBrowser();
			await rig.browser.logIn(`${rig.origin}/api/x`);
			const idOfAda = a.records.find(({ session_id }) => session_id !== undefined)?.session_id ?? '';
			await bob.logIn(`${rig.origin}/api/x`, 'bob');
			return { rig, a, b, idOfAda, ada: await opened(rig.browser), bob: await opened(bob) };
		}
		type Rigged = Awaited<ReturnType<typeof rigged>>;

		test.each<[string, RegExp, (rigged: Rigged) => Promise<unknown>]>([
			[
				'the page of the logout',
				/^it was ended$/,
				({ rig }) => rig.browser.ask(`${rig.origin}/auth/logout`, { method: 'POST' }),
			],
			['the operator', /^it was ended$/, ({ a, idOfAda }) => endByOperator(a, idOfAda)],
			[
				'another login in the same browser',
				/^it was ended$/,
				({ rig }) => rig.browser.open(`${rig.origin}/auth/login`),
			],
			[
				'a logout everywhere',
				/^revoked: subject/,
				({ a }) => post(`${a.gateway.adminUrl}/sessions/logout`, { sessions: 'web', subject: 'user|ada' }),
			],
			[
				'a logout token of the provider',
				/^revoked: (session|subject)/,
				({ rig }) => endAtProvider(rig.browser, rig.provider.issuer),
			],
		])('ended on one gateway by %s, what it has open on the other is cut', async (_name, found, end) => {
			const all = await rigged();
			await end(all);
			expect(await all.ada.closed).toBe(1006);
			expect(await all.bob.isOpen()).toBe(true);
			expect(await all.b.record(1)).toMatchObject({
				decision: 'deny',
				reason: 'session_ended',
				check: 'session',
				found: expect.stringMatching(found),
				status: 101,
				session_id: all.idOfAda,
			});
		});

		test('opened before a reload', async () => {
			const { rig, a, b, idOfAda } = await rigged();
			const cookie = [...rig.browser.cookies('localhost')].map((pair) => pair.join('=')).join('; ');
			const chat = await open(`${rig.origin}/api/chat`, { origin: rig.origin, cookie });
			await reload(a, rig.config);
			expect(await chat.isOpen()).toBe(true);
			await endByOperator(b, idOfAda);
			expect(await chat.closed).toBe(1006);
		});

		test.each(handles)('of sessions that the configuration no longer has', async () => {
			const { rig, b, idOfAda, ada, bob } = await rigged();
			const [api, page] = rig.config['routes'] as readonly object[];
			await reload(b, {
				...rig.config,
				listen: `127.0.0.1:${b.port}`,
				sessions: { site: (rig.config['sessions'] as { readonly web: object }).web },
				routes: [{ ...api, sessions: ['site'] }, page],
			});
			expect(await ada.isOpen()).toBe(true);
			await endByOperator(b, idOfAda);
			expect(await ada.closed).toBe(1006);
			expect(await bob.isOpen()).toBe(true);
		});

		test.each(handles)('revoked by its sid, which its access token does not name', async () => {
			const { a, b, ada, bob, rig, idOfAda } = await rigged();
			const listed = (await (await fetch(`${a.gateway.adminUrl}/sessions?subject=user%7Cada`)).json()) as {
				readonly sessions: readonly { readonly id: string; readonly sid: string }[];
			};
			const sid = listed.sessions.find(({ id }) => id === idOfAda)?.sid;
			await revoke(a.gateway.adminUrl, { session: sid, issuer: rig.provider.issuer });
			expect(await ada.closed).toBe(1006);
			expect(await bob.isOpen()).toBe(true);
			expect(await b.record(1)).toMatchObject({
				reason: 'session_ended',
				check: 'session',
				found: expect.stringMatching(/^revoked: session/),
			});
		});
	});
});

async function endByOperator({ gateway }: TestGateway, id: string): Promise<void> {
	const answer = await fetch(`${gateway.adminUrl}/sessions/${id}`, { method: 'DELETE' });
	expect(answer.status).toBe(200);
}

/** Sessions while the provider is down at each step, after kill -9 of the gateway, and over a change of the sealing key. */
import { rmSync } from 'node:fs';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startLoginServer } from '../src/cli/demo/login-server.ts';
import { createBrowser } from './support/browser.ts';
import { startCommand } from './support/command.ts';
import { freePort } from './support/redis-server.ts';
import {
	clientSecret,
	type SessionRig,
	type SessionRigOptions,
	sessionAudience,
	startSessionRig,
} from './support/session-rig.ts';
import { makeTempDir } from './support/temp-dir.ts';

const key = 'BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE=';
const nextKey = 'q7WmXo2LrT9vPzYc4NeKb8UdHs1JgAf6Qi0RtVyEwMk=';

afterEach(() => vi.useRealTimers());

/** A rig whose provider does not answer at these paths. */
async function startFailing(options: SessionRigOptions = {}) {
	const down = new Set<string>();
	const rig = await startSessionRig({
		...options,
		intercept(request, response) {
			const [path = ''] = (request.url ?? '').split('?');
			if (down.has(`${path} 500`)) response.writeHead(500).end();
			else if (down.has(path)) request.socket.destroy();
			else return false;
			return true;
		},
	});
	onTestFinished(() => rig.stop());
	return { ...rig, down };
}

test.each([
	['metadata', '/.well-known/openid-configuration'],
	['metadata, 500', '/.well-known/openid-configuration 500'],
	['pushed requests', '/request'],
	['pushed requests, 500', '/request 500'],
])('%s down: a login is 503 until it is back', async (_name, path) => {
	const { browser, origin, down, gateway } = await startFailing();
	down.add(path);
	const answer = await browser.ask(`${origin}/auth/login`, { navigate: true });
	expect([answer.status, gateway.records.at(-1)?.reason]).toEqual([503, 'login_unavailable']);
	expect(answer.headers.get('retry-after')).toBeDefined();
	down.clear();
	expect((await browser.logIn(`${origin}/api/x`)).status).toBe(200);
});

test.each(['/token', '/token 500'])(
	'%s down at the callback: 503, no session, and the same address works later',
	async (path) => {
		const { browser, origin, down } = await startFailing();
		down.add(path);
		const answer = await browser.logIn(`${origin}/api/x`);
		expect(answer.status).toBe(503);
		expect(browser.cookies('localhost').has('__Host-web')).toBe(false);
		down.clear();
		expect((await browser.open(answer.url)).url).toBe(`${origin}/api/x`);
	},
);

test('refresh: requests pass while the token lives, get 503 then, and the session is there when the provider is back', async () => {
	vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
	const { browser, origin, down, gateway } = await startFailing();
	const ask = () => browser.ask(`${origin}/api/x`).then(({ status }) => status);
	await browser.logIn(`${origin}/api/x`);
	down.add('/token 500');
	vi.setSystemTime(Date.now() + 280_000);
	expect([await ask(), await ask()]).toEqual([200, 200]);
	vi.setSystemTime(Date.now() + 30_000);
	expect(await ask()).toBe(503);
	expect(gateway.records.at(-1)).toMatchObject({ reason: 'login_unavailable', decision: 'fault' });
	// Who is logged in needs no token.
	expect((await browser.ask(`${origin}/auth/userinfo`)).status).toBe(200);
	down.clear();
	expect(await ask()).toBe(200);
});

test('refresh: invalid_grant ends the session', async () => {
	vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
	let refused = false;
	const rig = await startSessionRig({
		intercept(request, response) {
			if (!refused || request.url !== '/token') return false;
			response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
			return true;
		},
	});
	onTestFinished(() => rig.stop());
	const { browser, origin, gateway } = rig;
	await browser.logIn(`${origin}/api/x`);
	refused = true;
	vi.setSystemTime(Date.now() + 301_000);
	expect((await browser.ask(`${origin}/api/x`)).status).toBe(401);
	expect(gateway.records.at(-1)).toMatchObject({
		reason: 'session_ended',
		found: 'the provider takes its refresh token no more',
	});
	refused = false;
	expect((await browser.ask(`${origin}/auth/userinfo`)).status).toBe(401);
});

test('logout: the session ends here although the provider hears nothing of it', async () => {
	const { browser, origin, down, gateway } = await startFailing();
	await browser.logIn(`${origin}/api/x`);
	const kept = new Map(browser.cookies('localhost'));
	down.add('/token/revocation');
	expect((await browser.ask(`${origin}/auth/logout`, { method: 'POST' })).status).toBe(200);
	for (const [name, value] of kept) browser.cookies('localhost').set(name, value);
	expect((await browser.ask(`${origin}/api/x`)).status).toBe(401);
	await vi.waitFor(() => expect(gateway.log.join()).toContain('could not be told to revoke the refresh token'));
});

const post = (data: unknown): RequestInit => ({
	method: 'POST',
	headers: { 'content-type': 'application/json' },
	body: JSON.stringify(data),
});

describe('however a session ends, its refresh token is revoked at the provider (RFC 7009)', () => {
	type Ending = (rig: SessionRig) => Promise<unknown>;
	const ask: Ending = ({ browser, origin }) => browser.ask(`${origin}/api/x`);
	const admin = ({ gateway }: SessionRig, path: string, init: RequestInit) =>
		fetch(`${gateway.gateway.adminUrl}${path}`, init);

	test.each<[string, Ending]>([
		['by its user', ({ browser, origin }) => browser.ask(`${origin}/auth/logout`, { method: 'POST' })],
		['by another login', ({ browser, origin }) => browser.open(`${origin}/auth/login`)],
		[
			'by an operator',
			(rig) => admin(rig, `/sessions/${rig.gateway.records.at(-1)?.session_id}`, { method: 'DELETE' }),
		],
		[
			'by a revocation, when its cookie comes again',
			async (rig) => {
				await admin(rig, '/revocations', post({ subject: 'user|ada', provider: 'idp' }));
				await ask(rig);
			},
		],
	])('%s', async (_how, end) => {
		const revoked: string[] = [];
		const rig = await startSessionRig({
			file: { admin: { listen: '127.0.0.1:0', insecure_changes: true } },
			intercept(request) {
				if (request.url === '/token/revocation') request.on('data', (piece: Buffer) => revoked.push(piece.toString()));
				return false;
			},
		});
		onTestFinished(() => rig.stop());
		await rig.browser.logIn(`${rig.origin}/api/x`);
		await ask(rig);
		expect(revoked).toEqual([]);
		await end(rig);
		await vi.waitFor(() =>
			expect(revoked.join('')).toMatch(
				/token_type_hint=refresh_token.*token=[\w-]{43}|token=[\w-]{43}.*token_type_hint=refresh_token/,
			),
		);
	});
});

test('kill -9 loses no session; a new sealing key opens those of before, and without it they are over', {
	timeout: 60_000,
}, async () => {
	const port = await freePort();
	const origin = `http://localhost:${port}`;
	const provider = await startLoginServer({
		port: 0,
		clients: [
			{
				client_id: 'gateway',
				client_secret: clientSecret,
				redirect_uris: [`${origin}/auth/callback`],
				grant_types: ['authorization_code', 'refresh_token'],
				response_types: ['code'],
			},
		],
		audience: sessionAudience,
		scopes: ['read'],
		lifetime: () => 300,
	});
	onTestFinished(() => provider.stop());
	const folder = makeTempDir();
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	const database = `${folder}/sessions.db`;
	const start = (encryption_keys: readonly string[]) =>
		startCommand({
			listen: `127.0.0.1:${port}`,
			store: { type: 'sqlite', path: database, encryption_keys },
			providers: {
				idp: {
					issuer: provider.issuer,
					audience: sessionAudience,
					client: { id: 'gateway', secret: clientSecret },
					max_lifetime: '1h',
				},
			},
			sessions: { web: { provider: 'idp', origin, scopes: ['read'] } },
			// The page itself is nobody's concern here: what counts is whether the session is.
			routes: [{ path: '/api/**', sessions: 'web', upstream: 'http://127.0.0.1:9' }],
		});
	const browser = createBrowser();
	const status = () => browser.ask(`${origin}/auth/userinfo`).then((answer) => answer.status);
	let gateway = await start([key]);
	await browser.logIn(`${origin}/auth/login`);
	expect(await status()).toBe(200);
	for (const [keys, expected] of [
		[[nextKey, key], 200],
		[[nextKey], 401],
	] as const) {
		gateway.child.kill('SIGKILL');
		await gateway.ended;
		gateway = await start(keys);
		expect(await status()).toBe(expected);
	}
});

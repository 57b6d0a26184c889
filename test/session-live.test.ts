/** Browser sessions end to end against oidc-provider, over real sockets: what the browser gets, what the API gets. */
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createBrowser } from './support/browser.ts';
import {
	clientSecret,
	endAtProvider,
	type SessionRig,
	sessionAudience,
	startSessionRig,
} from './support/session-rig.ts';

const key = 'BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE=';
const csrf = { 'x-csrf': '1' };

describe.each(['handle', 'sealed'] as const)('cookie of kind %s', (kind) => {
	let rig: SessionRig;
	beforeAll(async () => {
		rig = await startSessionRig({
			sessions: { cookie: { kind } },
			file: { store: { type: 'memory', encryption_keys: [key] } },
			lifetime: () => 300,
		});
	});
	afterAll(() => rig.stop());
	afterEach(() => vi.useRealTimers());

	test('log in, call, be told who one is, log out, be refused', async () => {
		const { origin, upstream, gateway } = rig;
		const browser = createBrowser();
		expect((await browser.ask(`${origin}/api/things`)).status).toBe(401);

		const page = await browser.logIn(`${origin}/api/things?x=1`);
		expect([page.url, page.status]).toEqual([`${origin}/api/things?x=1`, 200]);
		const cookies = browser.cookies('localhost');
		expect([...cookies.keys()]).toEqual(['__Host-web']);

		const arrived = upstream.requests.length;
		const read = await browser.ask(`${origin}/api/things`);
		const written = await browser.ask(`${origin}/api/things`, { method: 'POST', headers: csrf, body: 'x' });
		expect([read.status, written.status]).toEqual([200, 200]);
		for (const request of upstream.requests.slice(arrived)) {
			expect(request.values('x-user')).toEqual(['user|ada']);
			expect(request.values('authorization')).toEqual([]);
			expect(request.values('cookie')).toEqual([]);
		}
		expect(gateway.records.at(-1)).toMatchObject({
			kind: 'session',
			provider: 'idp',
			subject: 'user|ada',
			client: 'gateway',
		});

		const who = await browser.ask(`${origin}/auth/userinfo`);
		expect(JSON.parse(who.body)).toEqual({
			subject: 'user|ada',
			claims: { name: 'ada', preferred_username: 'ada', email: 'ada@example.com' },
			expires_at: expect.stringMatching(/Z$/),
			idle_until: expect.stringMatching(/Z$/),
		});

		const before = new Map(cookies);
		const out = await browser.ask(`${origin}/auth/logout`, { method: 'POST' });
		const { location } = JSON.parse(out.body) as { location: string };
		expect(location).toMatch(new RegExp(`^${rig.provider.issuer}/session/end\\?client_id=gateway&post_logout`));
		expect(cookies.size).toBe(0);
		expect((await browser.ask(`${origin}/api/things`)).status).toBe(401);
		// The cookie of before is worth nothing, whoever kept it.
		for (const [name, value] of before) cookies.set(name, value);
		expect((await browser.ask(`${origin}/api/things`)).status).toBe(401);
		expect(gateway.records.at(-1)).toMatchObject({ reason: 'session_ended', check: 'session' });
		expect((await browser.ask(`${origin}/auth/userinfo`)).status).toBe(401);

		// The URL of the end at the provider leads back, after its page asked.
		const asked = await browser.open(location);
		expect(asked.body).toContain('Log out');
		expectNoToken(browser.seen);
	});

	test('a navigation without a session is sent to the login, a script is told', async () => {
		const { origin } = rig;
		const browser = createBrowser();
		const page = await browser.ask(`${origin}/api/a%20b?q=%2F`, { navigate: true });
		expect([page.status, page.headers.get('location')]).toEqual([
			302,
			'/auth/login?return_to=%2Fapi%2Fa%2520b%3Fq%3D%252F',
		]);
		const script = await browser.ask(`${origin}/api/x`);
		expect(script.status).toBe(401);
		expect(script.headers.get('content-type')).toBe('application/problem+json');
		expect(script.headers.get('www-authenticate')).toContain('Session');
		const frame = await browser.ask(`${origin}/api/x`, { navigate: true, headers: { 'sec-fetch-dest': 'iframe' } });
		expect(frame.status).toBe(401);
		const post = await browser.ask(`${origin}/api/x`, { navigate: true, method: 'POST' });
		expect(post.status).toBe(401);
	});

	test('a bearer token beside it is judged as before, and both at once are refused', async () => {
		const { origin } = rig;
		const browser = createBrowser();
		await browser.logIn(`${origin}/api/x`);
		const both = await browser.ask(`${origin}/api/x`, { headers: { authorization: 'Bearer x.y.z' } });
		expect(both.status).toBe(400);
		const other = await createBrowser().ask(`${origin}/api/x`, { headers: { authorization: 'Bearer x.y.z' } });
		expect([other.status, rig.gateway.records.at(-1)?.kind]).toEqual([401, 'jwt']);
	});

	test('the access token is replaced in time, and the session goes on until it is idle or too old', async () => {
		vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
		const browser = createBrowser();
		await browser.logIn(`${rig.origin}/api/x`);
		const ask = () => browser.ask(`${rig.origin}/api/x`).then(({ status }) => status);
		const pass = (minutes: number) => vi.setSystemTime(Date.now() + minutes * 60_000);
		const before = rig.grants.length;
		pass(4.5);
		// A quarter of its life is left: this one asks for the next, and does not wait.
		expect(await ask()).toBe(200);
		await vi.waitFor(() => expect(rig.grants.length).toBe(before + 1));
		// Its answer is written down before the clock goes on.
		await new Promise((resolve) => setTimeout(resolve, 100));
		for (let i = 0; i < 3; i++) {
			pass(20);
			expect(await ask()).toBe(200);
		}
		expect(rig.grants.length).toBe(before + 4);
		pass(29);
		expect(await ask()).toBe(200);
		pass(31);
		expect(await ask()).toBe(401);
		expectNoToken(browser.seen);
	});

	test('no session lives longer than its lifetime, however busy it is', async () => {
		vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
		const browser = createBrowser();
		await browser.logIn(`${rig.origin}/api/x`);
		const statuses = [];
		for (let i = 0; i < 30; i++) {
			vi.setSystemTime(Date.now() + 25 * 60_000);
			statuses.push((await browser.ask(`${rig.origin}/api/x`)).status);
		}
		// 12 hours are 28 times 25 minutes, and 20 minutes more.
		expect(statuses.indexOf(401)).toBe(28);
		expect(new Set(statuses.slice(28))).toEqual(new Set([401]));
	});

	test('each login has a cookie of its own, and the one before ends with it', async () => {
		const { origin } = rig;
		const browser = createBrowser();
		await browser.logIn(`${origin}/api/x`);
		const first = browser.cookies('localhost').get('__Host-web') ?? '';
		await browser.logIn(`${origin}/auth/login?return_to=/api/x`);
		const second = browser.cookies('localhost').get('__Host-web') ?? '';
		expect(second).not.toBe(first);
		const other = createBrowser();
		other.cookies('localhost').set('__Host-web', first);
		expect((await other.ask(`${origin}/api/x`)).status).toBe(401);
		expect((await browser.ask(`${origin}/api/x`)).status).toBe(200);
	});
});

/** JWTs begin with `{"` in Base64; the opaque tokens of this provider have 43 characters, as handles do. */
function expectNoToken(seen: readonly string[]): void {
	const text = seen.join('\n');
	expect(text).not.toMatch(/eyJ[\w-]{10}/);
	expect(text).not.toMatch(/access_token|refresh_token|id_token/);
}

test('the upstream gets the session’s token where the route passes credentials on, and never the cookie', async () => {
	const rig = await startSessionRig({ route: { backend_token: 'insecure_passthrough' } });
	try {
		await rig.browser.logIn(`${rig.origin}/api/x`);
		const [authorization] = rig.upstream.requests.at(-1)?.values('authorization') ?? [];
		const [, payload = ''] = authorization?.split('.') ?? [];
		expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
			aud: sessionAudience,
			sub: 'user|ada',
		});
		expect(rig.upstream.requests.at(-1)?.values('cookie')).toEqual([]);
	} finally {
		await rig.stop();
	}
});

test.each([
	['pushed requests alone', { pushed: 'required' }, {}],
	['no pushed requests', { pushed: 'never' }, {}],
	[
		'a public client',
		{ client: { token_endpoint_auth_method: 'none', client_secret: undefined } },
		{ client: { id: 'gateway', auth_method: 'none' } },
	],
	[
		'client_secret_post',
		{ client: { token_endpoint_auth_method: 'client_secret_post' } },
		{ client: { id: 'gateway', auth_method: 'client_secret_post', secret: clientSecret } },
	],
	['a strict cookie', {}, { cookie: { same_site: 'strict' } }],
] as const)('%s', async (_name, provider, sessions) => {
	const rig = await startSessionRig({ ...provider, sessions });
	try {
		const page = await rig.browser.logIn(`${rig.origin}/api/x`);
		if ('cookie' in sessions) expect(page.body).toContain(`url=${rig.origin}/api/x`);
		expect((await rig.browser.ask(`${rig.origin}/api/x`)).status).toBe(200);
	} finally {
		await rig.stop();
	}
});

test('a logout token of the provider ends the session at once', async () => {
	const rig = await startSessionRig();
	try {
		const { browser, origin, gateway } = rig;
		await browser.logIn(`${origin}/api/x`);
		const elsewhere = createBrowser();
		await elsewhere.logIn(`${origin}/api/x`, 'bob');
		await endAtProvider(browser, rig.provider.issuer);
		await vi.waitFor(() => expect(gateway.changes).toHaveLength(1), { timeout: 1_000, interval: 10 });
		expect((await browser.ask(`${origin}/api/x`)).status).toBe(401);
		expect((await elsewhere.ask(`${origin}/api/x`)).status).toBe(200);
		expect(gateway.changes[0]).toMatchObject({ action: 'logout', by: 'provider idp' });
	} finally {
		await rig.stop();
	}
});

test('HEAD is answered like GET where nothing comes of it; other methods are told which there are', async () => {
	const rig = await startSessionRig();
	onTestFinished(() => rig.stop());
	const { origin, gateway } = rig;
	const head = async (path: string) => {
		const { status, headers } = await fetch(`${origin}${path}`, { method: 'HEAD', redirect: 'manual' });
		return [status, headers.get('location') ?? headers.get('allow')];
	};
	const login = await head('/auth/login');
	expect(login).toEqual([303, expect.stringContaining(rig.provider.issuer)]);
	expect(await head('/auth/userinfo')).toEqual([401, null]);
	// A code that is in the address is good once.
	expect(await head('/auth/callback?code=x&state=y')).toEqual([405, 'GET']);
	expect(gateway.records.at(-1)).toMatchObject({ check: 'method', reason: 'method_not_allowed' });
	expect(await head('/auth/logout')).toEqual([405, 'POST']);
});

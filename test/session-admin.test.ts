/** What an operator sees of sessions, and may end: one, or all of a user, on every gateway. */
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createBrowser } from './support/browser.ts';
import { readMetrics } from './support/metrics.ts';
import { hasRedis, startRedis } from './support/redis-server.ts';
import { type SessionRig, startSessionRig } from './support/session-rig.ts';

let rig: SessionRig;
beforeAll(async () => {
	rig = await startSessionRig({
		file: { admin: { listen: '127.0.0.1:0', insecure_changes: true } },
	});
});
afterAll(() => rig.stop());

const admin = async (path: string, init: RequestInit = {}) => {
	const answer = await fetch(`${rig.gateway.gateway.adminUrl}${path}`, init);
	return { status: answer.status, text: await answer.text() };
};
const post = (data: unknown) =>
	admin('/sessions/logout', {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(data),
	});

interface Listed {
	readonly count: number;
	readonly sessions: readonly { readonly id: string; readonly subject: string }[];
}
const list = async (query = ''): Promise<Listed> => JSON.parse((await admin(`/sessions${query}`)).text) as Listed;

async function loggedIn(name: string) {
	const browser = createBrowser();
	await browser.logIn(`${rig.origin}/api/x`, name);
	return { browser, status: () => browser.ask(`${rig.origin}/api/x`).then(({ status }) => status) };
}

test('sessions are listed without a token or a cookie; one is ended; a user is logged out everywhere', async () => {
	const [ada, again, bob] = [await loggedIn('ada'), await loggedIn('ada'), await loggedIn('bob')];
	const { text } = await admin('/sessions');
	for (const { browser } of [ada, again, bob])
		expect(text).not.toContain(browser.cookies('localhost').get('__Host-web'));
	expect(text).not.toMatch(/eyJ|token/i);
	const all = await list();
	expect(all.sessions[0]).toEqual({
		id: expect.stringMatching(/^[\w-]{43}$/),
		sessions: 'web',
		provider: 'idp',
		issuer: rig.provider.issuer,
		subject: expect.stringContaining('user|'),
		sid: expect.any(String),
		created_at: expect.any(String),
		seen_at: expect.any(String),
		ends_at: expect.any(String),
	});
	expect([all.count, (await list('?subject=user%7Cada')).count, (await list('?subject=nobody')).count]).toEqual([
		3, 2, 0,
	]);

	const [bobs] = (await list('?subject=user%7Cbob')).sessions;
	expect((await admin(`/sessions/${bobs?.id}`, { method: 'DELETE' })).status).toBe(200);
	expect((await admin(`/sessions/${bobs?.id}`, { method: 'DELETE' })).status).toBe(404);
	expect([await ada.status(), await again.status(), await bob.status()]).toEqual([200, 200, 401]);

	expect((await post({ sessions: 'web', subject: 'user|ada' })).status).toBe(200);
	expect((await list()).count).toBe(0);
	expect([await ada.status(), await again.status()]).toEqual([401, 401]);
	expect(rig.gateway.changes.map(({ action }) => action)).toEqual(['session_end', 'session_end', 'logout']);
});

test('page by page: every session comes by once, and those of one user too', async () => {
	const own = await startSessionRig({ file: { admin: { listen: '127.0.0.1:0' } } });
	onTestFinished(() => own.stop());
	for (const name of ['ada', 'bob', 'ada', 'cleo', 'ada']) await createBrowser().logIn(`${own.origin}/api/x`, name);
	interface Listing extends Listed {
		readonly complete: boolean;
		readonly next_cursor?: string;
	}
	const ask = async (query: string) => {
		const answer = await fetch(`${own.gateway.gateway.adminUrl}/sessions${query}`);
		return { status: answer.status, page: (await answer.json()) as Listing };
	};
	const pages: Listing[] = [];
	for (let query = '?limit=2'; ; query = `?limit=2&cursor=${pages.at(-1)?.next_cursor}`) {
		pages.push((await ask(query)).page);
		if (pages.at(-1)?.next_cursor === undefined) break;
	}
	expect(pages.map(({ count, complete }) => [count, complete])).toEqual([
		[2, false],
		[2, false],
		[1, false],
	]);
	const all = pages.flatMap(({ sessions }) => sessions);
	expect(new Set(all.map(({ id }) => id)).size).toBe(5);
	expect((await ask('?subject=user%7Cada&limit=1')).page).toMatchObject({ count: 3, complete: true });
	for (const query of [
		'?limit=0',
		'?limit=1001',
		'?limit=x',
		'?cursor=',
		'?cursor=a%20b',
		'?cursor=nowhere',
		'?subjct=x',
		'?subject=a&subject=b',
	])
		expect([query, (await ask(query)).status]).toEqual([query, 400]);
});

test.each([
	{},
	{ sessions: 'other', subject: 'x' },
	{ sessions: 'web' },
	{ sessions: 'web', subject: '' },
	{ sessions: 'web', subject: 'x', more: 1 },
])('%j is refused', async (data) => expect((await post(data)).status).toBe(400));

test.each([
	['without leave to change anything', {}, [200, 403, 403]],
	['with auth, without a token', { auth: { provider: 'idp', scopes: ['read'] } }, [401, 401, 401]],
])('%s nothing is ended', async (_name, rules, expected) => {
	const guarded = await startSessionRig({ file: { admin: { listen: '127.0.0.1:0', ...rules } } });
	onTestFinished(() => guarded.stop());
	const { browser, origin, gateway } = guarded;
	await browser.logIn(`${origin}/api/x`);
	const url = `${gateway.gateway.adminUrl}/sessions`;
	const id = gateway.records.findLast(({ session_id }) => session_id !== undefined)?.session_id;
	expect(id).toMatch(/^[\w-]{43}$/);
	const headers = { 'content-type': 'application/json' };
	const body = JSON.stringify({ sessions: 'web', subject: 'user|ada' });
	const answers = [
		await fetch(url),
		await fetch(`${url}/${id}`, { method: 'DELETE' }),
		await fetch(`${url}/logout`, { method: 'POST', headers, body }),
	];
	expect(answers.map(({ status }) => status)).toEqual(expected);
	expect((await browser.ask(`${origin}/api/x`)).status).toBe(200);
	expect(gateway.changes).toEqual([]);
});

const key = 'BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE=';

test('what is in sealed cookies is not listed, which the answer says; a logout everywhere ends it all the same', async () => {
	const sealed = await startSessionRig({
		sessions: { cookie: { kind: 'sealed' } },
		file: {
			store: { type: 'memory', encryption_keys: [key] },
			admin: { listen: '127.0.0.1:0', insecure_changes: true },
		},
	});
	onTestFinished(() => sealed.stop());
	const url = `${sealed.gateway.gateway.adminUrl}/sessions`;
	await sealed.browser.logIn(`${sealed.origin}/api/x`);
	const ask = () => sealed.browser.ask(`${sealed.origin}/api/x`).then(({ status }) => status);
	expect(await ask()).toBe(200);
	expect(await (await fetch(url)).json()).toEqual({ count: 0, complete: true, not_listed: ['web'], sessions: [] });
	const id = sealed.gateway.records.findLast(({ session_id }) => session_id !== undefined)?.session_id;
	const end = await fetch(`${url}/${id}`, { method: 'DELETE' });
	expect([end.status, await ask()]).toEqual([200, 401]);
	// Those of the store have longer ids.
	expect((await fetch(`${url}/${'x'.repeat(43)}`, { method: 'DELETE' })).status).toBe(404);
	await sealed.browser.logIn(`${sealed.origin}/api/x`);
	expect(await ask()).toBe(200);
	const headers = { 'content-type': 'application/json' };
	const body = JSON.stringify({ sessions: 'web', subject: 'user|ada' });
	expect((await fetch(`${url}/logout`, { method: 'POST', headers, body })).status).toBe(200);
	expect(await ask()).toBe(401);
});

test.skipIf(!hasRedis)(
	'two gateways on one store: each lists the sessions of both, and ends them on both',
	async () => {
		const redis = await startRedis();
		onTestFinished(() => redis.stop());
		const both = await startSessionRig({
			gateways: 2,
			file: {
				store: { type: 'redis', url: redis.url, encryption_keys: [key] },
				admin: { listen: '127.0.0.1:0', insecure_changes: true },
			},
		});
		onTestFinished(() => both.stop());
		const [first, second] = both.gateways.map(({ gateway }) => `${gateway.adminUrl}/sessions`);
		const everywhere = async (browser: ReturnType<typeof createBrowser>) =>
			(await Promise.all(both.origins.map((origin) => browser.ask(`${origin}/api/x`)))).map(({ status }) => status);
		const [ada, bob] = [createBrowser(), createBrowser()];
		await ada.logIn(`${both.origin}/api/x`, 'ada');
		await bob.logIn(`${both.origin}/api/x`, 'bob');
		const lists = await Promise.all(
			[first, second].map(async (url) => (await (await fetch(`${url}`)).json()) as Listed),
		);
		for (const { sessions } of lists) {
			expect(sessions.map(({ subject }) => subject).toSorted()).toEqual(['user|ada', 'user|bob']);
		}
		const bobs = lists[0]?.sessions.find(({ subject }) => subject === 'user|bob')?.id;
		expect((await fetch(`${second}/${bobs}`, { method: 'DELETE' })).status).toBe(200);
		expect(await everywhere(bob)).toEqual([401, 401]);
		expect(await everywhere(ada)).toEqual([200, 200]);
		const headers = { 'content-type': 'application/json' };
		const body = JSON.stringify({ sessions: 'web', subject: 'user|ada' });
		expect((await fetch(`${second}/logout`, { method: 'POST', headers, body })).status).toBe(200);
		await vi.waitFor(async () => expect(await everywhere(ada)).toEqual([401, 401]), { timeout: 1_000, interval: 20 });
		expect(both.gateways[1]?.changes.map(({ action }) => action)).toEqual(['session_end', 'logout']);

		await redis.kill();
		expect((await fetch(`${first}`)).status).toBe(503);
	},
);

test('the pages of sessions are counted like routes, over reloads too', async () => {
	const own = await startSessionRig({ file: { admin: { listen: '127.0.0.1:0' } } });
	onTestFinished(() => own.stop());
	const { gateway, origin, browser } = own;
	const counted = async () => {
		const page = readMetrics(await (await fetch(`${gateway.gateway.adminUrl}/metrics`)).text());
		const labels = { route: 'sessions.web.userinfo', provider: 'idp' };
		return [
			page.value('countersign_decisions_total', { ...labels, decision: 'deny', reason: 'session_ended' }),
			page.value('countersign_responses_total', { route: 'sessions.web.userinfo', class: '4xx' }),
		];
	};
	await browser.ask(`${origin}/auth/userinfo`);
	expect(await counted()).toEqual([1, 1]);
	gateway.write({ ...own.config, errors: { realm: 'another' } });
	await gateway.gateway.reload();
	await browser.ask(`${origin}/auth/userinfo`);
	expect(await counted()).toEqual([2, 2]);
});

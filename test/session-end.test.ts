/** When a session ends, and that everybody says the same of it: requests, the page, the operator. */
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { startSessionRig } from './support/session-rig.ts';

afterEach(() => vi.useRealTimers());

const key = 'BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE=';

test.each(['handle', 'sealed'])(
	'cookie of kind %s: without a refresh token it ends with its access token',
	async (kind) => {
		const start = Math.floor(Date.now() / 1000) * 1000;
		vi.useFakeTimers({ toFake: ['Date'], now: start });
		const rig = await startSessionRig({
			sessions: { scopes: ['read'], cookie: { kind } },
			client: { grant_types: ['authorization_code'] },
			file: {
				store: { type: 'memory', encryption_keys: [key] },
				admin: { listen: '127.0.0.1:0', insecure_changes: true },
			},
			lifetime: () => 300,
		});
		onTestFinished(() => rig.stop());
		const { browser, origin, gateway } = rig;
		await browser.logIn(`${origin}/api/x`);
		const who = async () => {
			const { status, body } = await browser.ask(`${origin}/auth/userinfo`);
			return { status, body: JSON.parse(body) as Record<string, unknown> };
		};
		const end = new Date(start + 300_000).toISOString();
		expect(await who()).toMatchObject({ status: 200, body: { expires_at: end, idle_until: end } });
		const listed = async () => {
			const page = await fetch(`${gateway.gateway.adminUrl}/sessions`);
			return ((await page.json()) as { readonly sessions: readonly unknown[] }).sessions;
		};
		expect(await listed()).toMatchObject(kind === 'handle' ? [{ ends_at: end }] : []);

		vi.setSystemTime(start + 300_000);
		const { status } = await browser.ask(`${origin}/api/x`);
		expect([status, (await who()).status, await listed()]).toEqual([401, 401, []]);
		expect(gateway.records.map(({ reason }) => reason)).toContain('session_ended');
	},
);

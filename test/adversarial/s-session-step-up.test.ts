/** More rights in the same browser: whoever knew the session of before has nothing of the one with more. */
import { expect, onTestFinished, test } from 'vitest';
import { createBrowser } from '../support/browser.ts';
import { startSessionRig } from '../support/session-rig.ts';

test.each(['handle', 'sealed'] as const)(
	'a login with more scopes has a new cookie, and the old one is dead: %s',
	async (kind) => {
		const scopes = ['read'];
		const rig = await startSessionRig({
			scopes,
			sessions: { scopes: ['read', 'write', 'offline_access'], cookie: { kind } },
			route: { scopes: ['write'] },
			file: { store: { type: 'memory', encryption_keys: ['BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE='] } },
		});
		onTestFinished(() => rig.stop());
		const { browser, origin, gateway } = rig;
		const ask = (who = browser) => who.ask(`${origin}/api/x`).then(({ status }) => status);
		await browser.logIn(`${origin}/api/x`);
		expect([await ask(), gateway.records.at(-1)?.reason]).toEqual([403, 'scope_insufficient']);
		const thief = createBrowser();
		for (const [name, value] of browser.cookies('localhost')) thief.cookies('localhost').set(name, value);
		expect(await ask(thief)).toBe(403);

		scopes.push('write');
		await browser.open(`${origin}/auth/login?return_to=/api/x`);
		expect(await ask()).toBe(200);
		const [before, after] = [thief, browser].map((each) => each.cookies('localhost').get('__Host-web'));
		expect(after).not.toBe(before);
		expect([await ask(thief), gateway.records.at(-1)?.reason]).toEqual([401, 'session_ended']);
	},
);

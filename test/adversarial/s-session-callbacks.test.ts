/** Anybody can begin a login and come back from it with codes of his own making: what that must not cost the others. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createBrowser } from '../support/browser.ts';
import { type SessionRig, startSessionRig } from '../support/session-rig.ts';

let rig: SessionRig;
let isTired = false;

beforeAll(async () => {
	rig = await startSessionRig({
		pushed: 'never',
		intercept(request, response) {
			if (!isTired || request.url !== '/token') return false;
			request.resume();
			response.writeHead(429, { 'content-type': 'application/json' }).end('{"error":"slow_down"}');
			return true;
		},
	});
});
afterAll(() => rig.stop());
afterEach(() => vi.useRealTimers());

test('made-up codes, of which the provider has had enough, keep no session from its refresh', async () => {
	const user = createBrowser();
	await user.logIn(`${rig.origin}/api/x`);

	const attacker = createBrowser();
	const begun = await attacker.ask(`${rig.origin}/auth/login`, { navigate: true });
	const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
	const issuer = encodeURIComponent(rig.provider.issuer);
	isTired = true;
	const statuses = [];
	for (let code = 0; code < 20; code++) {
		const url = `${rig.origin}/auth/callback?state=${state}&code=${code}&iss=${issuer}`;
		statuses.push((await attacker.ask(url, { navigate: true })).status);
	}
	expect(new Set(statuses)).toEqual(new Set([503]));
	isTired = false;

	vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6 * 60_000 });
	const before = rig.grants.length;
	expect((await user.ask(`${rig.origin}/api/x`)).status).toBe(200);
	expect(rig.grants.length).toBe(before + 1);
});

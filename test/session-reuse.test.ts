/** A refresh whose answer is lost leaves a used refresh token: what a provider's grace for reuse makes of it, live. */
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { type SessionRigOptions, startSessionRig } from './support/session-rig.ts';

afterEach(() => vi.useRealTimers());

/** A session whose last refresh the provider has answered, and the gateway never heard of. */
async function afterLostAnswer(options: SessionRigOptions) {
	vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
	let losing = false;
	let answered = 0;
	const rig = await startSessionRig({
		...options,
		intercept(request, response) {
			if (!losing || request.url !== '/token') return false;
			response.end = () => {
				answered++;
				request.socket.destroy();
				return response;
			};
			return false;
		},
	});
	onTestFinished(() => rig.stop());
	const ask = () => rig.browser.ask(`${rig.origin}/api/x`).then(({ status }) => status);
	await rig.browser.logIn(`${rig.origin}/api/x`);
	losing = true;
	vi.setSystemTime(Date.now() + 301_000);
	expect(await ask()).toBe(503);
	losing = false;
	expect(answered).toBeGreaterThan(0);
	return { ...rig, ask };
}

test.each(['handle', 'sealed'] as const)('within the grace the session goes on: %s', async (kind) => {
	const { ask, grants } = await afterLostAnswer({
		reuseGrace: 10,
		sessions: { cookie: { kind } },
		file: { store: { type: 'memory', encryption_keys: ['BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE='] } },
	});
	vi.setSystemTime(Date.now() + 9_000);
	const before = grants.length;
	expect(await ask()).toBe(200);
	expect(grants.length).toBe(before + 1);
	// What came of it is a refresh token like any other.
	vi.setSystemTime(Date.now() + 301_000);
	expect(await ask()).toBe(200);
});

test.each([
	['outside the grace', 10, 11_000],
	['where there is none', 0, 0],
])('%s it ends', async (_name, reuseGrace, later) => {
	const { ask, gateway } = await afterLostAnswer({ reuseGrace });
	vi.setSystemTime(Date.now() + later);
	expect(await ask()).toBe(401);
	expect(gateway.records.at(-1)).toMatchObject({
		reason: 'session_ended',
		found: 'the provider takes its refresh token no more',
	});
	expect(await ask()).toBe(401);
});

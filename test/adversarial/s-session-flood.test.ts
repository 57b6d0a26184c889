/** Logins without end: what they may cost the provider, and whom they keep out. */
import { expect, onTestFinished, test } from 'vitest';
import { createBrowser } from '../support/browser.ts';
import { type SessionRigOptions, startSessionRig } from '../support/session-rig.ts';

async function startCounting(options: SessionRigOptions) {
	const calls: string[] = [];
	const rig = await startSessionRig({
		...options,
		intercept(request) {
			if (request.url === '/request' || request.url === '/token') calls.push(request.url);
			return false;
		},
	});
	onTestFinished(() => rig.stop());
	return { ...rig, calls };
}

test('an address that begins logins without end is refused before the provider hears of it; sessions and others go on', async () => {
	const { origin, calls, gateway, browser } = await startCounting({
		sessions: { rate_limits: 'logins' },
		file: {
			rate_limits: { logins: { by: 'address', requests: 5, per: '1h' } },
			trusted_proxies: ['127.0.0.1'],
		},
	});
	// One login of a person: its two requests count.
	await browser.logIn(`${origin}/api/x`);
	const from = (address: string) => ({ navigate: true, headers: { 'x-forwarded-for': address } });
	const flood = [];
	const attacker = createBrowser();
	for (let i = 0; i < 8; i++) flood.push(await attacker.ask(`${origin}/auth/login`, from('192.0.2.7')));
	expect(flood.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303, 429, 429, 429]);
	expect(Number(flood.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(600);
	expect(gateway.records.at(-1)).toMatchObject({ reason: 'rate_limited', route: 'sessions.web.login', status: 429 });
	expect(calls.filter((path) => path === '/request')).toHaveLength(6);

	const state = new URL(flood[0]?.headers.get('location') ?? '').searchParams.get('state') ?? 'x';
	const before = calls.length;
	const back = await attacker.ask(`${origin}/auth/callback?state=${state}&code=made-up`, from('192.0.2.7'));
	expect([back.status, calls.length]).toEqual([429, before]);
	// What an attacker writes into X-Forwarded-For himself is not his address.
	const forged = await attacker.ask(`${origin}/auth/login`, from('198.51.100.1, 192.0.2.7'));
	expect(forged.status).toBe(429);

	expect((await attacker.ask(`${origin}/auth/login`, from('192.0.2.8'))).status).toBe(303);
	for (const path of ['/api/x', '/auth/userinfo']) {
		const headers = { 'x-forwarded-for': '192.0.2.7' };
		expect((await browser.ask(origin + path, { headers })).status).toBe(200);
	}
});

test('without a word in the configuration, an address has 120 requests a minute', async () => {
	const { origin, calls } = await startCounting({});
	const statuses: number[] = [];
	const ask = () => createBrowser().ask(`${origin}/auth/callback`, { navigate: true });
	for (let i = 0; i < 8; i++) {
		statuses.push(...(await Promise.all(Array.from({ length: 25 }, ask))).map(({ status }) => status));
	}
	expect(new Set(statuses.slice(0, 100))).toEqual(new Set([400]));
	const passed = statuses.filter((status) => status === 400).length;
	// Two more come with every second.
	expect(passed).toBeGreaterThanOrEqual(120);
	expect(passed).toBeLessThan(160);
	expect(statuses.filter((status) => status === 429).length).toBe(200 - passed);
	expect(calls).toEqual([]);
});

test('a limit by address that holds everywhere holds on logins', async () => {
	const { origin } = await startCounting({
		file: { rate_limits: { all: { by: 'address', requests: 3, per: '1h', everywhere: true } } },
	});
	const statuses = [];
	for (let i = 0; i < 4; i++) {
		statuses.push((await createBrowser().ask(`${origin}/auth/callback`, { navigate: true })).status);
	}
	expect(statuses).toEqual([400, 400, 400, 429]);
});

/**
 * A real browser: logs in at the provider's own page, calls the API from the page while its access token runs out, logs
 * out, is refused. Nothing that the browser ever holds, receives or asks for has a token in it.
 */
import type { ServerResponse } from 'node:http';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasChromium, launchChromium } from './support/chromium.ts';
import { startSessionRig } from './support/session-rig.ts';

/** Notes every token that the provider gives out. */
function noteTokens(response: ServerResponse, tokens: Set<string>): void {
	const end = response.end.bind(response);
	response.end = ((chunk?: unknown, ...rest: never[]) => {
		const text = typeof chunk === 'string' ? chunk : Buffer.isBuffer(chunk) ? chunk.toString() : '';
		for (const [, token = ''] of text.matchAll(/"(?:access_token|refresh_token|id_token)":"([^"]+)"/g))
			tokens.add(token);
		return end(chunk as string, ...rest);
	}) as typeof response.end;
}

/** Every URL that the page asks for, at the provider too, and whatever the browser lets anybody read of the answers. */
function traceOf(page: Page): { text(): Promise<string> } {
	const pieces: Promise<string>[] = [];
	page.on('requestfinished', (request) => {
		pieces.push(Promise.resolve(`${request.url()}\n${request.postData() ?? ''}`));
		const body = request.response().then(async (response) => (await response?.body())?.toString() ?? '');
		// Those of pages that were left are gone; of the gateway’s, the wire has them all.
		pieces.push(body.catch(() => ''));
	});
	return { text: async () => (await Promise.all(pieces)).join('\n') };
}

describe.skipIf(!hasChromium)('a real browser', () => {
	test.each(['handle', 'sealed'] as const)('cookie of kind %s', { timeout: 60_000 }, async (kind) => {
		const tokens = new Set<string>();
		const rig = await startSessionRig({
			sessions: { cookie: { kind } },
			file: { store: { type: 'memory', encryption_keys: ['BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE='] } },
			tapped: true,
			lifetime: () => 2,
			intercept(request, response) {
				if (request.url === '/token') noteTokens(response, tokens);
				return false;
			},
		});
		onTestFinished(() => rig.stop());
		const browser = await launchChromium();
		onTestFinished(() => browser.close());
		const context = await browser.newContext();
		context.setDefaultTimeout(15_000);
		const page = await context.newPage();
		const trace = traceOf(page);
		const held: string[] = [];
		const look = async () => {
			held.push(
				await page.evaluate<string>(
					'JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}, location.href])',
				),
				JSON.stringify(await context.cookies()),
			);
		};
		const call = () =>
			page.evaluate(async () => (await fetch('/api/things', { headers: { 'x-csrf': '1' }, method: 'POST' })).status);

		await page.goto(`${rig.origin}/`);
		expect(await call()).toBe(401);
		await page.goto(`${rig.origin}/api/page`);
		await look();
		await page.fill('input[name=name]', 'ada');
		await page.click('button');
		await page.waitForURL(`${rig.origin}/api/page`);
		await page.goto(`${rig.origin}/`);
		await look();

		const cookies = await context.cookies(rig.origin);
		const [cookie] = cookies.filter(({ name }) => name === '__Host-web');
		expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/', domain: 'localhost' });

		const statuses = new Set<number>();
		const began = Date.now();
		while (Date.now() - began < 3_000) {
			statuses.add(await call());
			await page.waitForTimeout(100);
		}
		expect([...statuses]).toEqual([200]);
		// Those of the login, and at least two refreshes with an access and a refresh token each.
		expect(tokens.size).toBeGreaterThanOrEqual(7);
		const who = await page.evaluate(async () => (await fetch('/auth/userinfo')).json());
		expect(who).toMatchObject({ subject: 'user|ada', claims: { name: 'ada' } });
		await look();

		const target = await page.evaluate(async () => {
			const answer = await fetch('/auth/logout', { method: 'POST' });
			return ((await answer.json()) as { location: string }).location;
		});
		await page.goto(target);
		await look();
		await page.click('button');
		await page.waitForURL(`${rig.origin}/`);
		expect(await call()).toBe(401);
		await look();

		const all = [...held, await trace.text(), rig.tap?.text() ?? ''].join('\n');
		expect(rig.tap?.text()).toContain('GET /auth/callback?code=');
		expect(all).toContain('user|ada');
		for (const token of tokens) {
			for (const part of [token, ...token.split('.')].filter(({ length }) => length >= 16)) {
				// The header of a JWT is the same for all, and is looked for as well.
				expect(all.includes(part), 'a token, or a part of one, in the browser').toBe(false);
			}
		}
		expect(held[0]).toContain('["",{},{}');
	});
});

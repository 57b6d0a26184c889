/** What could become of a session's cookies on their way: kept by a cache, written by a backend, too many, or for another host. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Browser, createBrowser } from '../support/browser.ts';
import { type RecordingUpstream, recordingUpstream } from '../support/recording-upstream.ts';
import { type SessionRig, startSessionRig } from '../support/session-rig.ts';

const key = 'BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE=';

describe('beside what the backend says', () => {
	let rig: SessionRig;
	let backend: RecordingUpstream;
	let said: readonly (readonly [string, string | string[]])[] = [];

	beforeAll(async () => {
		backend = await recordingUpstream({
			closedBy: 'caller',
			answer(_request, response) {
				for (const [name, value] of said) response.setHeader(name, value);
				response.end('x');
			},
		});
		rig = await startSessionRig({
			sessions: { cookie: { kind: 'sealed' } },
			file: { store: { type: 'memory', encryption_keys: [key] } },
			route: { upstream: backend.url },
		});
	});
	afterAll(async () => {
		await rig.stop();
		await backend.close();
	});
	afterEach(() => {
		said = [];
		vi.useRealTimers();
	});

	test('an answer with a session’s new cookie is kept by no cache, whatever the backend says of its own', async () => {
		vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
		const browser = createBrowser();
		await browser.logIn(`${rig.origin}/api/x`);
		said = [['cache-control', 'public, max-age=600']];
		const plain = await browser.ask(`${rig.origin}/api/x`);
		expect([plain.setCookies.length, plain.headers.get('cache-control')]).toEqual([0, 'public, max-age=600']);
		// A tenth of the idle time, after which the time of use is written anew.
		vi.setSystemTime(Date.now() + 4 * 60_000);
		const renewed = await browser.ask(`${rig.origin}/api/x`);
		expect(renewed.setCookies[0]).toMatch(/^__Host-web=/);
		expect(renewed.headers.get('cache-control')).toBe('no-store');
	});

	test('no backend plants, replaces or removes a session or a login', async () => {
		const browser = createBrowser();
		await browser.logIn(`${rig.origin}/api/x`);
		const before = new Map(browser.cookies('localhost'));
		const planted = 'x; Path=/; Secure; HttpOnly';
		said = [
			[
				'set-cookie',
				[
					`__Host-web=${planted}`,
					` __Host-web =${planted}`,
					`=__Host-web=${planted}`,
					`__Host-web.1=${planted}`,
					`__Host-web.login3=${planted}`,
					'__Host-web=; Path=/; Secure; Max-Age=0',
					'theirs=1; Path=/',
					'__Host-website=1; Path=/; Secure',
				],
			],
		];
		for (const path of ['/api/x', '/']) {
			const answer = await browser.ask(`${rig.origin}${path}`);
			const expected = path === '/' ? [] : ['theirs=1; Path=/', '__Host-website=1; Path=/; Secure'];
			expect(answer.setCookies).toEqual(expected);
		}
		for (const [name, value] of before) expect(browser.cookies('localhost').get(name)).toBe(value);
	});
});

describe('logins under way', () => {
	let rig: SessionRig;
	const headersOf = (browser: Browser) =>
		[...browser.cookies('localhost')].map(([name, value]) => `${name}=${value}`).join('; ');
	beforeAll(async () => {
		rig = await startSessionRig();
	});
	afterAll(() => rig.stop());

	test('as many as there may be, each with the longest way back, leave room for requests', async () => {
		const browser = createBrowser();
		for (const length of [980, 1_980]) {
			for (let tab = 0; tab < 9; tab++) {
				const query = 'x'.repeat(length);
				await browser.ask(`${rig.origin}/auth/login?return_to=/api/x?${query}`, { navigate: true });
			}
			// Beside a session in four pieces of 3,600 characters, half of the 32 KiB of a head are left.
			expect(browser.cookies('localhost').size).toBe(8);
			expect(headersOf(browser).length).toBeLessThan(16_384);
		}
		expect((await browser.ask(`${rig.origin}/api/x`)).status).toBe(401);
	});

	test('eight tabs that begin one after another end one after another', async () => {
		const browser = createBrowser();
		const begun: string[] = [];
		for (let tab = 0; tab < 8; tab++) {
			const answer = await browser.ask(`${rig.origin}/auth/login?return_to=/api/${tab}`, { navigate: true });
			begun.push(answer.headers.get('location') ?? '');
		}
		const ends = [];
		for (const [tab, url] of begun.entries()) ends.push([tab, (await browser.logIn(url)).url]);
		expect(ends).toEqual(begun.map((_, tab) => [tab, `${rig.origin}/api/${tab}`]));
	});

	test('a page of another host of the gateway is sent to the login where that is, not round in circles', async () => {
		const browser = createBrowser();
		const elsewhere = `http://other.example:${new URL(rig.origin).port}`;
		const page = await browser.ask(`${elsewhere}/api/x`, { navigate: true });
		expect([page.status, page.headers.get('location')]).toEqual([302, `${rig.origin}/auth/login?return_to=%2Fapi%2Fx`]);
	});
});

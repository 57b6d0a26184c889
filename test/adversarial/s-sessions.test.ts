/** Attacks on browser sessions, over real sockets and against a real provider. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Browser, createBrowser } from '../support/browser.ts';
import { rawClient } from '../support/raw-client.ts';
import { type SessionRig, startSessionRig } from '../support/session-rig.ts';

const key = 'BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE=';
const csrf = { 'x-csrf': '1' };

describe.each(['handle', 'sealed'] as const)('cookie of kind %s', (kind) => {
	let rig: SessionRig;
	let browser: Browser;
	const cookiesOf = (of: Browser) => of.cookies('localhost');
	const api = () => `${rig.origin}/api/x`;
	const lastReason = () => rig.gateway.records.at(-1)?.reason;
	const lastFound = () => rig.gateway.records.at(-1)?.found;

	beforeAll(async () => {
		rig = await startSessionRig({
			sessions: { cookie: { kind }, return_to: ['/api/**', '/'] },
			file: { store: { type: 'memory', encryption_keys: [key] } },
		});
	});
	afterAll(() => rig.stop());
	beforeEach(() => {
		browser = createBrowser();
	});

	/** A login up to the way back: the URL with which the browser would come back. */
	async function callbackOf(who: Browser, name = 'ada'): Promise<string> {
		const begun = await who.ask(`${rig.origin}/auth/login`, { navigate: true });
		let url = begun.headers.get('location') ?? '';
		for (let hops = 0; !url.startsWith(`${rig.origin}/auth/callback`); hops++) {
			if (hops > 10) throw new Error(`lost at ${url}`);
			const page = await who.ask(url, { navigate: true });
			const headers = { 'content-type': 'application/x-www-form-urlencoded' };
			const answer =
				page.status === 200
					? await who.ask(url, { navigate: true, method: 'POST', headers, body: `name=${name}` })
					: page;
			url = new URL(answer.headers.get('location') ?? '', url).href;
		}
		return url;
	}

	test('login forgery: the answer to the attacker’s login makes no session in another browser', async () => {
		const attacker = createBrowser();
		const url = await callbackOf(attacker, 'mallory');
		const answer = await browser.open(url);
		expect([answer.status, lastReason()]).toEqual([400, 'login_failed']);
		expect(lastFound()).toBe('this browser has begun no login, or too long ago');
		expect(cookiesOf(browser).has('__Host-web')).toBe(false);
		// Nor with a login of its own under way.
		await browser.ask(`${rig.origin}/auth/login`, { navigate: true });
		await browser.open(url);
		expect(cookiesOf(browser).has('__Host-web')).toBe(false);
	});

	test('code injection: the attacker’s code in the victim’s login is refused by PKCE', async () => {
		const stolen = new URL(await callbackOf(createBrowser(), 'mallory')).searchParams.get('code') ?? '';
		const own = new URL(await callbackOf(browser));
		own.searchParams.set('code', stolen);
		const answer = await browser.open(own.href);
		expect([answer.status, lastFound()]).toEqual([400, 'the login was refused: invalid_grant']);
		expect(cookiesOf(browser).has('__Host-web')).toBe(false);
	});

	test.each<[string, (url: URL) => void]>([
		['another state', (url) => url.searchParams.set('state', `x${url.searchParams.get('state')}`)],
		['no state', (url) => url.searchParams.delete('state')],
		['two states', (url) => url.searchParams.append('state', 'x')],
		['mix-up: the answer of another issuer', (url) => url.searchParams.set('iss', 'https://evil.example')],
		['mix-up: no issuer', (url) => url.searchParams.delete('iss')],
		['two codes', (url) => url.searchParams.append('code', 'x')],
		['no code', (url) => url.searchParams.delete('code')],
		['an error', (url) => url.searchParams.set('error', 'access_denied')],
		['an error that is markup', (url) => url.searchParams.set('error', '<script>alert(1)</script>')],
		['a response of another kind', (url) => url.searchParams.set('response', 'x.y.z')],
		['an ID token in the URL', (url) => url.searchParams.set('id_token', 'x.y.z')],
	])('callback with %s makes no session', async (_name, alter) => {
		const url = new URL(await callbackOf(browser));
		alter(url);
		const answer = await browser.open(url.href);
		expect([answer.status, lastReason()]).toEqual([400, 'login_failed']);
		expect(answer.body).not.toContain('<');
		expect(cookiesOf(browser).has('__Host-web')).toBe(false);
	});

	test('an answer is good once', async () => {
		const url = await callbackOf(browser);
		expect((await browser.ask(url, { navigate: true })).status).toBe(303);
		expect((await browser.ask(url, { navigate: true })).status).toBe(400);
	});

	test('a login that a person refuses, or that is nobody’s, ends as 400', async () => {
		const begun = await browser.open(`${rig.origin}/auth/login`);
		const headers = { 'content-type': 'application/x-www-form-urlencoded' };
		const answer = await browser.open(begun.url, { method: 'POST', headers, body: 'name=NOBODY1' });
		expect([answer.status, lastFound()]).toEqual([400, 'the login was refused: access_denied']);
	});

	test.each([
		'//evil.example/',
		'/\\evil.example/',
		'https://evil.example/',
		'https:evil.example',
		'/%2f%2fevil.example',
		'/api/..//evil.example',
		'/api/\r\nlocation: https://evil.example',
		'javascript:alert(1)',
		'/elsewhere',
		'/auth/logout',
		'/auth/login?return_to=/auth/login',
		`/api/${'x'.repeat(3_000)}`,
	])('return_to %j leads to the usual page', async (target) => {
		const answer = await browser.logIn(`${rig.origin}/auth/login?return_to=${encodeURIComponent(target)}`);
		expect(answer.url).toBe(`${rig.origin}/`);
	});

	test('fixation: a cookie that was planted before the login is not the session’s', async () => {
		const attacker = createBrowser();
		await attacker.logIn(api(), 'mallory');
		for (const [name, value] of cookiesOf(attacker)) cookiesOf(browser).set(name, value);
		await browser.logIn(`${rig.origin}/auth/login?return_to=/api/x`, 'ada');
		expect((await browser.ask(api())).status).toBe(200);
		expect(rig.upstream.requests.at(-1)?.values('x-user')).toEqual(['user|ada']);
		// The attacker's own session ended with it, and the new one is not known to him.
		expect((await attacker.ask(api())).status).toBe(401);
	});

	test('a cookie that was altered anywhere is none', async () => {
		await browser.logIn(api());
		const good = cookiesOf(browser).get('__Host-web') ?? '';
		const step = Math.max(1, Math.floor(good.length / 24));
		for (let i = 0; i < good.length; i += step) {
			const other = good[i] === 'A' ? 'B' : 'A';
			cookiesOf(browser).set('__Host-web', good.slice(0, i) + other + good.slice(i + 1));
			const { status } = await browser.ask(api());
			// The last character of Base64 has bits that say nothing; it must be read in one way all the same.
			expect(status, `octet ${i}`).toBe(401);
		}
		for (const bad of ['', good.slice(0, -1), `${good}A`, `${good}${good}`, '1~', '9~x', '4~x', '0~x']) {
			cookiesOf(browser).set('__Host-web', bad);
			expect((await browser.ask(api())).status, bad.slice(0, 10)).toBeOneOf([400, 401]);
		}
	});

	test('the cookie of a login is no session, and a session is no login', async () => {
		const url = await callbackOf(browser);
		const jar = cookiesOf(browser);
		const [place, sealed] = [...jar].find(([name]) => name.includes('.login')) ?? ['', ''];
		jar.set('__Host-web', sealed);
		expect((await browser.ask(api())).status).toBe(401);
		await browser.open(url);
		const session = jar.get('__Host-web') ?? '';
		jar.set(place, session);
		expect((await browser.ask(url, { navigate: true })).status).toBe(400);
	});

	test('the same cookie twice, in one field or in two, is refused', async () => {
		await browser.logIn(api());
		const good = cookiesOf(browser).get('__Host-web') ?? '';
		for (const lines of [
			`cookie: __Host-web=${good}; __Host-web=${good}`,
			`cookie: __Host-web=${good}\r\ncookie: a=b`,
		]) {
			const client = await rawClient(rig.gateway.url);
			client.send(`GET /api/x HTTP/1.1\r\nhost: localhost\r\n${lines}\r\n\r\n`);
			expect((await client.response()).status).toBe(400);
			client.destroy();
		}
	});

	test('an oversized cookie is refused before anybody reads it', async () => {
		const client = await rawClient(rig.gateway.url);
		client.send(`GET /api/x HTTP/1.1\r\nhost: localhost\r\ncookie: __Host-web=${'A'.repeat(60_000)}\r\n\r\n`);
		expect((await client.response()).status).toBe(431);
		client.destroy();
		cookiesOf(browser).set('__Host-web', 'A'.repeat(25_000));
		expect((await browser.ask(api())).status).toBe(401);
	});

	test.each<[string, Record<string, string>]>([
		['of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', ...csrf }],
		['of a sibling domain', { origin: 'https://other.example.com', 'sec-fetch-site': 'same-site', ...csrf }],
		['of another port', { origin: 'http://localhost:1', 'sec-fetch-site': 'same-site', ...csrf }],
		['of a sandboxed frame', { origin: 'null', ...csrf }],
		['that contradicts itself', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin', ...csrf }],
		['that a person began', { 'sec-fetch-site': 'none', ...csrf }],
		['without the header', {}],
	])('an unsafe request %s is refused, and reaches no upstream', async (_name, headers) => {
		await browser.logIn(api());
		const arrived = rig.upstream.requests.length;
		for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PURGE']) {
			const answer = await browser.ask(api(), { method, headers });
			expect([answer.status, lastReason()]).toEqual([403, 'request_forged']);
		}
		expect(rig.upstream.requests.length).toBe(arrived);
	});

	test('an unsafe request that says nothing of where it comes from is refused', async () => {
		await browser.logIn(api());
		const cookie = [...cookiesOf(browser)].map((pair) => pair.join('=')).join('; ');
		const client = await rawClient(rig.gateway.url);
		client.send(
			`POST /api/x HTTP/1.1\r\nhost: localhost\r\ncookie: ${cookie}\r\nx-csrf: 1\r\ncontent-length: 0\r\n\r\n`,
		);
		expect((await client.response()).status).toBe(403);
		client.destroy();
	});

	test.each([
		['another site', 'https://evil.example', 403],
		['nobody', undefined, 403],
	])('a WebSocket of %s', async (_name, origin, status) => {
		await browser.logIn(api());
		const cookie = [...cookiesOf(browser)].map((pair) => pair.join('=')).join('; ');
		const client = await rawClient(rig.gateway.url);
		client.send(
			`GET /api/x HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${origin === undefined ? '' : `origin: ${origin}\r\n`}cookie: ${cookie}\r\n\r\n`,
		);
		expect((await client.response()).status).toBe(status);
		client.destroy();
	});

	test('logout of another site is refused, and of the own one without a session does nothing', async () => {
		await browser.logIn(api());
		const forged = await browser.ask(`${rig.origin}/auth/logout`, { method: 'POST', from: 'https://evil.example' });
		expect([forged.status, lastReason()]).toEqual([403, 'request_forged']);
		expect((await browser.ask(api())).status).toBe(200);
		expect((await browser.ask(`${rig.origin}/auth/logout`, { navigate: true })).status).toBe(405);
		const other = await createBrowser().ask(`${rig.origin}/auth/logout`, { method: 'POST' });
		expect(JSON.parse(other.body)).toEqual({ location: `${rig.origin}/` });
	});

	test.each(['/auth/userinfo/', '/auth/%75serinfo', '/AUTH/userinfo', '//auth/userinfo'])(
		'%s is none of the pages',
		async (path) => {
			await browser.logIn(api());
			expect((await browser.ask(`${rig.origin}${path}`)).status).toBeOneOf([400, 404]);
		},
	);

	test('under another host name the pages are not there', async () => {
		const client = await rawClient(rig.gateway.url);
		client.send('GET /auth/login HTTP/1.1\r\nhost: evil.example\r\n\r\n');
		expect((await client.response()).status).toBe(404);
		client.destroy();
	});

	test('what is no logout token ends nothing', async () => {
		await browser.logIn(api());
		const headers = { 'content-type': 'application/x-www-form-urlencoded' };
		for (const body of [
			'',
			'logout_token=',
			'logout_token=a&logout_token=b',
			'logout_token=e30.e30.x',
			`logout_token=${'x'.repeat(60_000)}`,
		]) {
			const answer = await browser.ask(`${rig.origin}/auth/backchannel-logout`, { method: 'POST', headers, body });
			expect(answer.status, body.slice(0, 20)).toBe(400);
		}
		const large = await browser.ask(`${rig.origin}/auth/backchannel-logout`, {
			method: 'POST',
			headers,
			body: 'x'.repeat(70_000),
		});
		expect(large.status).toBe(413);
		expect((await browser.ask(api())).status).toBe(200);
	});

	test('neither cookie nor token in any record or log line', () => {
		const text = [JSON.stringify(rig.gateway.records), ...rig.gateway.log].join('\n');
		expect(text).not.toMatch(/eyJ[\w-]{10}|return_to|code=|state=/);
	});
});

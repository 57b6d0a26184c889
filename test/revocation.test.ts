/** Revoking on a running gateway: admin API, command line, logout tokens; what is denied, who may, and what is on record. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { backChannelLogout } from '#revocation/security-events';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { freePort } from './support/redis-server.ts';
import { testKey, twinOf } from './support/sign-jws.ts';
import { writeIn } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

let provider: TestProvider;
let upstream: RecordingUpstream;
let gateway: TestGateway;

const config = (rest: Record<string, unknown> = {}) => ({
	admin: { listen: '127.0.0.1:0', auth: { provider: 'idp', scopes: ['gateway:admin'], audience: 'admin' } },
	revocation: { logout: { idp: { audience: 'gateway-client' } } },
	providers: { idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' } },
	routes: [
		{ name: 'orders', path: '/orders', upstream: upstream.url },
		{ name: 'health', path: '/health', public: true, upstream: upstream.url },
	],
	...rest,
});

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('RS256'), testKey('ES256')] });
	upstream = await recordingUpstream({ closedBy: 'caller' });
	gateway = await startTestGateway(config());
});
afterAll(async () => {
	await gateway.stop();
	await upstream.close();
	await provider.stop();
});

/** As records name whoever has the admin token. */
const operator = 'operator (client client-1) of idp';
const adminToken = (claims: Record<string, unknown> = {}) =>
	provider.issue({ aud: 'admin', scope: 'gateway:admin', sub: 'operator', ...claims });

async function admin(method: string, path: string, body?: unknown, token: string | undefined = adminToken()) {
	const response = await fetch(new URL(path, gateway.gateway.adminUrl), {
		method,
		headers: {
			...(token === '' ? {} : { authorization: `Bearer ${token}` }),
			...(body === undefined ? {} : { 'content-type': 'application/json' }),
		},
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

async function call(token: string, from: TestGateway = gateway): Promise<number> {
	const response = await fetch(`${from.url}/orders`, { headers: { authorization: `Bearer ${token}` } });
	await response.arrayBuffer();
	return response.status;
}

const reasons = () => gateway.records.map(({ reason }) => reason);

test('each way to say it: denied at once, also for a token that is known to be genuine, and not its neighbour', async () => {
	const issuer = provider.issuer;
	const cases: readonly [Record<string, unknown>, Record<string, unknown>, Record<string, unknown>][] = [
		[{ subject: 'alice' }, { sub: 'alice' }, { sub: 'bob' }],
		[{ client: 'app-1', issuer }, { client_id: 'app-1' }, { client_id: 'app-2' }],
		[{ session: 's-1', provider: 'idp' }, { sid: 's-1' }, { sid: 's-2' }],
		[{ jti: 'j-1' }, { jti: 'j-1' }, { jti: 'j-2' }],
	];
	for (const [asked, denied, spared] of cases) {
		const [bad, good] = [provider.issue(denied), provider.issue(spared)];
		expect([await call(bad), await call(good)]).toEqual([200, 200]);
		const made = await admin('POST', '/revocations', asked);
		expect(made).toMatchObject({ status: 201, body: { durable: true, by: operator } });
		expect([await call(bad), await call(good)], JSON.stringify(asked)).toEqual([401, 200]);
		expect(reasons()).toContain('token_revoked');
		expect((await admin('DELETE', `/revocations/${String(made.body['id'])}`)).status).toBe(200);
		expect(await call(bad)).toBe(200);
	}
});

test('by key, and by the time of issue', async () => {
	const [rs, es] = [provider.issue({}), provider.issue({}, { key: testKey('ES256') })];
	const byKey = await admin('POST', '/revocations', { kid: testKey('ES256').kid });
	expect([await call(rs), await call(es)]).toEqual([200, 401]);
	const old = provider.issue({ sub: 'carol', iat: Math.floor(Date.now() / 1000) - 100 });
	const young = provider.issue({ sub: 'carol', iat: Math.floor(Date.now() / 1000) + 1 });
	const before = await admin('POST', '/revocations', { subject: 'carol', issued_before: 'now' });
	expect([await call(old), await call(young)]).toEqual([401, 200]);
	for (const { body } of [byKey, before]) await admin('DELETE', `/revocations/${String(body['id'])}`);
});

test('B08: revoked by digest, and so is its ES256 twin', async () => {
	const token = provider.issue({ sub: 'twin' }, { key: testKey('ES256') });
	const twin = twinOf(token);
	expect([await call(token), await call(twin)]).toEqual([200, 200]);
	const file = writeIn(gateway.folder, 'token.txt', `${token}\n`);
	const adminFile = writeIn(gateway.folder, 'admin.txt', adminToken());
	const said = await run('--token-file', file, '--admin-token-file', adminFile);
	expect(said).toMatch(/^revoked until .*Z, id [\w-]{22}, revision \d+\n$/);
	expect([await call(token), await call(twin)]).toEqual([401, 401]);
	const listed = await run('--list', '--admin-token-file', adminFile);
	expect(listed).toContain('digest ');
	expect(listed).toMatch(/^gateway .*: revision \d+, seen /m);
	for (const part of token.split('.'))
		expect(listed + gateway.log.join('\n') + JSON.stringify(gateway.changes)).not.toContain(part);
});

const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
async function run(...args: readonly string[]): Promise<string> {
	const node = ['--conditions=countersign-source', main, 'revoke', '--admin', gateway.gateway.adminUrl ?? '', ...args];
	return (await promisify(execFile)(process.execPath, node)).stdout;
}

test('who may, and what makes no sense', async () => {
	expect((await admin('POST', '/revocations', { subject: 'x' }, '')).status).toBe(401);
	expect((await admin('GET', '/revocations', undefined, provider.issue())).status).toBe(401);
	expect((await admin('POST', '/revocations', { subject: 'x' }, adminToken({ scope: 'other' }))).status).toBe(403);
	for (const body of [
		{},
		{ subject: 7 },
		{ subject: 'x', provider: 'nobody' },
		{ subject: 'x', issuer: 'https://typo/' },
	]) {
		expect((await admin('POST', '/revocations', body)).status, JSON.stringify(body)).toBe(400);
	}
	expect((await admin('DELETE', '/revocations/none')).status).toBe(404);
	expect((await admin('DELETE', '/revocations')).status).toBe(405);
	// A token of the operator's that was revoked opens the admin listener no more.
	const leaked = adminToken({ jti: 'leaked' });
	expect((await admin('POST', '/revocations', { jti: 'leaked' }, leaked)).status).toBe(201);
	expect((await admin('GET', '/revocations', undefined, leaked)).status).toBe(401);
});

test('without a guard nothing is changed, unless the configuration says so; without a bound it says until when', async () => {
	const { admin: _, ...rest } = config({
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
	});
	for (const [extra, status] of [
		[{}, 403],
		[{ insecure_changes: true }, 201],
	] as const) {
		const own = await startTestGateway({ ...rest, admin: { listen: '127.0.0.1:0', ...extra } });
		onTestFinished(() => own.stop());
		const post = (body: unknown) =>
			fetch(new URL('/revocations', own.gateway.adminUrl), {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(body),
			});
		expect((await post({ subject: 'x', until: '1h' })).status).toBe(status);
		if (status === 201) expect(await (await post({ subject: 'x' })).text()).toContain('say until when');
		expect((await fetch(new URL('/revocations', own.gateway.adminUrl))).status).toBe(200);
	}
});

test('every change is on record: who, what, and nothing secret', async () => {
	const before = gateway.changes.length;
	const { body } = await admin('POST', '/revocations', { subject: 'dave', note: 'lost phone' });
	await admin('DELETE', `/revocations/${String(body['id'])}`);
	expect(gateway.changes.slice(before)).toMatchObject([
		{
			event: 'change',
			action: 'revoke',
			by: operator,
			kind: 'subject',
			issuer: provider.issuer,
			value: 'dave',
		},
		{ event: 'change', action: 'lift', id: body['id'] },
	]);
	const metrics = (await gateway.gateway.metrics()).body;
	expect(metrics).toMatch(/^countersign_revocations \d+$/m);
	expect(metrics).toMatch(/^countersign_store_stale 0$/m);
});

async function logout(token: string | readonly string[], path = '/logout/idp'): Promise<number> {
	const body = new URLSearchParams([token].flat().map((one): [string, string] => ['logout_token', one]));
	const response = await fetch(new URL(path, gateway.gateway.adminUrl), { method: 'POST', body });
	return response.status;
}

const logoutToken = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
	provider.issue(
		{
			aud: 'gateway-client',
			sub: 'erin',
			sid: 'e-1',
			jti: crypto.randomUUID(),
			events: { [backChannelLogout]: {} },
			...claims,
		},
		{ header: { typ: 'logout+jwt', ...header }, lifetime: 120 },
	);

test('back-channel logout: ends the session and the earlier tokens of the subject, once', async () => {
	const past = Math.floor(Date.now() / 1000) - 30;
	const session = provider.issue({ sub: 'erin', sid: 'e-1', iat: past });
	const bare = provider.issue({ sub: 'erin', iat: past });
	const other = provider.issue({ sub: 'frank', sid: 'f-1', iat: past });
	expect([await call(session), await call(bare), await call(other)]).toEqual([200, 200, 200]);
	const token = logoutToken();
	expect(await logout(token)).toBe(200);
	expect([await call(session), await call(bare), await call(other)]).toEqual([401, 401, 200]);
	const renewed = Math.floor(Date.now() / 1000) + 2;
	expect(await call(provider.issue({ sub: 'erin', sid: 'e-1', iat: renewed }))).toBe(401);
	expect(await call(provider.issue({ sub: 'erin', sid: 'e-2', iat: renewed }))).toBe(200);
	expect(await logout(token)).toBe(400);
	expect(gateway.changes.at(-1)).toMatchObject({ action: 'logout', by: 'provider idp', session: 'e-1' });
	// A logout token is no access token, whoever signed it.
	expect(await call(logoutToken({ aud: provider.audience }))).toBe(401);
});

test('back-channel logout: what does not count changes nothing', async () => {
	const before = gateway.changes.length;
	expect(await logout(logoutToken({}, { typ: 'JWT' }))).toBe(400);
	expect(await logout(logoutToken({ aud: 'other' }))).toBe(400);
	expect(await logout(logoutToken({ nonce: 'n' }))).toBe(400);
	expect(await logout(logoutToken({ iss: 'https://evil.example.com/' }))).toBe(400);
	expect(await logout(provider.issue({}, { key: testKey('RS256', 'stranger') }))).toBe(400);
	expect(await logout('garbage')).toBe(400);
	expect(await logout([logoutToken(), logoutToken()])).toBe(400);
	expect(await logout(logoutToken(), '/logout/nobody')).toBe(400);
	expect(await logout(logoutToken(), '/logout')).toBe(401);
	expect(gateway.changes.length).toBe(before);
});

test('back-channel logout as the guide has it: by a route to the admin listener', async () => {
	const { admin: guarded, routes } = config();
	const listen = `127.0.0.1:${await freePort()}`;
	const own = await startTestGateway({
		...config(),
		admin: { ...guarded, listen },
		routes: [...routes, { path: '/logout/idp', methods: ['POST'], public: true, upstream: `http://${listen}` }],
	});
	onTestFinished(() => own.stop());
	const session = provider.issue({ sub: 'grace', sid: 'g-1' });
	expect(await call(session, own)).toBe(200);
	const send = async (token: string) => {
		const body = new URLSearchParams({ logout_token: token });
		const response = await fetch(`${own.url}/logout/idp`, { method: 'POST', body });
		return [response.status, response.headers.get('cache-control')];
	};
	expect(await send(logoutToken({ sub: 'grace', sid: 'g-1' }))).toEqual([200, 'no-store']);
	expect(await call(session, own)).toBe(401);
	expect(await send('garbage')).toEqual([400, 'no-store']);
	// The route leads to that page, and to no other.
	expect((await fetch(`${own.url}/revocations`)).status).toBe(404);
});

test('a long list comes in pages, the latest first, and the command line shows all of it', async () => {
	const own = await startTestGateway({
		...config(),
		admin: { listen: '127.0.0.1:0', insecure_changes: true },
		store: { type: 'memory' },
	});
	onTestFinished(() => own.stop());
	const { adminUrl } = own.gateway;
	const headers = { 'content-type': 'application/json' };
	for (let n = 0; n < 1_001; n++) {
		const body = JSON.stringify({ jti: `j-${n}`, provider: 'idp' });
		expect((await fetch(`${adminUrl}/revocations`, { method: 'POST', headers, body })).status).toBe(201);
	}
	interface Listing {
		readonly count: number;
		readonly next_cursor?: string;
		readonly revocations: readonly { readonly id: string; readonly jti: string; readonly at: string }[];
	}
	const ask = async (query: string) => (await (await fetch(`${adminUrl}/revocations${query}`)).json()) as Listing;
	const first = await ask('?limit=400');
	expect([first.count, first.revocations.length]).toEqual([1_001, 400]);
	// What is lifted meanwhile, even the last one of a page, hides none of the others.
	const gone = first.revocations.at(-1)?.id;
	expect((await fetch(`${adminUrl}/revocations/${gone}`, { method: 'DELETE' })).status).toBe(200);
	const second = await ask(`?limit=1000&cursor=${first.next_cursor}`);
	expect([second.revocations.length, second.next_cursor]).toEqual([601, undefined]);
	const all = [...first.revocations, ...second.revocations];
	expect(new Set(all.map(({ jti }) => jti)).size).toBe(1_001);
	const times = all.map(({ at }) => at);
	expect(times).toEqual(times.toSorted().toReversed());
	for (const query of ['?cursor=1', '?cursor=x.y', '?subject=x', '?limit=0']) {
		expect([query, (await fetch(`${adminUrl}/revocations${query}`)).status]).toEqual([query, 400]);
	}
	// One more than fits on one page.
	const again = JSON.stringify({ jti: 'again', provider: 'idp' });
	await fetch(`${adminUrl}/revocations`, { method: 'POST', headers, body: again });
	const listed = await run('--admin', adminUrl ?? '', '--list', '--json');
	const { revocations, ...rest } = JSON.parse(listed) as Listing;
	expect([revocations.length, rest.count, rest.next_cursor]).toEqual([1_001, 1_001, undefined]);
});

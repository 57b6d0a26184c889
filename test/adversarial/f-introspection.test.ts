/** Group F: introspection (F01, F02, F04–F06, F08–F10, F13–F15), and of group G what concerns it (G02, G08). */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { loadConfigText } from '#config/load';
import { systemClock } from '#runtime/node/clock';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { type IntrospectionServer, startIntrospectionServer } from '../support/introspection-server.ts';
import { exchange } from '../support/raw-client.ts';
import { testKey } from '../support/sign-jws.ts';
import { createTestProvider } from '../support/test-provider.ts';

const api = 'https://api.example.com';
const secret = 'p:a%s+s w€rd&=';

let server: IntrospectionServer;
let rig: GuardedGateway;
/** Moves the gateway's clocks on. */
let ahead = 0;
const clock = { now: () => systemClock.now() + ahead, monotonic: () => systemClock.monotonic() + ahead };

const legacy = (of: IntrospectionServer, parts: Readonly<Record<string, unknown>> = {}) => ({
	issuer: of.issuer,
	tokens: ['opaque'],
	introspection_endpoint: of.endpoint,
	client: { id: 'gate:way', secret },
	introspection: { cache: '30s', negative_cache: '5s', timeout: '2s' },
	audience: api,
	...parts,
});

beforeAll(async () => {
	server = await startIntrospectionServer();
	rig = await startGuardedGateway(
		(upstream) => ({
			providers: {
				legacy: legacy(server),
				uncached: legacy(server, { introspection: { cache: '0s', negative_cache: '0s' } }),
			},
			routes: [
				{
					path: '/read',
					providers: ['legacy'],
					scopes: ['read'],
					claims_to_headers: { 'x-user': 'username', 'x-sub': 'sub' },
					upstream,
				},
				{ path: '/admin', providers: ['legacy'], clients: ['client-2'], upstream },
				{ path: '/uncached', providers: ['uncached'], upstream },
			],
		}),
		{ runtime: { clock } },
	);
});

afterAll(async () => {
	await rig.stop();
	await server.stop();
});

beforeEach(() => server.answer(server.active()));

/** Nobody has ever asked about it, and no earlier failure keeps the gateway from asking. */
function fresh(): string {
	ahead += 60_000;
	server.answer(server.active());
	return `opaque-${randomBytes(18).toString('base64url')}`;
}

const read = (token: string) => rig.send({ target: '/read', token });

/** What a server answers that is in force by the gateway's clock. */
function at(seconds: number): number {
	return Math.floor(clock.now() / 1000) + seconds;
}

const good = (members: Readonly<Record<string, unknown>> = {}) =>
	server.active({ iat: at(0), exp: at(300), ...members });

test('a good token is forwarded as what the answer says, and recorded as opaque', async () => {
	const token = fresh();
	server.answer(good());
	const seen = await read(token);
	expect(expectForwarded(seen).values('x-sub')).toEqual(['user-1']);
	expect(seen.record).toMatchObject({ kind: 'opaque', provider: 'legacy', subject: 'user-1', client: 'client-1' });
});

test.each([
	['{"active":false}', { active: false }],
	['{}', {}],
	['active missing beside everything else', { sub: 'user-1', aud: api, scope: 'read' }],
])('F01: %s is no', async (_, body) => {
	const token = fresh();
	server.answer({ body });
	expectRefused(await read(token), '401-IT', 'token_inactive');
});

const notTrue = ['true', 'false', 1, 0, [], {}, null, [true]].map((active) => ({
	active,
	text: JSON.stringify(active),
}));

test.each(notTrue)('F02: active $text is no', async ({ active }) => {
	const token = fresh();
	server.answer(good({ active }));
	expectRefused(await read(token), '401-IT', 'token_inactive');
});

test.each([
	['401', () => ({ status: 401, body: { error: 'invalid_client' } })],
	['403', () => ({ status: 403, body: { active: false } })],
	['400', () => ({ status: 400, body: { error: 'invalid_request' } })],
	['404', () => ({ status: 404 })],
	['429', () => ({ status: 429, headers: { 'retry-after': '1' } })],
	['500', () => ({ status: 500, body: { active: false } })],
	['503', () => ({ status: 503 })],
	['302', () => ({ status: 302, headers: { location: `${server.url}/other` } })],
	['204', () => ({ status: 204 })],
	['a reset', () => ({ cut: true })],
	['a timeout', () => ({ until: new Promise((resolve) => setTimeout(resolve, 4000)) })],
	['no JSON', () => ({ body: 'true' })],
	['a list', () => ({ body: [] })],
	['a repeated member', () => ({ body: '{"active":false,"active":true}' })],
	['a page', () => ({ body: '<html>', headers: { 'content-type': 'text/html' } })],
	['too much', () => ({ body: JSON.stringify({ active: false, x: 'x'.repeat(300_000) }) })],
])('F04, G08: %s is a fault and not a no, and is forgotten at once', async (_, answer) => {
	const token = fresh();
	server.answer(answer());
	const before = server.asked.length;
	const seen = await read(token);
	expectRefused(seen, '503', 'introspection_unavailable');
	expect(seen.record).toMatchObject({ check: 'introspection', provider: 'legacy', kind: 'opaque' });
	expect(server.asked).toHaveLength(before + 1);
	server.answer(good());
	expectForwarded(await read(token));
});

test.each([
	['exp in the past', () => ({ exp: at(-60), iat: at(-120) }), 'token_expired'],
	['nbf in the future', () => ({ nbf: at(60) }), 'token_not_yet_valid'],
	['iat in the future', () => ({ iat: at(60) }), 'token_not_yet_valid'],
	['exp as text', () => ({ exp: String(at(300)) }), 'token_malformed'],
	['aud as a number', () => ({ aud: 7 }), 'token_malformed'],
	['username as a list', () => ({ username: ['user'] }), 'token_malformed'],
] as const)('F05: active with %s', async (_, members, reason) => {
	const token = fresh();
	server.answer(good(members()));
	expectRefused(await read(token), '401-IT', reason);
	expectRefused(await read(token), '401-IT', reason);
});

test.each([
	['aud of another service', { aud: 'https://other.example.com' }, '401-IT', 'audience_mismatch'],
	['no aud', { aud: undefined }, '401-IT', 'audience_mismatch'],
	['iss of another server', { iss: 'https://other.example.com/' }, '401-IT', 'issuer_unknown'],
	['another scope', { scope: 'write' }, '403-IS', 'scope_insufficient'],
	['no scope', { scope: undefined }, '403-IS', 'scope_insufficient'],
	['a refresh token (token_use)', { token_use: 'refresh_token' }, '401-IT', 'token_type_rejected'],
	['a refresh token (typ)', { typ: 'Refresh' }, '401-IT', 'token_type_rejected'],
	[
		'an unknown token_type',
		{ token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
		'401-IT',
		'token_type_rejected',
	],
	['a binding that cannot be checked', { cnf: { unknown: 'x' } }, '401-IT', 'binding_missing'],
	['a binding of null', { cnf: null }, '401-IT', 'binding_missing'],
] as const)('F06: active with %s', async (_, members, answer, reason) => {
	const token = fresh();
	server.answer(good(members));
	const seen = await read(token);
	expect(seen.record.reason).toMatch(reason === 'binding_missing' ? /^binding_/ : reason);
	if (reason !== 'binding_missing') expectRefused(seen, answer, reason);
	expect(seen.forwarded).toHaveLength(0);
});

test('F06: an allow-list of clients reads client_id of the answer', async () => {
	const token = fresh();
	server.answer(good());
	expectRefused(await rig.send({ target: '/admin', token }), '403', 'client_not_allowed');
	const other = fresh();
	server.answer(good({ client_id: 'client-2' }));
	expectForwarded(await rig.send({ target: '/admin', token: other }));
});

test('no exp is no end: the server is asked again when the cache says so', async () => {
	const token = fresh();
	server.answer(server.active({ exp: undefined, iat: undefined }));
	expectForwarded(await read(token));
	expectForwarded(await read(token));
	ahead += 31_000;
	server.answer({ body: { active: false } });
	expectRefused(await read(token), '401-IT', 'token_inactive');
});

test('F08: line breaks and letters beyond latin1 in username and sub make no header of their own', async () => {
	const token = fresh();
	server.answer(good({ sub: 'a\r\nx-admin: true', username: 'jos\u010d\u010a\u{1F600}' }));
	const request = expectForwarded(await read(token));
	expect(request.values('x-sub')).toEqual(['a%0D%0Ax-admin: true']);
	expect(request.values('x-user')).toEqual(['jos%C4%8D%C4%8A%F0%9F%98%80']);
	expect(request.values('x-admin')).toEqual([]);
});

test('F09: the server sees exactly the token, encoded once', async () => {
	const tokens = ['a+b/c==', 'a~b-c._d', `${'x'.repeat(10_240)}=`, 'abc%00def', 'a&token=b', 'ünï'];
	for (const [index, token] of tokens.entries()) {
		fresh();
		server.answer(good());
		const before = server.asked.length;
		const seen = await read(token);
		const asked = server.asked.slice(before);
		if (index > 2) {
			// RFC 6750 §2.1: such a token is refused before anybody is asked.
			expect([seen.record.reason, asked.length]).toEqual(['credential_malformed', 0]);
			continue;
		}
		expectForwarded(seen);
		expect(asked).toHaveLength(1);
		expect(asked[0]?.contentType).toBe('application/x-www-form-urlencoded');
		expect([...(asked[0]?.parameters ?? [])]).toEqual([
			['token', token],
			['token_type_hint', 'access_token'],
		]);
	}
});

test('F10: client_secret_basic encodes id and secret by RFC 6749 §2.3.1', () => {
	const [scheme, encoded = ''] = (server.asked.at(-1)?.authorization ?? '').split(' ');
	expect(scheme).toBe('Basic');
	const [id, sent, ...more] = Buffer.from(encoded, 'base64').toString('latin1').split(':');
	expect(more).toEqual([]);
	expect([id, sent]).toEqual(['gate%3Away', 'p%3Aa%25s%2Bs+w%E2%82%ACrd%26%3D']);
	expect(new URLSearchParams(`s=${sent}`).get('s')).toBe(secret);
});

test('F13: a thousand first requests with one token are one call; without a cache each asks', {
	timeout: 60_000,
}, async () => {
	const token = fresh();
	const shared = server.active({ iat: at(0), exp: at(300) });
	let open: (() => void) | undefined;
	const gate = new Promise<void>((resolve) => (open = resolve));
	const before = server.asked.length;
	server.answer({ ...shared, until: gate });
	const bytes = (target: string) =>
		`GET ${target} HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`;
	const records = rig.gateway.records.length;
	const answers = Array.from({ length: 1000 }, () => exchange(rig.gateway.url, bytes('/read')));
	setTimeout(() => open?.(), 300);
	const statuses = new Map<number, number>();
	for (const { status } of await Promise.all(answers)) statuses.set(status, (statuses.get(status) ?? 0) + 1);
	expect([...statuses]).toEqual([[200, 1000]]);
	expect(server.asked.length - before).toBe(1);
	server.answer(shared);
	await Promise.all(Array.from({ length: 50 }, () => exchange(rig.gateway.url, bytes('/uncached'))));
	expect(server.asked.length - before).toBe(51);
	await rig.gateway.record(records + 1050);
});

test('F14: a revoked token is refused no later than the cache says; a no lasts no longer than configured', async () => {
	const token = fresh();
	server.answer(good());
	expectForwarded(await read(token));
	server.answer({ body: { active: false } });
	ahead += 29_000;
	const within = await read(token);
	expectForwarded(within);
	ahead += 1_000;
	expectRefused(await read(token), '401-IT', 'token_inactive');
	server.answer(good());
	const asked = server.asked.length;
	expectRefused(await read(token), '401-IT', 'token_inactive');
	expect(server.asked).toHaveLength(asked);
	ahead += 5_000;
	expectForwarded(await read(token));
});

test('F14: exp ends what the cache would keep', async () => {
	const token = fresh();
	server.answer(good({ exp: at(10) }));
	expectForwarded(await read(token));
	ahead += 16_000;
	server.answer(good({ exp: at(-6), iat: at(-60) }));
	expectRefused(await read(token), '401-IT', 'token_expired');
});

const checked = async (provider: Readonly<Record<string, unknown>>) => {
	const text = JSON.stringify({
		listen: '127.0.0.1:0',
		providers: {
			legacy: {
				issuer: 'https://old.example.com/',
				tokens: ['opaque'],
				audience: 'a',
				max_lifetime: '1h',
				...provider,
			},
		},
		routes: [{ path: '/', upstream: 'http://127.0.0.1:1' }],
	});
	return loadConfigText(text, { folder: '/', env: {}, readFile: () => Promise.reject(new Error('none')) });
};

test('F15: plain http beyond this machine is an error, unless it is asked for', async () => {
	const client = { id: 'gateway', secret: 'secret' };
	const endpoint = 'http://old.example.com/introspect';
	const { definition, diagnostics } = await checked({ introspection_endpoint: endpoint, client });
	expect(definition).toBeUndefined();
	expect(diagnostics).toMatchObject([{ severity: 'error', path: 'providers.legacy.introspection_endpoint' }]);
	const allowed = await checked({ introspection_endpoint: endpoint, client, insecure_http: true });
	expect(allowed.definition).toBeDefined();
	expect(allowed.diagnostics).toMatchObject([{ severity: 'warning', path: 'providers.legacy.insecure_http' }]);
});

test('F15: what https metadata names must be https too', async () => {
	const downgraded = await startIntrospectionServer({
		metadata: { introspection_endpoint: 'http://old.example.com/introspect' },
	});
	const gateway = await startGuardedGateway((upstream) => ({
		providers: { legacy: legacy(downgraded, { introspection_endpoint: undefined }) },
		routes: [{ path: '/', upstream }],
	}));
	onTestFinished(async () => {
		await gateway.stop();
		await downgraded.stop();
	});
	const seen = await gateway.send({ token: 'opaque' });
	expectRefused(seen, '503', 'introspection_unavailable');
	expect(seen.record.found).toContain('is refused');
	expect(downgraded.asked).toEqual([]);
});

test('G02: a token known by one server is asked about at the other one, on its route', async () => {
	const second = await startIntrospectionServer();
	const gateway = await startGuardedGateway((upstream) => ({
		providers: {
			first: legacy(server, { introspection_endpoint: undefined }),
			second: legacy(second, { introspection_endpoint: undefined }),
		},
		routes: [
			{ path: '/first', providers: ['first'], upstream },
			{ path: '/second', providers: ['second'], upstream },
		],
	}));
	onTestFinished(async () => {
		await gateway.stop();
		await second.stop();
	});
	second.answer({ body: { active: false } });
	server.answer(server.active());
	const token = 'opaque-of-the-first-server';
	expectForwarded(await gateway.send({ target: '/first', token }));
	expectRefused(await gateway.send({ target: '/second', token }), '401-IT', 'token_inactive');
	expectForwarded(await gateway.send({ target: '/first', token }));
	expect(second.asked).toHaveLength(1);
});

test('a JWT goes where its shape and issuer say, and a credential that failed is offered to nobody else', async () => {
	const opaque = await startIntrospectionServer();
	const provider = await createTestProvider();
	const gateway = await startGuardedGateway((upstream) => ({
		providers: { idp: { issuer: provider.issuer, audience: api }, legacy: legacy(opaque) },
		routes: [{ path: '/', providers: ['idp', 'legacy'], upstream }],
	}));
	onTestFinished(async () => {
		await gateway.stop();
		await Promise.all([opaque.stop(), provider.stop()]);
	});
	expect((await gateway.send({ token: provider.issue() })).record).toMatchObject({ decision: 'allow', kind: 'jwt' });
	const other = testKey('RS256', 'other');
	const forged = await gateway.send({ token: provider.issue({}, { key: other, kid: provider.keys[0]?.kid ?? '' }) });
	expectRefused(forged, '401-IT', 'signature_invalid');
	expectRefused(
		await gateway.send({ token: provider.issue({ iss: 'https://x.example/' }) }),
		'401-IT',
		'issuer_unknown',
	);
	expectRefused(await gateway.send({ token: 'eyJh.eyJi.c' }), '401-IT', 'token_malformed');
	expect(opaque.asked).toEqual([]);
	for (const token of ['opaque-token', provider.issue({ iss: opaque.issuer })]) {
		expect((await gateway.send({ token })).record).toMatchObject({
			decision: 'allow',
			kind: 'opaque',
			provider: 'legacy',
		});
	}
	expect(opaque.asked).toHaveLength(2);
	expect(gateway.gateway.log.filter((line) => line.includes('tokens that are introspected are JWTs'))).toHaveLength(1);
});

test('introspect_jwts: a JWT that its provider has revoked is refused no later than the cache says', async () => {
	const asking = await startIntrospectionServer();
	const provider = await createTestProvider();
	const gateway = await startGuardedGateway(
		(upstream) => ({
			providers: {
				idp: {
					issuer: provider.issuer,
					audience: api,
					introspect_jwts: true,
					introspection_endpoint: asking.endpoint,
					client: { id: 'gateway', secret },
					introspection: { cache: '10s' },
				},
			},
			routes: [{ path: '/', scopes: ['read'], upstream }],
		}),
		{ runtime: { clock } },
	);
	onTestFinished(async () => {
		await gateway.stop();
		await Promise.all([asking.stop(), provider.stop()]);
	});
	const token = provider.issue({ iat: at(0), exp: at(300), scope: 'read', sub: 'the token says' });
	// The answer widens nothing: what counts stands in the token.
	const narrow = provider.issue({ iat: at(0), exp: at(300), scope: 'none' });
	asking.answer({ body: { active: true, scope: 'read', sub: 'somebody else' } });
	expect((await gateway.send({ token })).record).toMatchObject({
		decision: 'allow',
		kind: 'jwt',
		subject: 'the token says',
	});
	expectRefused(await gateway.send({ token: narrow }), '403-IS', 'scope_insufficient');
	expectForwarded(await gateway.send({ token }));
	expect(asking.asked).toHaveLength(2);
	asking.answer({ body: { active: false } });
	ahead += 10_000;
	expectRefused(await gateway.send({ token }), '401-IT', 'token_inactive');
	// One that is not genuine is not worth a question.
	expectRefused(await gateway.send({ token: `${token.slice(0, -8)}AAAAAAAA` }), '401-IT', 'signature_invalid');
	expect(asking.asked).toHaveLength(3);
	asking.answer({ status: 500 });
	const fault = await gateway.send({ token: provider.issue({ iat: at(0), exp: at(300), scope: 'read' }) });
	expectRefused(fault, '503', 'introspection_unavailable');
});

test('whatever the server answers, only active: true is ever forwarded', async () => {
	await fc.assert(
		fc.asyncProperty(fc.jsonValue(), async (body) => {
			const token = fresh();
			server.answer({ body });
			const { record, forwarded } = await read(token);
			expect(forwarded).toHaveLength(0);
			expect(['token_inactive', 'introspection_unavailable']).toContain(record.reason);
		}),
		{ numRuns: 40 },
	);
});

test('a server that hangs takes nobody else along', async () => {
	const slow = await startIntrospectionServer();
	const provider = await createTestProvider();
	const gateway = await startGuardedGateway((upstream) => ({
		providers: {
			idp: { issuer: provider.issuer, audience: api },
			legacy: legacy(slow, { introspection: { timeout: '300ms', concurrency: 4 } }),
		},
		routes: [{ path: '/', providers: ['idp', 'legacy'], upstream }],
	}));
	onTestFinished(async () => {
		await gateway.stop();
		await Promise.all([slow.stop(), provider.stop()]);
	});
	slow.answer({ until: new Promise((resolve) => setTimeout(resolve, 3000)) });
	const bytes = (token: string) =>
		`GET / HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`;
	const jwt = provider.issue();
	await exchange(gateway.gateway.url, bytes(jwt));
	const hanging = Array.from({ length: 40 }, (_, index) => exchange(gateway.gateway.url, bytes(`opaque-${index}`)));
	expect((await exchange(gateway.gateway.url, bytes(jwt))).status).toBe(200);
	const answers = await Promise.all(hanging);
	expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
	expect(answers.every(({ headers }) => headers.has('retry-after'))).toBe(true);
	// Four at a time until the circuit opened, and then nobody.
	expect(slow.asked.length).toBeLessThanOrEqual(12);
	expect((await exchange(gateway.gateway.url, bytes('opaque-late'))).status).toBe(503);
});

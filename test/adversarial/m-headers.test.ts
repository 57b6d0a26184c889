/** Group M: header fields that must not travel on, or must not be touched on the way (M06, M09–M13, M27). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { rawClient } from '../support/raw-client.ts';
import { testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

let provider: TestProvider;
let web: TestProvider;
let rig: GuardedGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256')] });
	web = await createTestProvider({ keys: [testKey('ES256')] });
	rig = await startGuardedGateway((upstream) => ({
		providers: {
			idp: { issuer: provider.issuer, audience: provider.audience },
			web: { issuer: web.issuer, audience: web.audience, token_from: [{ cookie: 'session' }] },
		},
		routes: [
			{
				name: 'guarded',
				path: '/guarded/**',
				providers: ['idp'],
				claims_to_headers: { 'x-user-id': 'sub', 'X-Team': 'team', X_Org_Unit: 'unit' },
				upstream,
			},
			{ name: 'public', path: '/public/**', public: true, upstream },
			{ name: 'web', path: '/web/**', providers: ['web'], upstream: { url: `${upstream}/base`, strip_prefix: '/web' } },
		],
	}));
});

afterAll(async () => {
	await rig.stop();
	await Promise.all([provider.stop(), web.stop()]);
});

type Lines = readonly (readonly [string, string])[];

const guarded = (headers: Lines) => rig.send({ target: '/guarded/x', token: provider.issue(), headers });
const open = (headers: Lines) => rig.send({ target: '/public/x', headers });

/** Sends these on one connection in one write and gives the statuses. */
async function pipelined(...requests: readonly string[]): Promise<readonly number[]> {
	const client = await rawClient(rig.gateway.url);
	client.send(requests.join(''));
	const statuses: number[] = [];
	while (statuses.length < requests.length) statuses.push((await client.response()).status);
	client.destroy();
	return statuses;
}

test('M06: a request without a token, glued after one with a token', async () => {
	const records = rig.gateway.records.length;
	const arrived = rig.upstream.requests.length;
	const withToken = requestBytes({ target: '/guarded/one', token: provider.issue() });
	const without = requestBytes({ target: '/guarded/two' });
	expect(await pipelined(withToken, without, withToken, without)).toEqual([200, 401, 200, 401]);
	await rig.gateway.record(records + 4);
	expect(rig.gateway.records.slice(records).map(({ reason }) => reason)).toEqual([
		undefined,
		'credential_missing',
		undefined,
		'credential_missing',
	]);
	expect(rig.upstream.requests.slice(arrived).map(({ target }) => target)).toEqual(['/guarded/one', '/guarded/one']);
});

test('M06: a request inside the body of an authorised one is a body', async () => {
	const inner = requestBytes({ method: 'DELETE', target: '/guarded/inner' });
	const arrived = rig.upstream.requests.length;
	const seen = await rig.send({ method: 'POST', target: '/guarded/outer', token: provider.issue(), body: inner });
	const forwarded = expectForwarded(seen);
	expect(forwarded.body).toBe(inner);
	expect(rig.upstream.requests).toHaveLength(arrived + 1);
});

test('M06: a request after the declared end of a body is a request of its own', async () => {
	const arrived = rig.upstream.requests.length;
	const first = requestBytes({ method: 'POST', target: '/guarded/outer', token: provider.issue(), body: 'body' });
	expect(await pipelined(first, requestBytes({ method: 'DELETE', target: '/guarded/inner' }))).toEqual([200, 401]);
	expect(rig.upstream.requests.slice(arrived).map(({ body }) => body)).toEqual(['body']);
});

test.each([
	'close, Authorization',
	'X-User-Id, X-Team',
	'close, x-user-id',
	'X_User_Id',
	'X-Forwarded-For, X-Forwarded-Proto, Forwarded, X-Forwarded-Host',
	'Host, Content-Length, Transfer-Encoding',
])('M09: Connection: %s takes nothing away that the gateway writes', async (connection) => {
	const token = provider.issue({ team: 'blue' });
	const headers = [
		['X-User-Id', 'spoofed'],
		['Connection', connection],
	] as const;
	const forwarded = expectForwarded(await rig.send({ target: '/guarded/x', token, headers }));
	expect(forwarded.values('x-user-id')).toEqual(['user-1']);
	expect(forwarded.values('x-team')).toEqual(['blue']);
	expect(forwarded.values('x-forwarded-for')).toEqual(['127.0.0.1']);
	expect(forwarded.values('host')).toEqual([new URL(rig.upstream.url).host]);
});

test('M09: Connection: Authorization without a token is no way in', async () => {
	const headers = [['Connection', 'close, Authorization']] as const;
	expectRefused(await rig.send({ target: '/guarded/x', headers }), '401-NC', 'credential_missing');
});

test('M10: hop-by-hop fields, and those that Connection names, stay here', async () => {
	const names = [
		'Keep-Alive',
		'Proxy-Connection',
		'Proxy-Authorization',
		'Proxy-Authenticate',
		'TE',
		'Trailer',
		'HTTP2-Settings',
	];
	const forwarded = expectForwarded(
		await guarded([
			...names.map((name) => [name, name === 'TE' ? 'gzip' : 'canary'] as const),
			['Upgrade', 'h2c'],
			['Connection', 'X-Hop, TE'],
			['X-Hop', 'canary'],
			['x-kept', 'yes'],
		]),
	);
	for (const name of [...names, 'Upgrade', 'X-Hop']) expect(forwarded.values(name), name).toEqual([]);
	expect(forwarded.values('x-kept')).toEqual(['yes']);
	expect(forwarded.values('connection')).not.toContain('X-Hop, TE');
	expect(forwarded.lines.join('\n')).not.toContain('canary');
});

test('M10: a chunked body is framed anew', async () => {
	const head = requestBytes({
		method: 'POST',
		target: '/guarded/x',
		token: provider.issue(),
		headers: [['Transfer-Encoding', 'chunked']],
	});
	const forwarded = expectForwarded(await rig.sendBytes(`${head}5\r\nhello\r\n0\r\nX-User-Id: trailer\r\n\r\n`));
	expect(forwarded.body).toBe('hello');
	expect(forwarded.values('transfer-encoding').length + forwarded.values('content-length').length).toBe(1);
	expect(forwarded.values('x-user-id')).toEqual(['user-1']);
});

const identity = [
	'X-User',
	'X-User-Id',
	'X-Team',
	'X-Consumer-Id',
	'X-Consumer-Username',
	'X-Consumer-Custom-Id',
	'X-JWT-Claim-Sub',
	'X-JWT-Claim-Anything',
	'X-MS-CLIENT-PRINCIPAL',
	'X-MS-CLIENT-PRINCIPAL-ID',
	'X-MS-CLIENT-PRINCIPAL-NAME',
	'X-MS-CLIENT-PRINCIPAL-IDP',
	'X-MS-TOKEN-AAD-ACCESS-TOKEN',
	'X-Forwarded-User',
	'X-Forwarded-Email',
	'X-Forwarded-Groups',
	'X-Forwarded-Access-Token',
	'X-Auth-Request-User',
	'X-Remote-User',
	'Remote-User',
	'X-Authenticated-Userid',
	'X-Userinfo',
	'X-Credential-Identifier',
	'X-Client-Cert',
	'X-Forwarded-Client-Cert',
	'Client-Cert',
	'DPoP',
] as const;

test.each(identity)('M11: %s from the client reaches no upstream', async (name) => {
	for (const send of [guarded, open]) {
		const forwarded = expectForwarded(await send([[name, 'spoofed']]));
		expect(forwarded.lines.join('\n')).not.toContain('spoofed');
	}
});

test.each([
	'X_Forwarded_User',
	'x-forwarded-user',
	'X-FORWARDED-USER',
	'X_User_Id',
	'x-user_id',
	'X_USER-ID',
	'x_consumer_username',
	'X_JWT_Claim-Sub',
	'X_MS_CLIENT_PRINCIPAL',
	'x_team',
	'X-Org-Unit',
	'x_org-unit',
])('M12: the spelling %s', async (name) => {
	for (const send of [guarded, open]) {
		const forwarded = expectForwarded(await send([[name, 'spoofed']]));
		expect(forwarded.lines.join('\n')).not.toContain('spoofed');
	}
});

test.each([
	['a space before the colon', 'X-Forwarded-User : admin'],
	['a tab before the colon', 'X-User-Id\t: admin'],
	['a space before the name', 'X-Kept: a\r\n X-User-Id: admin'],
	['a name with a space in it', 'X User Id: admin'],
	['a NUL in the name', 'X-User\0-Id: admin'],
])('M12: %s is no header', async (_, line) => {
	const token = provider.issue();
	const bytes = requestBytes({ target: '/guarded/x', token }).replace('\r\n\r\n', `\r\n${line}\r\n\r\n`);
	expectRefused(await rig.sendBytes(bytes, token), '400', 'request_malformed');
	const unguarded = requestBytes({ target: '/public/x' }).replace('\r\n\r\n', `\r\n${line}\r\n\r\n`);
	expectRefused(await rig.sendBytes(unguarded), '400', 'request_malformed');
});

const claims: Lines = [
	['X-Forwarded-For', '203.0.113.9'],
	['X-Forwarded-Proto', 'https'],
	['X-Forwarded-Host', 'spoofed.example.com'],
	['X-Forwarded-Port', '4430'],
	['X-Forwarded-Prefix', '/spoofed'],
	['X-Forwarded-Uri', '/public/spoofed'],
	['Forwarded', 'for=203.0.113.9;host=spoofed.example.com;proto=https'],
	['X-Real-IP', '203.0.113.9'],
	['True-Client-IP', '203.0.113.9'],
	['X-Original-URL', '/public/spoofed'],
	['X-Rewrite-URL', '/public/spoofed'],
	['X-Original-Method', 'OPTIONS'],
	['X-HTTP-Method-Override', 'OPTIONS'],
	['X-HTTP-Method', 'OPTIONS'],
	['X-Method-Override', 'OPTIONS'],
	['X_Forwarded_For', '203.0.113.9'],
];

test('M13: what an untrusted client says of itself is written anew or dropped', async () => {
	for (const send of [guarded, open]) {
		const seen = await send(claims);
		const forwarded = expectForwarded(seen);
		expect(forwarded.lines.join('\n')).not.toMatch(/203\.0\.113\.9|spoofed|4430|OPTIONS/);
		expect(forwarded.values('x-forwarded-for')).toEqual(['127.0.0.1']);
		expect(forwarded.values('x-forwarded-proto')).toEqual(['http']);
		expect(forwarded.values('x-forwarded-host')).toEqual(['api.example.com']);
		expect(forwarded.values('forwarded')).toEqual(['for=127.0.0.1;host=api.example.com;proto=http']);
		expect(seen.record.peer).toBe('127.0.0.1');
		expect(forwarded.method).toBe('GET');
	}
});

test('M13: it opens no route', async () => {
	expectRefused(await rig.send({ target: '/guarded/x', headers: claims }), '401-NC', 'credential_missing');
	expectRefused(await rig.send({ target: '/nowhere', headers: claims }), '404', 'route_not_found');
});

test('M27: the session cookie stays here, other cookies travel on, on a rewritten path too', async () => {
	const token = web.issue();
	const headers = [['Cookie', `theme=dark; session=${token}; lang=en`]] as const;
	const seen = await rig.sendBytes(requestBytes({ target: '/web/a?b=c', headers }), token);
	const forwarded = expectForwarded(seen);
	expect(forwarded.target).toBe('/base/a?b=c');
	expect(forwarded.values('cookie')).toEqual(['theme=dark; lang=en']);
});

test.each(['/guarded/x', '/public/x'])('M27: nor does it reach the upstream of %s', async (target) => {
	const session = web.issue();
	const headers = [['Cookie', `session=${session}; theme=dark`]] as const;
	const token = target.startsWith('/guarded') ? { token: provider.issue() } : {};
	const forwarded = expectForwarded(await rig.sendBytes(requestBytes({ target, headers, ...token }), session));
	expect(forwarded.values('cookie')).toEqual(['theme=dark']);
});

test('M27: a bearer token on the route of the cookie is not looked at and does not travel on', async () => {
	const session = web.issue();
	const token = provider.issue();
	const headers = [['Cookie', `session=${session}`]] as const;
	const forwarded = expectForwarded(await rig.send({ target: '/web/x', token, headers }));
	expect(forwarded.values('cookie')).toEqual([]);
	expectRefused(await rig.send({ target: '/web/x', token }), '401-NC', 'credential_missing');
});

test('M27: a bearer token on a public route is removed and not looked at', async () => {
	for (const token of [provider.issue(), 'rubbish']) expectForwarded(await rig.send({ target: '/public/x', token }));
});

/**
 * Group M: what an upstream says in its response (M26): challenges, cookies, fields that tell of the server, credentials
 * that it sends back, and what a shared cache could do with it; over HTTP/1.1 and HTTP/2.
 */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canaries } from '../support/canaries.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { requestBytes } from '../support/guarded-gateway.ts';
import { clientOn } from '../support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from '../support/recording-upstream.ts';
import { testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';
import { h2Request, h2Session, ownCertificate, secureSocket } from '../support/tls-gateway.ts';
import { startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint.ts';

const apiKey = 'canary/api+key=of-the-service';
const serverToken = (n: number) => `canary-token-${n}-of-the-gateway`;
let idp: TestProvider;
let endpoint: TokenEndpoint;
let upstream: RecordingUpstream;
let gateway: TestGateway;
/** Status and field lines of the upstream's answers to a request with this credential. */
let says: (given: string) => readonly [status: number, lines: readonly string[]] = () => [200, []];

beforeAll(async () => {
	idp = await createTestProvider({ keys: [testKey('ES256')] });
	endpoint = await startTokenEndpoint();
	let issued = 0;
	endpoint.answer(() => {
		issued++;
		return { body: { access_token: serverToken(issued), token_type: 'Bearer', expires_in: 3600 } };
	});
	upstream = await recordingUpstream({
		closedBy: 'caller',
		answer: (request, response: ServerResponse) => {
			const given = request.headers.authorization ?? request.headers['x-api-key'] ?? '';
			response.sendDate = false;
			const [status, lines] = says(String(given));
			response.writeHead(status, [...lines]).end('ok');
		},
	});
	const key = { type: 'api_key', value: apiKey };
	const { certificate, key: privateKey } = ownCertificate;
	const route = (path: string, more: object = {}) => ({ path, upstream: upstream.url, ...more });
	gateway = await startTestGateway(
		{
			listen: { address: '127.0.0.1:0', tls: { certificate: 'tls.pem', key: 'tls.key' } },
			errors: { realm: 'orders' },
			upstream_response: { remove: ['Server', 'X-Powered-By'] },
			providers: {
				idp: { issuer: idp.issuer, audience: idp.audience },
			},
			routes: [
				route('/usual'),
				route('/key', { backend_token: key }),
				route('/key/rewrite', { backend_token: key, upstream_response: { token_echo: 'rewrite' } }),
				route('/key/open', { backend_token: key, upstream_response: { insecure_token_echo: true } }),
				route('/own', {
					backend_token: {
						type: 'client_credentials',
						token_endpoint: endpoint.url,
						client: { id: 'gateway', secret: 'canary-secret-of-the-client' },
					},
				}),
				route('/passed', { backend_token: 'insecure_passthrough' }),
				route('/open', { public: true }),
				route('/pass', { upstream_response: { www_authenticate: 'pass', insecure_shared_cache: true } }),
				route('/strip', { upstream_response: { www_authenticate: 'strip', set_cookie: 'strip' } }),
				route('/shop/**', {
					upstream: { url: `${upstream.url}/v1`, strip_prefix: '/shop' },
					upstream_response: { set_cookie: 'rewrite', remove: [] },
				}),
				route('/cookie', { token_from: [{ header: 'Authorization' }, { cookie: 'session' }, { header: 'X-Token' }] }),
				route('/cors', { cors: { origins: 'https://app.example.com' } }),
			],
		},
		{ files: { 'tls.pem': certificate, 'tls.key': privateKey } },
	);
});

afterAll(async () => {
	await gateway.stop();
	await Promise.all([upstream.close(), endpoint.stop(), idp.stop()]);
});

interface Answer {
	readonly status: number;
	/** Values of all fields with this lower-case name. */
	values(name: string): readonly string[];
	readonly text: string;
}

interface Asked {
	readonly token?: string;
	readonly headers?: readonly (readonly [string, string])[];
}

async function overHttp1(target: string, { token, headers = [] }: Asked): Promise<Answer> {
	const client = clientOn(await secureSocket(gateway.url));
	client.send(requestBytes({ target, headers, ...(token === undefined ? {} : { token }) }));
	const { head, status, body } = await client.response();
	const fields = head
		.split('\r\n')
		.slice(1)
		.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const);
	return {
		status,
		text: head + body,
		values: (name) => fields.filter(([each]) => each === name).map(([, value]) => value),
	};
}

async function overHttp2(target: string, { token, headers = [] }: Asked): Promise<Answer> {
	const session = await h2Session(gateway.url);
	const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
	const sent = { ':authority': 'api.example.com', ':path': target, ...authorization };
	const named = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
	const { status, headers: fields, body } = await h2Request(session, { ...sent, ...named });
	return {
		status,
		text: JSON.stringify(fields) + body,
		values: (name) => {
			const value = fields[name];
			return value === undefined ? [] : Array.isArray(value) ? value : [value];
		},
	};
}

const versions = [
	['HTTP/1.1', overHttp1],
	['HTTP/2', overHttp2],
] as const;

function upstreamSays(lines: readonly string[] | ((given: string) => readonly string[]), status = 200): void {
	says = (given) => [status, typeof lines === 'function' ? lines(given) : lines];
}

const good = () => idp.issue();

test.each(versions)(
	'M26, %s: a challenge that is not for the client becomes the route’s own, or goes',
	async (_, ask) => {
		const challenges = ['WWW-Authenticate', 'Basic realm="inside"', 'www-authenticate', 'Negotiate', 'DPoP-Nonce', 'n'];
		const lines = [...challenges, 'Authentication-Info', 'x=1'];
		upstreamSays(lines, 401);
		for (const target of ['/usual', '/key']) {
			const answer = await ask(target, { token: good() });
			expect(answer.status).toBe(401);
			expect(answer.values('www-authenticate').join()).toBe('Bearer realm="orders"');
			expect(answer.text).not.toMatch(/inside|negotiate|authentication-info|dpop-nonce/i);
		}
		const stripped = await ask('/strip', { token: good() });
		expect(stripped.values('www-authenticate')).toEqual([]);
		for (const target of ['/pass', '/passed']) {
			const token = idp.issue({ sub: `for ${target}` });
			const answer = await ask(target, { token: target === '/passed' ? canaries.letThrough(token) : token });
			expect(answer.values('www-authenticate').join()).toMatch(/^Basic realm="inside", ?Negotiate$/);
			expect(answer.values('dpop-nonce')).toEqual(['n']);
		}
		expect((await ask('/open', {})).values('www-authenticate').join()).toMatch(/^Basic realm="inside", ?Negotiate$/);
		// On another status nothing takes its place.
		upstreamSays(lines, 403);
		expect((await ask('/usual', { token: good() })).values('www-authenticate')).toEqual([]);
	},
);

test.each(versions)('M26, %s: cookies pass, go, or are bound to the host that was called', async (_, ask) => {
	const cookies = ['a=1; Domain=inside.example; Path=/v1/cart; HttpOnly', 'b=2; path=/; SameSite=Lax'];
	upstreamSays(cookies.flatMap((cookie) => ['Set-Cookie', cookie]));
	expect((await ask('/usual', { token: good() })).values('set-cookie')).toEqual(cookies);
	expect((await ask('/strip', { token: good() })).values('set-cookie')).toEqual([]);
	expect((await ask('/shop/cart', { token: good() })).values('set-cookie')).toEqual([
		'a=1; Path=/shop/cart; HttpOnly; Secure',
		'b=2; Path=/shop; SameSite=Lax; Secure',
	]);
});

test.each(versions)(
	'M26, %s: fields that are configured to go, go in any case; a route may say otherwise',
	async (_, ask) => {
		upstreamSays(['SERVER', 'inside/1.0', 'x-powered-by', 'inside', 'X-Other', 'stays']);
		const answer = await ask('/usual', { token: good() });
		expect([answer.values('server'), answer.values('x-powered-by'), answer.values('x-other')]).toEqual([
			[],
			[],
			['stays'],
		]);
		expect((await ask('/shop/x', { token: good() })).values('server')).toEqual(['inside/1.0']);
	},
);

/** Every way in which a service might send back what it was given. */
const echoes = (given: string): readonly string[] => {
	const bare = given.slice(given.lastIndexOf(' ') + 1);
	return [
		'Authorization',
		given,
		'X-Access-Token',
		bare,
		'Location',
		`https://elsewhere.example/?token=${encodeURIComponent(bare)}&x=1`,
		'Set-Cookie',
		`token=${bare}; Path=/`,
		'X-Debug',
		`request had ${bare} in it`,
		bare.length > 200 ? 'X-Plain' : `X-${bare.replaceAll(/[^A-Za-z0-9-]/g, '')}`,
		'1',
		'X-Other',
		'stays',
	];
};

test.each(versions)('M26, %s: a credential that comes back in a field reaches nobody', async (_, ask) => {
	upstreamSays(echoes);
	const token = good();
	const passed = canaries.letThrough(idp.issue({ sub: 'passed' }));
	for (const [target, secret] of [
		['/key', apiKey],
		['/own', serverToken(1)],
		['/passed', passed],
	] as const) {
		const answer = await ask(target, { token: target === '/passed' ? passed : token });
		expect(answer.status).toBe(200);
		expect(answer.values('x-other')).toEqual(['stays']);
		expect(answer.text).not.toContain(secret);
		expect(answer.text).not.toContain(encodeURIComponent(secret));
		for (const name of ['authorization', 'location', 'set-cookie', 'x-debug']) expect(answer.values(name)).toEqual([]);
	}
	const rewritten = await ask('/key/rewrite', { token });
	expect(rewritten.text).not.toContain(apiKey);
	expect(rewritten.values('location')).toEqual(['https://elsewhere.example/?token=***&x=1']);
	expect(rewritten.values('x-debug')).toEqual(['request had *** in it']);
	expect((await ask('/key/open', { token })).values('x-access-token')).toEqual([apiKey]);
	const told = JSON.stringify(gateway.records) + gateway.log.join('\n');
	for (const secret of [apiKey, serverToken(1), token]) expect(told).not.toContain(secret);
});

test('M26: the credential that took the place of a refused one does not come back either', async () => {
	upstreamSays([]);
	await overHttp1('/own', { token: good() });
	const refused = upstream.requests.at(-1)?.values('authorization')[0] ?? '';
	says = (given) => [given === refused ? 401 : 200, echoes(given)];
	const answer = await overHttp1('/own', { token: good() });
	expect(answer.status).toBe(200);
	expect(upstream.requests.at(-1)?.values('authorization')[0]).not.toBe(refused);
	expect(answer.text).not.toContain('canary-token');
	expect(answer.values('x-other')).toEqual(['stays']);
});

test.each(versions)('M26, %s: where the upstream says nothing, no shared cache may keep the answer', async (_, ask) => {
	const said = async (target: string, lines: readonly string[], headers: Asked['headers'] = []) => {
		upstreamSays(lines);
		const answer = await ask(target, { ...(target === '/open' ? {} : { token: good() }), headers });
		const vary = answer.values('vary').join(', ');
		return [answer.values('cache-control').join(', '), vary];
	};
	expect(await said('/usual', [])).toEqual(['private', 'Authorization']);
	expect(await said('/cookie', [])).toEqual(['private', 'Authorization, Cookie, x-token']);
	expect(await said('/usual', ['Cache-Control', 'public, max-age=60'])).toEqual([
		'public, max-age=60',
		'Authorization',
	]);
	expect(await said('/usual', ['Vary', 'Accept', 'vary', 'Origin'])).toEqual([
		'private',
		'Accept, Origin, Authorization',
	]);
	expect(await said('/usual', ['Vary', 'accept, AUTHORIZATION'])).toEqual(['private', 'accept, AUTHORIZATION']);
	expect(await said('/usual', ['Vary', '*', 'Cache-Control', 'no-store'])).toEqual(['no-store', '*']);
	// What the connection's options take away is not said.
	expect(await said('/usual', ['Cache-Control', 'public', 'Connection', 'cache-control'])).toEqual([
		'private',
		'Authorization',
	]);
	expect(await said('/open', [])).toEqual(['', '']);
	expect(await said('/pass', [])).toEqual(['', '']);
	const origin = [['Origin', 'https://app.example.com']] as const;
	expect((await said('/cors', [], origin))[1]?.split(', ').toSorted()).toEqual(['Authorization', 'Origin']);
});

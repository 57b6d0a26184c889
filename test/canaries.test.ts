/**
 * Every kind of credential on routes with every kind of backend token, good, refused and with the servers behind failing:
 * no client's token, no secret and no key in anything that a backend, a log, a record, a page or an error has seen.
 * `insecure_passthrough`, which does what it says, is beside them, and must be written out.
 */
import { createSecretKey, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfigText } from '#config/load';
import { Canaries, canaries } from './support/canaries.ts';
import { keyThumbprint, makeProof } from './support/dpop.ts';
import { encryptJwe } from './support/encrypt-jwe.ts';
import { type GuardedGateway, type SentRequest, startGuardedGateway } from './support/guarded-gateway.ts';
import { type IntrospectionServer, startIntrospectionServer } from './support/introspection-server.ts';
import { signSas } from './support/sign-sas.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';
import { startTokenEndpoint, type TokenAnswer, type TokenEndpoint } from './support/token-endpoint.ts';

const decryption = randomBytes(32);
const secrets = {
	introspection: 'canary-secret-of-introspection',
	client: ['canary-first-secret-of-the-client', 'canary-second-secret-of-the-client'],
	identity: 'canary-identity-header-of-the-app',
	apiKey: 'canary-api-key-of-the-service',
	password: 'canary-password-of-the-service',
	sender: 'canary-key-of-the-sender-0123456789',
	digests: 'canary-key-of-the-token-digests',
	decryption: decryption.toString('base64url'),
};
/** Tokens that the gateway gets: an upstream sees each of them, and nobody else does. */
const issuedTokens: string[] = [];
const kinds = ['none', 'mint', 'exchange', 'acting', 'own', 'identity', 'key', 'basic'] as const;
let idp: TestProvider;
let opaque: IntrospectionServer;
let endpoint: TokenEndpoint;
let rig: GuardedGateway;

function issue({ form }: { form: URLSearchParams }): TokenAnswer {
	const token = `canary-token-${issuedTokens.length}-for-an-upstream`;
	issuedTokens.push(token);
	const type = 'urn:ietf:params:oauth:token-type:access_token';
	const isExchange = form.get('grant_type')?.endsWith('token-exchange') === true;
	const issued = { access_token: token, token_type: 'Bearer', expires_in: 3600, resource: 'x' };
	return { body: isExchange ? { ...issued, issued_token_type: type } : issued };
}

beforeAll(async () => {
	[idp, opaque, endpoint] = await Promise.all([createTestProvider(), startIntrospectionServer(), startTokenEndpoint()]);
	endpoint.answer(issue);
	const server = { token_endpoint: endpoint.url, client: { id: 'gateway', secret: secrets.client } };
	const target = { type: 'exchange', audience: 'orders', ...server };
	const backends: Record<(typeof kinds)[number], unknown> = {
		none: 'none',
		mint: { type: 'mint', audience: 'orders' },
		exchange: target,
		acting: { ...target, audience: 'acting', actor: { audience: 'idp' } },
		own: { type: 'client_credentials', ...server },
		identity: {
			type: 'managed_identity',
			source: 'app_service',
			resource: 'https://storage.example/',
			identity_endpoint: endpoint.url,
			identity_header: secrets.identity,
		},
		key: { type: 'api_key', value: secrets.apiKey },
		basic: { type: 'basic', username: 'gateway', password: secrets.password },
	};
	rig = await startGuardedGateway((upstream) => ({
		admin: { listen: '127.0.0.1:0' },
		audit: { digest_key: secrets.digests },
		max_secret_age: '1s',
		minting: { issuer: 'https://gateway.example.com' },
		providers: {
			idp: {
				issuer: idp.issuer,
				audience: idp.audience,
				token_from: [{ header: 'Authorization' }, { cookie: 'session' }],
				decryption_keys: [{ secret: secrets.decryption, kid: 'gateway', alg: 'dir' }],
			},
			asked: {
				issuer: opaque.issuer,
				tokens: ['opaque'],
				audience: 'https://api.example.com',
				introspection_endpoint: opaque.endpoint,
				client: { id: 'gateway', secret: secrets.introspection },
			},
			devices: {
				tokens: ['shared_access'],
				format: 'service_bus',
				audience: 'sb://bus.example.net/',
				keys: { sender: { primary: secrets.sender } },
			},
		},
		routes: kinds.map((kind) => ({
			name: kind,
			path: `/${kind}/**`,
			providers: ['idp', 'asked', 'devices'],
			upstream,
			backend_token: backends[kind],
		})),
	}));
});

afterAll(async () => {
	await rig.stop();
	await Promise.all([idp.stop(), opaque.stop(), endpoint.stop()]);
});

/** What a client sends, by kind of credential. `n` makes each one new. */
const credentials: Readonly<Record<string, (kind: string, n: string) => Promise<SentRequest>>> = {
	jwt: async (_, n) => ({ token: idp.issue({ jti: n }) }),
	cookie: async (_, n) => {
		const token = idp.issue({ jti: n });
		return { headers: [['Cookie', `a=b; session=${token}`]] };
	},
	encrypted: async (_, n) => {
		const inner = idp.issue({ jti: n });
		const header = { kid: 'gateway' };
		return { token: await encryptJwe(inner, createSecretKey(decryption), { alg: 'dir', header }) };
	},
	dpop: async (kind, n) => {
		const token = idp.issue({ jti: n, cnf: { jkt: keyThumbprint() } });
		return { token, proof: makeProof({ token, url: `http://api.example.com/${kind}/x` }) };
	},
	opaque: async (_, n) => ({ token: `canary-opaque-token-${n}-of-a-client` }),
	signature: async (kind, n) => ({
		token: signSas({
			resource: `sb://bus.example.net/${kind}`,
			key: secrets.sender,
			se: 4_102_444_800 - n.length,
		}),
		scheme: 'SharedAccessSignature',
	}),
};

let count = 0;
const next = () => `${count++}-${'x'.repeat(count)}`;

test.each(Object.keys(credentials))('%s, with every kind of backend token', async (credential) => {
	const make = credentials[credential];
	if (make === undefined) throw new Error('no such credential');
	for (const kind of kinds) {
		const seen = await rig.send({ target: `/${kind}/x`, ...(await make(kind, next())) });
		expect([kind, seen.response.status, seen.record.reason]).toEqual([kind, 200, undefined]);
	}
});

test('refused, and with every server behind the gateway failing', async () => {
	for (const [credential, make] of Object.entries(credentials)) {
		const request = await make('none', next());
		const { token = '' } = request;
		const altered = token === '' ? { headers: [['Cookie', `session=${idp.issue({ aud: 'else' })}`]] as const } : {};
		const { response } = await rig.send({ target: '/nowhere', ...request });
		expect(response.status).toBe(404);
		const bad = await rig.send({ target: '/none/x', ...request, ...(token === '' ? altered : { token: `${token}A` }) });
		if (credential !== 'opaque') expect(bad.response.status).toBeGreaterThanOrEqual(400);
	}
	endpoint.answer({ status: 401, body: { error: 'invalid_client', error_description: secrets.client[0] } });
	opaque.answer({ status: 500, body: secrets.introspection });
	for (const [credential, make] of Object.entries(credentials)) {
		const seen = await rig.send({ target: '/exchange/x', ...(await make('exchange', next())) });
		expect([credential, seen.response.status]).toEqual([credential, 503]);
	}
});

test('and nothing of any of it is anywhere', async () => {
	const pages: string[] = [];
	for (const path of [
		'',
		'healthz',
		'readyz',
		'metrics',
		'providers',
		'routes',
		'upstreams',
		'workers',
		'revocations',
		'keys',
	]) {
		pages.push(await (await fetch(`${rig.gateway.gateway.adminUrl}/${path}`)).text());
	}
	const told = [...pages, rig.gateway.log.join('\n'), JSON.stringify(rig.gateway.records)].join('\n');
	for (const secret of [...Object.values(secrets).flat(), ...issuedTokens]) expect(told).not.toContain(secret);
	expect(told).not.toMatch(/canary-opaque-token|session=ey/);
	const received = rig.upstream.requests
		.map(({ target, lines, body }) => [target, ...lines, body].join('\n'))
		.join('\n');
	const { apiKey, password: _, ...rest } = secrets;
	for (const secret of Object.values(rest).flat()) expect(received).not.toContain(secret);
	expect(received).toContain(apiKey);
	expect(received).not.toMatch(/canary-opaque-token|session=ey|sr=sb/);
	// The search of the whole suite has something to look for, and sees it here too.
	const own = new Canaries();
	own.plantToken(issuedTokens.find((token) => received.includes(token)) ?? '');
	own.watch('upstream', true, () => [received]);
	expect(own.leaks()).toHaveLength(1);
	expect(canaries.leaks()).toEqual([]);
});

test('insecure_passthrough must be written out, is listed as a risk, and does what it says', async () => {
	const route = (backend: string) => `
listen: 127.0.0.1:8080
providers: { idp: { issuer: https://idp.example.com/, audience: x, max_lifetime: 1h } }
routes: [{ path: /a, upstream: http://127.0.0.1:9001, backend_token: ${backend} }]`;
	const check = async (backend: string) => {
		const environment = { folder: '/', env: {}, readFile: () => Promise.reject(new Error('none')) };
		const { definition, diagnostics } = await loadConfigText(route(backend), environment);
		return [definition?.routes[0]?.backendToken.type, diagnostics.map(({ severity }) => severity)];
	};
	expect(await check('insecure_passthrough')).toEqual(['insecure_passthrough', ['warning']]);
	expect(await check('{ type: insecure_passthrough }')).toEqual(['insecure_passthrough', ['warning']]);
	for (const other of ['passthrough', 'pass', 'true', '{ insecure_passthrough: true }', '{ type: passthrough }']) {
		expect(await check(other)).toEqual([undefined, ['error']]);
	}
	expect((await check('none'))[0]).toBe('none');
});

/** Opaque tokens against oidc-provider: every client authentication, plain and signed answers, revocation. */
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '#runtime/node/clock';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import { createFormPoster } from '#runtime/node/form-poster';
import { expectForwarded, expectRefused, type GuardedGateway, startGuardedGateway } from './support/guarded-gateway.ts';
import { apiAudience, type OpaqueIssuer, startOpaqueIssuer } from './support/opaque-issuer.ts';
import { selfSigned } from './support/self-signed.ts';
import { testKey } from './support/sign-jws.ts';

const secret = 'a%secret:of+the gateway & 32 bytes';
const key = testKey('ES256', 'gateway');
const pem = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const jwk = JSON.stringify({ ...key.privateKey.export({ format: 'jwk' }), kid: key.kid });

/** Name of client and provider → how the gateway authenticates. */
const methods = {
	basic: {
		client: { secret },
		registered: { client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' },
	},
	post: {
		client: { auth_method: 'client_secret_post', secret },
		registered: { client_secret: secret, token_endpoint_auth_method: 'client_secret_post' },
	},
	secret_jwt: {
		client: { auth_method: 'client_secret_jwt', secret },
		registered: {
			client_secret: secret,
			token_endpoint_auth_method: 'client_secret_jwt',
			token_endpoint_auth_signing_alg: 'HS256',
		},
	},
	key_pem: {
		client: { auth_method: 'private_key_jwt', private_key_file: 'gateway.pem' },
		registered: { jwks: { keys: [key.jwk] }, token_endpoint_auth_method: 'private_key_jwt' },
	},
	key_jwk: {
		client: { auth_method: 'private_key_jwt', private_key_file: 'gateway.jwk' },
		registered: { jwks: { keys: [key.jwk] }, token_endpoint_auth_method: 'private_key_jwt' },
	},
	signed: {
		client: { secret },
		registered: {
			client_secret: secret,
			token_endpoint_auth_method: 'client_secret_basic',
			introspection_signed_response_alg: 'RS256',
		},
	},
} as const;
type Method = keyof typeof methods;

let ahead = 0;
const clock = { now: () => systemClock.now() + ahead, monotonic: () => systemClock.monotonic() + ahead };
let server: OpaqueIssuer;
let rig: GuardedGateway;

beforeAll(async () => {
	server = await startOpaqueIssuer({
		clients: [
			...Object.entries(methods).map(([id, { registered }]) => ({ client_id: id, ...registered })),
			{ client_id: 'hmac', client_secret: secret, introspection_signed_response_alg: 'HS256' },
		],
	});
	const shared = { issuer: server.issuer, tokens: ['opaque'], audience: apiAudience };
	const providers = Object.entries(methods).map(([id, { client }]) => [
		id,
		{ ...shared, client: { id, ...client }, introspection: { cache: '20s', signed: id === 'signed', timeout: '10s' } },
	]);
	rig = await startGuardedGateway(
		(upstream) => ({
			providers: {
				...Object.fromEntries(providers),
				uncached: { ...shared, client: { id: 'signed', secret }, introspection: { cache: '0s', signed: true } },
				hmac: { ...shared, client: { id: 'hmac', secret }, introspection: { signed: true } },
				impostor: { ...shared, client: { id: 'basic', secret: `${secret}!` } },
			},
			routes: [...Object.keys(methods), 'uncached', 'hmac', 'impostor'].map((name) => ({
				name,
				path: `/${name}`,
				providers: [name],
				scopes: ['read'],
				clients: ['application'],
				max_lifetime: '10m',
				upstream,
			})),
		}),
		{ runtime: { clock }, files: { 'gateway.pem': pem, 'gateway.jwk': jwk } },
	);
});

afterAll(async () => {
	await rig.stop();
	await server.stop();
});

test.each(Object.keys(methods) as Method[])(
	'%s: forwarded, known the second time, refused when it is none',
	async (name) => {
		const token = await server.token();
		expect(token.split('.')).toHaveLength(1);
		const asked = server.introspections;
		const seen = await rig.send({ target: `/${name}`, token });
		expectForwarded(seen);
		expect(seen.record).toMatchObject({ kind: 'opaque', provider: name, client: 'application' });
		expectForwarded(await rig.send({ target: `/${name}`, token }));
		expect(server.introspections - asked).toBe(1);
		expectRefused(await rig.send({ target: `/${name}`, token: `${token}x` }), '401-IT', 'token_inactive');
	},
);

test('revoked at the server: refused no later than the cache says, and at once without a cache', async () => {
	const token = await server.token();
	expectForwarded(await rig.send({ target: '/basic', token }));
	expectForwarded(await rig.send({ target: '/uncached', token }));
	await server.revoke(token);
	expectRefused(await rig.send({ target: '/uncached', token }), '401-IT', 'token_inactive');
	ahead += 20_000;
	expectRefused(await rig.send({ target: '/basic', token }), '401-IT', 'token_inactive');
	ahead -= 20_000;
});

test('a signed answer by the client’s secret is none: whoever has the secret could make it', async () => {
	const seen = await rig.send({ target: '/hmac', token: await server.token() });
	expectRefused(seen, '503', 'introspection_unavailable');
	expect(seen.record.found).toContain('an algorithm that is not accepted');
});

test('our own credentials are bad: a fault, and never the client’s', async () => {
	const seen = await rig.send({ target: '/impostor', token: await server.token() });
	expectRefused(seen, '503', 'introspection_unavailable');
	expect(seen.record.found).toContain('401');
	expect(JSON.stringify([rig.gateway.log, seen.record])).not.toContain('a%secret');
});

test('the calls are counted and timed', async () => {
	const { body } = await rig.gateway.gateway.metrics();
	expect(body).toMatch(/countersign_introspections_total\{provider="basic",outcome="active"\} [1-9]/);
	expect(body).toMatch(/countersign_introspections_total\{provider="impostor",outcome="failed"\} 1/);
	expect(body).toMatch(/countersign_introspection_duration_seconds_count\{provider="signed"\} [1-9]/);
});

test('tls_client_auth over real TLS: the right certificate opens, another one is our fault', async () => {
	const identity = selfSigned();
	const [own, other] = [selfSigned({ commonName: 'gateway' }), selfSigned({ commonName: 'somebody' })];
	const trusting = (certificate?: { readonly certificate: string; readonly key: string }) =>
		new Agent({
			connect: {
				ca: identity.certificate,
				...(certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key }),
			},
		});
	const poster = createFormPoster({ dispatcher: trusting });
	const tls = await startOpaqueIssuer(
		{
			clients: [
				{
					client_id: 'gateway',
					token_endpoint_auth_method: 'tls_client_auth',
					tls_client_auth_subject_dn: 'CN=gateway',
				},
			],
			tls: identity,
			isSubject: (subject) => subject === 'CN=gateway',
		},
		async (url, form) => {
			const body = new URLSearchParams({ ...form }).toString();
			const answer = await poster.post(url, {
				headers: [],
				body,
				certificate: undefined,
				timeout: 10_000,
				maxBytes: 65_536,
			});
			return answer.body === '' ? undefined : JSON.parse(answer.body);
		},
	);
	const provider = (name: string) => ({
		issuer: tls.issuer,
		tokens: ['opaque'],
		audience: apiAudience,
		client: { id: 'gateway', auth_method: 'tls_client_auth', certificate_file: `${name}.pem`, key_file: `${name}.key` },
	});
	const gateway = await startGuardedGateway(
		(upstream) => ({
			providers: { own: provider('own'), other: provider('other') },
			routes: ['own', 'other'].map((name) => ({ path: `/${name}`, providers: [name], upstream })),
		}),
		{
			runtime: { poster, fetcher: createDocumentFetcher({ dispatcher: trusting() }) },
			files: { 'own.pem': own.certificate, 'own.key': own.key, 'other.pem': other.certificate, 'other.key': other.key },
		},
	);
	onTestFinished(async () => {
		await gateway.stop();
		await tls.stop();
	});
	const token = await tls.token();
	expectForwarded(await gateway.send({ target: '/own', token }));
	expectRefused(await gateway.send({ target: '/other', token }), '503', 'introspection_unavailable');
});

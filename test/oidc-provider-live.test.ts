/**
 * JWTs and opaque tokens of one oidc-provider through one gateway: the same rules and records for both, each bound to a
 * client certificate over real TLS where it is, and revoked where that can be noticed.
 */
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#runtime/node/clock';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import { createFormPoster } from '#runtime/node/form-poster';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	type Seen,
	startGuardedGateway,
} from './support/guarded-gateway.ts';
import { apiAudience, application, type OpaqueIssuer, startOpaqueIssuer } from './support/opaque-issuer.ts';
import { clientOn } from './support/raw-client.ts';
import { type SelfSigned, selfSigned } from './support/self-signed.ts';
import { ownCertificate, secureSocket } from './support/tls-gateway.ts';

const formats = ['jwt', 'opaque'] as const;
const gatewaySecret = 'a secret of the gateway, 32 bytes';
const [holder, thief] = [selfSigned({ commonName: 'holder' }), selfSigned({ commonName: 'thief' })];

let ahead = 0;
const clock = { now: () => systemClock.now() + ahead, monotonic: () => systemClock.monotonic() + ahead };
const agents: Agent[] = [];
let server: OpaqueIssuer;
let rig: GuardedGateway;

beforeAll(async () => {
	const tokens = createFormPoster({ dispatcher: () => trusting(holder) });
	server = await startOpaqueIssuer(
		{
			tls: ownCertificate,
			clients: [
				{
					client_id: 'bound',
					client_secret: application.secret,
					token_endpoint_auth_method: 'client_secret_post',
					tls_client_certificate_bound_access_tokens: true,
				},
				{ client_id: 'gateway', client_secret: gatewaySecret },
			],
		},
		async (url, form) => {
			const body = new URLSearchParams({ ...form }).toString();
			const call = { headers: [], body, certificate: undefined, timeout: 10_000, maxBytes: 65_536 };
			const { status, body: text } = await tokens.post(url, call);
			if (status !== 200) throw new Error(`${url} answered ${status}: ${text}`);
			return text === '' ? undefined : JSON.parse(text);
		},
	);
	const tls = { certificate: 'server.pem', key: 'server.key', client_ca: 'clients.pem', client_certificate: 'request' };
	rig = await startGuardedGateway(
		(upstream) => {
			const rules = { scopes: ['read'], max_lifetime: '10m', claims_to_headers: { 'x-client': 'client_id' }, upstream };
			return {
				listen: { address: '127.0.0.1:0', tls },
				providers: {
					op: {
						issuer: server.issuer,
						tokens: ['jwt', 'opaque'],
						audience: apiAudience,
						client: { id: 'gateway', secret: gatewaySecret },
						introspection: { cache: '20s' },
					},
				},
				routes: [
					{ name: 'orders', path: '/orders', ...rules, clients: ['application', 'bound'] },
					{ name: 'bound', path: '/bound', ...rules, binding: 'mtls' },
					{ name: 'foreign', path: '/foreign', ...rules, audience: 'https://other.example.com' },
					{ name: 'admins', path: '/admins', ...rules, scopes: ['admin'] },
				],
			};
		},
		{
			runtime: {
				clock,
				fetcher: createDocumentFetcher({ dispatcher: trusting() }),
				poster: createFormPoster({ dispatcher: () => trusting() }),
			},
			files: {
				'server.pem': ownCertificate.certificate,
				'server.key': ownCertificate.key,
				'clients.pem': holder.certificate + thief.certificate,
			},
		},
	);
});

afterAll(async () => {
	await rig.stop();
	await server.stop();
	await Promise.all(agents.map((agent) => agent.close()));
});

function trusting(own?: SelfSigned): Agent {
	const shown = own === undefined ? {} : { cert: own.certificate, key: own.key };
	const agent = new Agent({ connect: { ca: ownCertificate.certificate, ...shown } });
	agents.push(agent);
	return agent;
}

/** One request on a TLS connection of its own, with this certificate. */
async function send(target: string, token: string, own?: SelfSigned): Promise<Seen> {
	const shown = own === undefined ? {} : { cert: own.certificate, key: own.key };
	const client = clientOn(await secureSocket(rig.gateway.url, shown));
	const records = rig.gateway.records.length;
	const arrived = rig.upstream.requests.length;
	client.send(requestBytes({ target, token, host: 'localhost' }));
	const response = await client.response();
	const record = await rig.gateway.record(records + 1);
	return { response, record, forwarded: rig.upstream.requests.slice(arrived) };
}

test('both pass on one route, and their records say the same', async () => {
	const seen = [
		await send('/orders', await server.token({ format: 'jwt' })),
		await send('/orders', await server.token({ format: 'opaque' })),
	];
	const [jwt, opaque] = seen.map((each) => {
		expect(expectForwarded(each).values('x-client')).toEqual(['application']);
		const { decision, reason, route, method, status, provider, kind, client, subject } = each.record;
		return { decision, reason, route, method, status, provider, kind, client, subject };
	});
	expect(jwt).toMatchObject({ provider: 'op', kind: 'jwt', client: 'application' });
	// Of a client's own token this server says the subject in a JWT, where RFC 9068 wants it, and not in an answer.
	expect(opaque).toEqual({ ...jwt, kind: 'opaque', subject: undefined });
});

test.each(formats)('%s: another audience and a missing scope are refused', async (format) => {
	const token = await server.token({ format });
	expectRefused(await send('/foreign', token), '401-IT', 'audience_mismatch');
	expectRefused(await send('/admins', token), '403-IS', 'scope_insufficient');
});

test.each(formats)('%s: bound to a certificate, it passes with that one alone', async (format) => {
	const token = await server.token({ format, client: 'bound' });
	for (const target of ['/orders', '/bound']) {
		expectForwarded(await send(target, token, holder));
		expectRefused(await send(target, token, thief), '401-IT', 'binding_mismatch');
		expectRefused(await send(target, token), '401-IT', 'binding_missing');
	}
	expectRefused(await send('/bound', await server.token({ format }), holder), '401-IT', 'binding_missing');
});

test('an opaque token that was revoked is refused once the cache has run out, and others pass', async () => {
	const [token, other] = [await server.token(), await server.token()];
	for (const each of [token, other]) expectForwarded(await send('/orders', each));
	await server.revoke(token);
	ahead += 20_000;
	expectRefused(await send('/orders', token), '401-IT', 'token_inactive');
	expectForwarded(await send('/orders', other));
	ahead -= 20_000;
});

/** Group M over HTTP/2 with real tokens and the whole gateway: the same decisions, records and headers as over HTTP/1.1. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type RecordingUpstream, recordingUpstream } from '../support/recording-upstream.ts';
import { alter, testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';
import { h2Request, h2Session, ownCertificate } from '../support/tls-gateway.ts';

let provider: TestProvider;
let upstream: RecordingUpstream;
let gateway: TestGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256')] });
	upstream = await recordingUpstream({ closedBy: 'caller' });
	const { certificate, key } = ownCertificate;
	gateway = await startTestGateway(
		{
			listen: { address: '127.0.0.1:0', tls: { certificate: 'tls.pem', key: 'tls.key' } },
			providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
			routes: [
				{
					name: 'all',
					host: 'api.example.com',
					path: '/tenants/**',
					upstream: upstream.url,
					claims_to_headers: { 'x-user-id': 'sub' },
				},
			],
		},
		{ files: { 'tls.pem': certificate, 'tls.key': key } },
	);
});

afterAll(async () => {
	await gateway.stop();
	await upstream.close();
	await provider.stop();
});

/** One request on a connection of its own, with its record and what reached the upstream. */
async function ask(headers: Readonly<Record<string, string>>, body?: string) {
	const records = gateway.records.length;
	const arrived = upstream.requests.length;
	const session = await h2Session(gateway.url);
	const response = await h2Request(
		session,
		{ ':authority': 'api.example.com', ':path': '/tenants/a', ...headers },
		body,
	);
	return { response, record: await gateway.record(records + 1), forwarded: upstream.requests.slice(arrived) };
}

test('M25: a good token is forwarded without the token, spoofed identity and hop-by-hop fields', async () => {
	const token = provider.issue();
	const spoofed = { 'x-user-id': 'admin', x_user_id: 'admin', 'x-forwarded-for': '10.0.0.1', te: 'trailers' };
	const { response, record, forwarded } = await ask({ ...spoofed, authorization: `Bearer ${token}` });
	expect(response).toMatchObject({ status: 200, body: 'hello from upstream' });
	expect(record).toMatchObject({
		decision: 'allow',
		status: 200,
		route: 'all',
		host: 'api.example.com',
		path: '/tenants/a',
	});
	const [request] = forwarded;
	expect(request?.values('x-forwarded-for')).toEqual(['127.0.0.1']);
	expect(request?.values('x-user-id')).toHaveLength(1);
	expect(request?.lines).not.toContain('admin');
	for (const name of ['authorization', 'x_user_id', 'te']) expect(request?.values(name)).toEqual([]);
	expect(JSON.stringify([gateway.records, gateway.log, request?.lines])).not.toContain(token);
});

test.each([
	['no token', {}, 401, 'credential_missing'],
	['an altered token', { altered: true }, 401, 'signature_invalid'],
	['an unknown host', { ':authority': 'other.example' }, 404, 'route_not_found'],
	['an ambiguous path', { ':path': '/tenants/a/%2e%2e/b' }, 400, 'path_ambiguous'],
	['an encoded slash', { ':path': '/tenants/a%2fb' }, 400, 'path_ambiguous'],
	['a fragment', { ':path': '/tenants/a#b' }, 400, 'request_malformed'],
] as const)('M25: %s is refused as over HTTP/1.1', async (_, change, status, reason) => {
	const { altered, ...headers } = { altered: false, ...change };
	const authorization = altered ? { authorization: `Bearer ${alter(provider.issue(), 2)}` } : {};
	const { response, record, forwarded } = await ask({ ...authorization, ...headers });
	expect([response.status, record.reason, forwarded.length]).toEqual([status, reason, 0]);
	expect(response.headers['www-authenticate'] === undefined).toBe(status !== 401);
	expect(response.headers['x-request-id']).toBeDefined();
});

test('M25: a refused upload is answered and told to stop', async () => {
	const { response, forwarded } = await ask({ ':method': 'POST' }, 'x'.repeat(1_000_000));
	expect([response.status, response.code, forwarded.length]).toEqual([401, 0, 0]);
});

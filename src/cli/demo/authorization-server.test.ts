import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { clinician, ordersApi, reader, recordsApi, shortLived, writer } from './applications.ts';
import { type AuthorizationServer, startAuthorizationServer } from './authorization-server.ts';
import { fetchToken } from './token-request.ts';

let server: AuthorizationServer;
const noise = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'info')];

beforeAll(async () => {
	server = await startAuthorizationServer(0);
});
afterAll(() => server.stop());

async function ask(form: Record<string, string>): Promise<{ status: number; answer: Record<string, unknown> }> {
	const response = await fetch(server.tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) });
	return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

const asReader = { grant_type: 'client_credentials', client_id: reader.id, client_secret: reader.secret };

test('an RS256 at+jwt with Auth0’s claims, verified with the published keys', async () => {
	const { token } = await fetchToken(server.tokenEndpoint, writer, ordersApi);
	const keys = createRemoteJWKSet(new URL(`${server.issuer}.well-known/jwks.json`));
	const { payload, protectedHeader } = await jwtVerify(token, keys, {
		issuer: server.issuer,
		audience: ordersApi,
		typ: 'at+jwt',
		algorithms: ['RS256'],
	});
	expect(protectedHeader.kid).toBe('demo-key-1');
	expect(payload).toMatchObject({
		sub: 'writer-app@clients',
		aud: ordersApi,
		azp: 'writer-app',
		client_id: 'writer-app',
		scope: 'orders:read orders:write',
		permissions: ['orders:read', 'orders:write'],
	});
	expect(payload.exp).toBe((payload.iat ?? 0) + 3600);
});

test('the issuer ends with a slash and its metadata agree', async () => {
	expect(server.issuer).toBe(`http://127.0.0.1:${server.port}/`);
	const metadata = (await (await fetch(`${server.issuer}.well-known/openid-configuration`)).json()) as object;
	expect(metadata).toMatchObject({
		issuer: server.issuer,
		jwks_uri: `${server.issuer}.well-known/jwks.json`,
		token_endpoint: server.tokenEndpoint,
	});
});

test('the answer of the token endpoint', async () => {
	const { status, answer } = await ask({ ...asReader, audience: ordersApi });
	expect(status).toBe(200);
	expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'orders:read' });
});

test('a scope that was not granted is not given', async () => {
	const { answer } = await ask({ ...asReader, audience: ordersApi, scope: 'orders:read orders:write' });
	expect(answer['scope']).toBe('orders:read');
});

test('permissions are all that were granted, scope is what was asked for', async () => {
	const { claims } = await fetchToken(server.tokenEndpoint, writer, ordersApi, 'orders:read');
	expect(claims).toMatchObject({ scope: 'orders:read', permissions: ['orders:read', 'orders:write'] });
});

test('claims and lifetime are the application’s', async () => {
	const { claims } = await fetchToken(server.tokenEndpoint, clinician, recordsApi);
	expect(claims).toMatchObject({
		purpose_of_use: 'TREATMENT',
		'https://example.com/roles': ['clinician'],
		training_completed: true,
	});
	const brief = await fetchToken(server.tokenEndpoint, shortLived, ordersApi);
	expect(Number(brief.claims['exp']) - Number(brief.claims['iat'])).toBe(1);
});

test.each([
	['a wrong secret', { ...asReader, client_secret: 'x', audience: ordersApi }, 401, 'invalid_client'],
	['no audience', asReader, 400, 'invalid_request'],
	['an API that was not granted', { ...asReader, audience: recordsApi }, 400, 'invalid_target'],
	['a name that every object has', { ...asReader, audience: 'constructor' }, 400, 'invalid_target'],
	['another grant', { ...asReader, grant_type: 'password', audience: ordersApi }, 400, 'unsupported_grant_type'],
])('%s gives no token', async (_name, form, status, error) => {
	const refused = await ask(form);
	expect(refused.status).toBe(status);
	expect(refused.answer['error']).toBe(error);
	expect(refused.answer['access_token']).toBeUndefined();
	await expect(fetchToken(server.tokenEndpoint, { ...reader, secret: 'x' }, ordersApi)).rejects.toThrow(
		'no token for reader-app: 401',
	);
});

test('nothing of it reaches the console', () => {
	for (const spy of noise) expect(spy).not.toHaveBeenCalled();
});

import { createSecretKey } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { algorithms } from '#core/index';
import { alter, encode, secretKey, signJws, testKey } from './sign-jws.ts';
import { createTestProvider, jwksPath, type TestProvider } from './test-provider.ts';

let provider: TestProvider | undefined;
afterEach(async () => {
	await provider?.stop();
	provider = undefined;
});

const asymmetric = algorithms.filter((algorithm) => !algorithm.startsWith('HS'));

async function jwksOf(from: TestProvider): Promise<JSONWebKeySet> {
	return (await (await fetch(from.jwksUri)).json()) as JSONWebKeySet;
}

test.each(asymmetric)('%s: another library verifies what the provider issues', async (algorithm) => {
	provider = await createTestProvider({ keys: [testKey(algorithm)] });
	const token = provider.issue({ scope: 'orders:read' });
	const keys = createLocalJWKSet(await jwksOf(provider));
	const { payload, protectedHeader } = await jwtVerify(token, keys, {
		issuer: provider.issuer,
		audience: provider.audience,
		typ: 'at+jwt',
	});
	expect(payload['scope']).toBe('orders:read');
	expect(protectedHeader.alg).toBe(algorithm);
	await expect(jwtVerify(alter(token, 1), keys)).rejects.toThrow('signature verification failed');
});

test.each(['HS256', 'HS384', 'HS512'] as const)('%s with a secret', async (algorithm) => {
	const secret = 'correct horse battery staple, correct horse battery staple, and more';
	const token = signJws({ header: { alg: algorithm }, payload: { sub: 'a' }, key: secretKey(secret, algorithm) });
	const { payload } = await jwtVerify(token, createSecretKey(Buffer.from(secret)));
	expect(payload.sub).toBe('a');
});

test('header and payload may be any text', async () => {
	provider = await createTestProvider();
	const header = '{"alg":"RS256","alg":"none"}';
	const token = provider.issue({}, { header, payload: '{"sub":"a","sub":"b"' });
	expect(token.split('.').slice(0, 2)).toEqual([encode(header), encode('{"sub":"a","sub":"b"')]);
});

test('undefined leaves a claim out, kid null leaves the kid out', async () => {
	provider = await createTestProvider();
	const [header, payload] = provider
		.issue({ sub: undefined, exp: undefined }, { kid: null })
		.split('.')
		.map((segment) => Buffer.from(segment, 'base64url').toString());
	expect(JSON.parse(header ?? '')).toEqual({ alg: 'RS256', typ: 'at+jwt' });
	expect(Object.keys(JSON.parse(payload ?? '') as object)).toEqual(['iss', 'aud', 'iat', 'client_id']);
});

test('requests are counted and answers switched', async () => {
	provider = await createTestProvider({ issuerPath: '/realms/x' });
	const metadata = (await (await fetch(provider.discoveryUri)).json()) as { issuer: string; jwks_uri: string };
	expect(metadata).toMatchObject({ issuer: `${provider.url}/realms/x`, jwks_uri: provider.jwksUri });
	provider.behave(jwksPath, { status: 500, body: 'no', times: 1 });
	expect((await fetch(provider.jwksUri)).status).toBe(500);
	expect((await fetch(provider.jwksUri)).status).toBe(200);
	provider.behave(jwksPath, { redirect: provider.discoveryUri });
	expect((await fetch(provider.jwksUri, { redirect: 'manual' })).status).toBe(302);
	provider.behave(jwksPath, { cut: true });
	await expect(fetch(provider.jwksUri)).rejects.toThrow('fetch failed');
	provider.behave(jwksPath, undefined);
	provider.rotate([testKey('ES256', 'next')]);
	expect((await jwksOf(provider)).keys.map((key) => key.kid)).toEqual(['es256-next']);
	expect(provider.requests(jwksPath)).toBe(5);
	expect(provider.requests()).toBe(6);
});

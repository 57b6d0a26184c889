import { expect, test } from 'vitest';
import { encodeFormValue } from '#formats/form';
import {
	type ClientAuthenticationDefinition,
	createClientAuthentication,
} from '#keys/authorization-server/client-authentication';
import { fakeClock, realCryptography } from '../../../test/support/fake-runtime.ts';
import { secretKey, signatureOf, testKey } from '../../../test/support/sign-jws.ts';

const clock = fakeClock();
const now = clock.now() / 1000;
const make = (authentication: ClientAuthenticationDefinition, id = 'gate:way') =>
	createClientAuthentication({ id, authentication }, { clock, cryptography: realCryptography });

const decode = (segment: string | undefined): unknown => JSON.parse(Buffer.from(segment ?? '', 'base64url').toString());

async function assertionOf(authentication: ClientAuthenticationDefinition) {
	const { headers, parameters, certificate } = await make(authentication).prove();
	expect([headers, certificate]).toEqual([[], undefined]);
	expect(parameters.map(([name]) => name)).toEqual(['client_id', 'client_assertion_type', 'client_assertion']);
	expect(new Map(parameters).get('client_assertion_type')).toBe(
		'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
	);
	const assertion = new Map(parameters).get('client_assertion') ?? '';
	const [header, claims, signature = ''] = assertion.split('.');
	return { header: decode(header), claims: decode(claims), signingInput: `${header}.${claims}`, signature };
}

test('client_secret_basic: id and secret are form-encoded, then joined (RFC 6749 §2.3.1)', async () => {
	const { headers, parameters } = await make({ method: 'client_secret_basic', secret: 'a:b%c+d ü' }).prove();
	const encoded = Buffer.from('gate%3Away:a%3Ab%25c%2Bd+%C3%BC').toString('base64');
	expect(headers).toEqual([['authorization', `Basic ${encoded}`]]);
	expect(parameters).toEqual([]);
});

test('client_secret_post: both stand in the form, not encoded yet', async () => {
	const { headers, parameters } = await make({ method: 'client_secret_post', secret: 'a:b%c+d' }).prove();
	expect(headers).toEqual([]);
	expect(parameters).toEqual([
		['client_id', 'gate:way'],
		['client_secret', 'a:b%c+d'],
	]);
	expect(encodeFormValue('a:b%c+d')).toBe('a%3Ab%25c%2Bd');
});

test('client_secret_jwt: an assertion that the secret signs (RFC 7523 §3)', async () => {
	const secret = 'a secret that is at least 32 bytes long, really';
	const audience = 'https://idp.example.com/';
	const made = await assertionOf({ method: 'client_secret_jwt', secret, algorithm: 'HS256', audience });
	expect(made.header).toEqual({ alg: 'HS256', typ: 'JWT' });
	expect(made.claims).toEqual({
		iss: 'gate:way',
		sub: 'gate:way',
		aud: audience,
		jti: expect.stringMatching(/^[\w-]{22}$/),
		iat: now,
		nbf: now,
		exp: now + 60,
	});
	expect(made.signature).toBe(signatureOf(secretKey(secret), made.signingInput).toString('base64url'));
});

test.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const)('private_key_jwt with %s', async (algorithm) => {
	const key = testKey(algorithm);
	const pem = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
	const audience = 'https://idp.example.com/token';
	const made = await assertionOf({ method: 'private_key_jwt', key: pem, algorithm, keyId: 'k', audience });
	expect(made.header).toEqual({ alg: algorithm, typ: 'JWT', kid: 'k' });
	const { kid: _, alg: __, use: ___, ...jwk } = key.jwk;
	const input = new TextEncoder().encode(made.signingInput);
	const signature = Buffer.from(made.signature, 'base64url');
	expect(await realCryptography.importJwk(jwk).verify(algorithm, input, signature)).toBe(true);
});

test('private_key_jwt: algorithm and kid come from the JWK where they are not given', async () => {
	const key = JSON.stringify({ ...testKey('ES256').privateKey.export({ format: 'jwk' }), kid: 'own' });
	const made = await assertionOf({
		method: 'private_key_jwt',
		key,
		algorithm: undefined,
		keyId: undefined,
		audience: 'a',
	});
	expect(made.header).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'own' });
});

test('no two assertions are the same', async () => {
	const secret = 'a secret that is at least 32 bytes long, really';
	const client = make({ method: 'client_secret_jwt', secret, algorithm: 'HS256', audience: 'a' });
	const made = await Promise.all(Array.from({ length: 20 }, () => client.prove()));
	expect(new Set(made.map(({ parameters }) => new Map(parameters).get('client_assertion'))).size).toBe(20);
});

test('tls_client_auth shows the certificate and names the client; bearer shows the token', async () => {
	const certificate = await make({ method: 'tls_client_auth', certificate: 'CERT', key: 'KEY' }).prove();
	expect(certificate).toEqual({
		headers: [],
		parameters: [['client_id', 'gate:way']],
		certificate: { certificate: 'CERT', key: 'KEY' },
		secret: 0,
	});
	const bearer = await make({ method: 'bearer', token: 'abc' }, '').prove();
	expect(bearer).toEqual({
		headers: [['authorization', 'Bearer abc']],
		parameters: [],
		certificate: undefined,
		secret: 0,
	});
});

test('a key that cannot sign as it should is told of at once, in words that hold nothing of it', () => {
	const pem = testKey('ES256').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
	const base = { method: 'private_key_jwt', keyId: undefined, audience: 'a' } as const;
	expect(() => make({ ...base, key: pem, algorithm: 'RS256' })).toThrow('cannot sign with RS256: it is for ES256');
	expect(() => make({ ...base, key: 'canary', algorithm: undefined })).toThrow(/^(?!.*canary).*PEM/);
});

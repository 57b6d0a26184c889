/** Group E: encryption says nothing about who made a token, and costs nothing before it is known to be meant (E01–E10). */
import { createPublicKey, createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { encryptJwe, withPart } from '../support/encrypt-jwe.ts';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { apiAudience, startOpaqueIssuer } from '../support/opaque-issuer.ts';
import { encode, testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

const signing = testKey('RS256', 'encrypted');
const gatewayKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const secret = randomBytes(32);
const publicKey = gatewayKey.publicKey;

let provider: TestProvider;
let other: TestProvider;
let rig: GuardedGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [signing] });
	other = await createTestProvider({ keys: [testKey('ES256', 'encrypted')] });
	const { issuer, audience } = provider;
	rig = await startGuardedGateway(
		(upstream) => ({
			providers: {
				encrypted: {
					issuer,
					audience,
					decryption_keys: [
						{ file: 'gateway.pem', kid: 'gateway' },
						{ secret: secret.toString('base64url'), kid: 'direct', alg: 'dir' },
					],
				},
				other: { issuer: other.issuer, audience: other.audience, decryption_keys: [{ file: 'other.jwk' }] },
				plain: { issuer, audience },
				// The one mistake that E04 lives on: the key that verifies tokens is that for which they are encrypted.
				confused: { issuer, audience, decryption_keys: [{ file: 'signing.pem', alg: ['RSA-OAEP', 'RSA-OAEP-256'] }] },
			},
			routes: [
				{ name: 'encrypted', path: '/encrypted', providers: ['encrypted', 'other'], upstream },
				{ name: 'plain', path: '/plain', providers: ['plain'], upstream },
				{ name: 'confused', path: '/confused', providers: ['confused'], upstream },
			],
		}),
		{
			files: {
				'gateway.pem': pem(gatewayKey.privateKey),
				'signing.pem': pem(signing.privateKey),
				'other.jwk': JSON.stringify({ ...otherKey.privateKey.export({ format: 'jwk' }), use: 'enc', kid: 'other' }),
			},
		},
	);
});

afterAll(async () => {
	await rig.stop();
	await Promise.all([provider.stop(), other.stop()]);
});

function pem(key: typeof gatewayKey.privateKey): string {
	return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const send = (token: string, target = '/encrypted') => rig.send({ target, token });
const encrypted = (plaintext: string, header: Readonly<Record<string, unknown>> = {}) =>
	encryptJwe(plaintext, publicKey, { alg: 'RSA-OAEP-256', header: { kid: 'gateway', ...header } });
const claims = () => {
	const now = Math.floor(Date.now() / 1000);
	return { iss: provider.issuer, aud: provider.audience, sub: 'admin', iat: now, exp: now + 300 };
};

test('a signed JWT within is verified like any other, and the whole token is known when it comes again', async () => {
	const token = await encrypted(provider.issue());
	const first = await send(token);
	expectForwarded(first);
	expect(first.record).toMatchObject({ provider: 'encrypted', kind: 'jwt', subject: 'user-1' });
	expectForwarded(await send(token));
	const altered = withPart(token, 4, flipped);
	expectRefused(await send(altered), '401-IT', 'token_malformed');
});

test('a direct key, and keys of two providers on one route', async () => {
	const direct = await encryptJwe(provider.issue(), createSecretKey(secret), { alg: 'dir', header: { kid: 'direct' } });
	expectForwarded(await send(direct));
	const agreed = await encryptJwe(other.issue(), otherKey.publicKey, {
		alg: 'ECDH-ES+A256KW',
		header: { kid: 'other' },
	});
	expect(expectForwarded(await send(agreed)).values('authorization')).toEqual([]);
});

test('what is encrypted for one provider carries no token of another', async () => {
	const crossed = await encryptJwe(provider.issue(), otherKey.publicKey, { alg: 'ECDH-ES', header: { kid: 'other' } });
	expectRefused(await send(crossed), '401-IT', 'issuer_unknown');
});

test('the token within is judged by the same checks', async () => {
	expectRefused(await send(await encrypted(provider.issue({ exp: 1 }))), '401-IT', 'token_expired');
	expectRefused(await send(await encrypted(provider.issue({ aud: 'else' }))), '401-IT', 'audience_mismatch');
	expectRefused(
		await send(await encrypted(provider.issue({}, { key: testKey('RS256', 'foreign'), kid: signing.kid }))),
		'401-IT',
		'signature_invalid',
	);
});

test('E01: an encrypted token where nobody decrypts', async () => {
	expectRefused(await send(await encrypted(provider.issue()), '/plain'), '401-IT', 'token_malformed');
});

test('E02: PBES2 with two thousand million rounds is refused before the first', async () => {
	const header = { alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', cty: 'JWT', p2c: 2_147_483_647, p2s: 'c2FsdHNhbHQ' };
	const token = withPart(await encrypted(provider.issue()), 0, encode(header));
	expectRefused(await send(token), '401-IT', 'algorithm_rejected');
});

test.each(['RSA1_5', 'A128KW', 'RSA-OAEP-512', 'dir'])('E02: alg %s is not what the key is for', async (alg) => {
	const token = withPart(
		await encrypted(provider.issue()),
		0,
		encode({ alg, enc: 'A256GCM', cty: 'JWT', kid: 'gateway' }),
	);
	const seen = await send(token);
	expectRefused(seen, '401-IT', alg === 'dir' ? 'token_malformed' : 'algorithm_rejected');
});

test('E03: a compressed token is refused, and never unfolded', async () => {
	const bomb = await encryptJwe(' '.repeat(8 * 1024 * 1024), publicKey, {
		alg: 'RSA-OAEP-256',
		header: { kid: 'gateway', zip: 'DEF' },
	});
	expect(bomb.length).toBeLessThan(16 * 1024);
	const before = process.memoryUsage().rss;
	for (let i = 0; i < 20; i++) {
		expectRefused(await send(bomb), '401-IT', 'token_malformed');
	}
	// Unfolded they would be 160 MiB.
	expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
});

test('E04: whoever knows the public key can encrypt; claims without a signature are no token', async () => {
	const verification = createPublicKey(signing.privateKey);
	for (const alg of ['RSA-OAEP', 'RSA-OAEP-256']) {
		const forged = await encryptJwe(JSON.stringify(claims()), verification, { alg, header: { kid: signing.kid } });
		expectRefused(await send(forged, '/confused'), '401-IT', 'token_malformed');
	}
	expectForwarded(await send(await encryptJwe(provider.issue(), verification, { alg: 'RSA-OAEP' }), '/confused'));
});

test('E05: a JWT without a signature within', async () => {
	const unsigned = `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims())}.`;
	expectRefused(await send(await encrypted(unsigned)), '401-IT', 'algorithm_rejected');
});

test('a token that is encrypted twice', async () => {
	const inner = await encrypted(provider.issue());
	expectRefused(await send(await encrypted(inner)), '401-IT', 'token_malformed');
});

test('E07: a tag of four octets', async () => {
	const token = withPart(await encrypted(provider.issue()), 4, (tag) => tag.subarray(0, 4));
	expectRefused(await send(token), '401-IT', 'token_malformed');
});

test('E07: a JWE without its content encryption’s tag', async () => {
	const token = withPart(await encrypted(provider.issue()), 4, '');
	expectRefused(await send(token), '401-IT', 'token_malformed');
});

test('E09: only the compact serialisation is read', async () => {
	const token = await encrypted(provider.issue());
	const [head = '', key = '', iv = '', text = '', tag = ''] = token.split('.');
	const json = JSON.stringify({ protected: head, encrypted_key: key, iv, ciphertext: text, tag });
	expectRefused(await send(encode(json)), '401-IT', 'token_malformed');
	expectRefused(await send(`${token}.${provider.issue()}`), '401-IT', 'token_malformed');
	expectRefused(await send(`${provider.issue()}.${key}.${tag}`), '401-IT', 'token_malformed');
	// The same, in which the header of a JWS is read as that of a JWE.
	const both = encode({ alg: 'RS256', kid: signing.kid, enc: 'A256GCM', cty: 'JWT', typ: 'at+jwt' });
	expectRefused(await send(withPart(token, 0, both)), '401-IT', 'algorithm_rejected');
});

test('E10: what decrypts is worth nothing by itself', async () => {
	for (const plaintext of [JSON.stringify(claims()), encode(claims()), 'admin', '', '{}']) {
		const token = plaintext === '' ? withPart(await encrypted('x'), 3, '') : await encrypted(plaintext);
		expectRefused(await send(token), '401-IT', 'token_malformed');
	}
	expectRefused(await send(await encrypted(provider.issue(), { cty: undefined })), '401-IT', 'token_malformed');
});

test('every way not to decrypt reads the same, to the client and in the record', async () => {
	const token = await encrypted(provider.issue());
	const foreign = await encryptJwe(provider.issue(), generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey, {
		alg: 'RSA-OAEP-256',
		header: { kid: 'gateway' },
	});
	const answers = new Set<string>();
	for (const bad of [
		withPart(token, 1, flipped),
		withPart(token, 2, flipped),
		withPart(token, 3, flipped),
		withPart(token, 4, flipped),
		withPart(token, 1, randomBytes(256).toString('base64url')),
		foreign,
		await encrypted(provider.issue(), { kid: 'unknown' }),
	]) {
		const seen = await send(bad);
		expectRefused(seen, '401-IT', 'token_malformed');
		answers.add(`${seen.response.headers.get('www-authenticate')} ${seen.response.body} ${seen.record.found}`);
	}
	expect(answers.size).toBe(1);
});

test('E02, E10: keys that are too weak are refused with the configuration', async () => {
	const { issuer, audience } = provider;
	const start = (key: Readonly<Record<string, unknown>>) =>
		startGuardedGateway((upstream) => ({
			providers: { idp: { issuer, audience, decryption_keys: [key] } },
			routes: [{ path: '/', upstream }],
		}));
	for (const key of [
		{ secret: randomBytes(8).toString('base64url'), alg: 'dir' },
		{ secret: Buffer.alloc(32).toString('base64url'), alg: 'dir' },
		{ secret: randomBytes(32).toString('base64url') },
		{ secret: randomBytes(32).toString('base64url'), alg: 'PBES2-HS256+A128KW' },
		{ file: 'missing.pem', alg: 'RSA1_5' },
	]) {
		await expect(start(key)).rejects.toThrow(Error);
	}
});

test('live: tokens that oidc-provider has signed and encrypted', async () => {
	const server = await startOpaqueIssuer({
		clients: [],
		encrypt: { alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256', kid: 'gateway', key: publicKey },
	});
	onTestFinished(() => server.stop());
	const live = await startGuardedGateway(
		(upstream) => ({
			providers: {
				op: {
					issuer: server.issuer,
					audience: apiAudience,
					decryption_keys: [{ file: 'gateway.pem', kid: 'gateway' }],
				},
			},
			routes: [{ name: 'api', path: '/', scopes: ['read'], upstream, claims_to_headers: { 'x-client': 'client_id' } }],
		}),
		{ files: { 'gateway.pem': pem(gatewayKey.privateKey) } },
	);
	onTestFinished(() => live.stop());
	const token = await server.token();
	expect(token.split('.')).toHaveLength(5);
	const seen = await live.send({ token });
	expect(expectForwarded(seen).values('x-client')).toEqual(['application']);
	expect(seen.record).toMatchObject({ provider: 'op', kind: 'jwt', client: 'application' });
});

function flipped(octets: Buffer): Buffer {
	octets[0] = (octets[0] ?? 0) ^ 1;
	return octets;
}

import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Algorithm } from '#core/index';
import { nodeCryptography } from '#runtime/node/cryptography';
import { importPrivateKey, importSigningSecret } from '#runtime/node/signing';
import { testKey } from '../../../test/support/sign-jws.ts';

const input = new TextEncoder().encode('header.payload');

test.each(['RS256', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const)(
	'%s: what a PEM and a JWK sign is verified by the public key',
	async (algorithm) => {
		const { privateKey, jwk } = testKey(algorithm);
		const { kid: _, alg: __, use: ___, ...members } = jwk;
		const verifier = nodeCryptography.importJwk(members);
		const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
		const own = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'k1', alg: algorithm });
		for (const key of [importPrivateKey(pem), importPrivateKey(own)]) {
			expect(key.algorithms).toContain(algorithm);
			expect(await verifier.verify(algorithm, input, await key.sign(algorithm, input))).toBe(true);
		}
		expect(importPrivateKey(own)).toMatchObject({ kid: 'k1', algorithms: [algorithm] });
	},
);

test('a secret signs with HMAC alone', async () => {
	const secret = new Uint8Array(32).fill(7);
	const key = importSigningSecret(secret);
	const signature = await key.sign('HS256', input);
	expect(await nodeCryptography.importSecret(secret).verify('HS256', input, signature)).toBe(true);
	expect(() => key.sign('RS256', input)).toThrow('cannot sign with RS256');
	expect(() => importSigningSecret(new Uint8Array())).toThrow('empty');
});

test('a key signs only with what it is for', () => {
	const pem = testKey('ES256').privateKey.export({ type: 'sec1', format: 'pem' }).toString();
	const key = importPrivateKey(pem);
	expect(key.algorithms).toEqual(['ES256']);
	for (const algorithm of ['ES384', 'RS256', 'HS256'] as Algorithm[]) {
		expect(() => key.sign(algorithm, input)).toThrow(`cannot sign with ${algorithm}`);
	}
});

const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const foreign = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
const ed448 = generateKeyPairSync('ed448').privateKey;
const pkcs8 = (key: typeof weak) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

test.each([
	['a public key', testKey('ES256').pem, 'private key that can be read'],
	['two blocks', pkcs8(ed448) + pkcs8(ed448), 'exactly one PEM block'],
	['no PEM', 'canary', 'exactly one PEM block'],
	['a broken JWK', '{"canary', 'not JSON'],
	['a public JWK', JSON.stringify(testKey('ES256').jwk), 'no member d'],
	['an unreadable JWK', '{"kty":"EC","d":"canary"}', 'that can be read'],
	['1024 bits', pkcs8(weak), '2048 bits'],
	['another curve', pkcs8(foreign), 'none of RSA'],
	['Ed448', pkcs8(ed448), 'none of RSA'],
	[
		'an encrypted key',
		ed448.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'canary' }).toString(),
		'encrypted',
	],
	[
		'an alg of another kind',
		JSON.stringify({
			...ed448.export({ format: 'jwk' }),
			...testKey('ES256').privateKey.export({ format: 'jwk' }),
			alg: 'RS256',
		}),
		'alg that its JWK names',
	],
])('%s is refused in words that quote nothing', (_, text, message) => {
	expect(() => importPrivateKey(text)).toThrow(message);
	expect(() => importPrivateKey(text)).not.toThrow('canary');
});

import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { contentEncryptions, type KeyManagementAlgorithm } from '#core/index';
import { encryptJwe, withPart } from '../../../test/support/encrypt-jwe.ts';
import { importDecryptionKey, importDecryptionSecret } from './decryption.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const x25519 = generateKeyPairSync('x25519').privateKey;
const unbound = { kid: undefined, algorithms: undefined };

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const jwk = (key: KeyObject, members: object = {}) => JSON.stringify({ ...key.export({ format: 'jwk' }), ...members });
const opened = (plaintext: Uint8Array | undefined) =>
	plaintext === undefined ? undefined : new TextDecoder().decode(plaintext);

test.each([
	['RSA-OAEP', rsa],
	['RSA-OAEP-256', rsa],
	['ECDH-ES', p256],
	['ECDH-ES+A128KW', p256],
	['ECDH-ES+A256KW', x25519],
] as const)('opens %s with every content encryption', async (alg, key) => {
	const decryption = importDecryptionKey(pem(key), unbound);
	for (const enc of contentEncryptions) {
		const token = await encryptJwe('within', createPublicKey(key), { alg, enc });
		expect(opened(await decryption.decrypt(token, alg, enc))).toBe('within');
		const altered = withPart(token, 3, (octets) => {
			octets[0] = (octets[0] ?? 0) ^ 1;
			return octets;
		});
		expect(await decryption.decrypt(altered, alg, enc)).toBeUndefined();
	}
});

test.each([
	['A256KW', 32],
	['A256GCMKW', 32],
	['dir', 32],
] as const)('opens %s with a secret', async (alg, length) => {
	const secret = randomBytes(length);
	const decryption = importDecryptionSecret(secret, { kid: undefined, algorithms: [alg] });
	const token = await encryptJwe('within', createSecretKey(secret), { alg });
	expect(opened(await decryption.decrypt(token, alg, 'A256GCM'))).toBe('within');
});

test('is bound to the algorithms that it was made for, whatever the token says', async () => {
	const decryption = importDecryptionKey(pem(rsa), { kid: undefined, algorithms: ['RSA-OAEP-256'] });
	const token = await encryptJwe('within', createPublicKey(rsa), { alg: 'RSA-OAEP' });
	expect(await decryption.decrypt(token, 'RSA-OAEP', 'A256GCM')).toBeUndefined();
	expect(await decryption.decrypt(token, 'RSA-OAEP-256', 'A256GCM')).toBeUndefined();
});

test('does not decompress', async () => {
	const decryption = importDecryptionKey(pem(rsa), unbound);
	const token = await encryptJwe('a'.repeat(5_000), createPublicKey(rsa), {
		alg: 'RSA-OAEP',
		header: { zip: 'DEF' },
	});
	expect(token.length).toBeLessThan(1_000);
	expect(await decryption.decrypt(token, 'RSA-OAEP', 'A256GCM')).toBeUndefined();
});

test('takes kid and alg from a JWK', () => {
	const key = importDecryptionKey(jwk(rsa, { kid: 'one', alg: 'RSA-OAEP', use: 'enc' }), unbound);
	expect(key.kid).toBe('one');
	expect([...key.algorithms]).toEqual(['RSA-OAEP']);
});

test.each([
	[16, ['A128GCM']],
	[32, ['A256GCM', 'A128CBC-HS256']],
	[64, ['A256CBC-HS512']],
])('a direct key of %i octets is for %j', (length, encryptions) => {
	const key = importDecryptionSecret(randomBytes(length), { kid: undefined, algorithms: ['dir'] });
	expect([...key.encryptions]).toEqual(encryptions);
});

test.each([
	['another alg in the JWK', () => importDecryptionKey(jwk(rsa, { alg: 'RSA-OAEP' }), bound('RSA-OAEP-256'))],
	['RSA1_5', () => importDecryptionKey(jwk(rsa, { alg: 'RSA1_5' }), unbound)],
	['a JWK for signatures', () => importDecryptionKey(jwk(rsa, { use: 'sig' }), unbound)],
	['a public JWK', () => importDecryptionKey(JSON.stringify(createPublicKey(rsa).export({ format: 'jwk' })), unbound)],
	['an alg of another kind', () => importDecryptionKey(pem(rsa), bound('ECDH-ES'))],
	['an Ed25519 key', () => importDecryptionKey(pem(generateKeyPairSync('ed25519').privateKey), unbound)],
	[
		'an RSA key of 1024 bits',
		() => importDecryptionKey(pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), unbound),
	],
	['no PEM', () => importDecryptionKey('hello', unbound)],
	['half a JWK', () => importDecryptionKey('{"kty":"RSA"', unbound)],
	['a secret without alg', () => importDecryptionSecret(randomBytes(32), unbound)],
	['a short direct key', () => importDecryptionSecret(randomBytes(8), bound('dir'))],
	['a direct key of a length between', () => importDecryptionSecret(randomBytes(24), bound('dir'))],
	['a short wrapping key', () => importDecryptionSecret(randomBytes(16), bound('A256KW'))],
	['a secret for RSA', () => importDecryptionSecret(randomBytes(32), bound('RSA-OAEP'))],
	['a secret for two things', () => importDecryptionSecret(randomBytes(32), bound('dir', 'A256KW'))],
] as const)('refuses %s', (_, make) => {
	expect(make).toThrow(Error);
});

function bound(...algorithms: readonly KeyManagementAlgorithm[]) {
	return { kid: undefined, algorithms };
}

import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Algorithm, algorithms, type JsonObject } from '#core/index';
import { nodeCryptography } from '#runtime/node/cryptography';
import { jwsVectors } from '../../../test/support/rfc-vectors.ts';
import { signatureOf, testKey } from '../../../test/support/sign-jws.ts';

const input = Buffer.from('header.payload');

function publicOf(key: KeyObject): JsonObject {
	return key.export({ format: 'jwk' }) as JsonObject;
}

function parts(token: string): readonly [Uint8Array, Uint8Array] {
	const dot = token.lastIndexOf('.');
	return [Buffer.from(token.slice(0, dot)), Buffer.from(token.slice(dot + 1), 'base64url')];
}

test.each(jwsVectors)('verifies the example of $name and nothing near it', async ({ algorithm, jwk, token }) => {
	const secret = jwk['k'];
	const key =
		typeof secret === 'string'
			? nodeCryptography.importSecret(Buffer.from(secret, 'base64url'))
			: nodeCryptography.importJwk(jwk);
	const [signed, signature] = parts(token);
	expect(await key.verify(algorithm, signed, signature)).toBe(true);
	const altered = Uint8Array.from(signed);
	altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
	expect(await key.verify(algorithm, altered, signature)).toBe(false);
	for (const other of algorithms) {
		const alias = algorithm === 'EdDSA' && other === 'Ed25519';
		expect(await key.verify(other, signed, signature), other).toBe(other === algorithm || alias);
	}
});

test('a signature of any other length does not verify', () => {
	for (const algorithm of ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'HS256'] as const) {
		const key = importTestKey(algorithm);
		const signature = signatureOf(testKey(algorithm), 'header.payload');
		expect(key.verify(algorithm, input, signature), algorithm).toBe(true);
		for (const wrong of [
			new Uint8Array(0),
			signature.subarray(1),
			signature.subarray(0, -1),
			Buffer.concat([signature, Buffer.from([0])]),
			Buffer.concat([Buffer.from([0]), signature]),
			Buffer.concat([signature, signature]),
		]) {
			expect(key.verify(algorithm, input, wrong), `${algorithm} ${wrong.length}`).toBe(false);
		}
	}
});

test('CVE-2022-21449: no ECDSA signature of border values verifies', () => {
	const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
	const borders = [0n, 1n, order - 1n, order, order + 1n, 2n ** 256n - 1n];
	const key = importTestKey('ES256');
	for (const r of borders) {
		for (const s of borders) {
			const hex = r.toString(16).padStart(64, '0') + s.toString(16).padStart(64, '0');
			expect(key.verify('ES256', input, Buffer.from(hex, 'hex')), hex).toBe(false);
		}
	}
});

test('a DER-encoded ECDSA signature does not verify', () => {
	const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	const key = nodeCryptography.importJwk(publicOf(publicKey));
	expect(key.verify('ES256', input, sign('sha256', input, { key: privateKey, dsaEncoding: 'der' }))).toBe(false);
	expect(key.verify('ES256', input, sign('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' }))).toBe(true);
});

test('a PSS salt of another length than the hash does not verify', () => {
	const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	const key = nodeCryptography.importJwk(publicOf(publicKey));
	for (const [saltLength, verifies] of [
		[0, false],
		[20, false],
		[32, true],
		[64, false],
	] as const) {
		const signature = sign('sha256', input, { key: privateKey, padding: 6, saltLength });
		expect(key.verify('PS256', input, signature), `salt ${saltLength}`).toBe(verifies);
	}
});

test('ES256 with a P-384 key fails closed, as does every key of another kind', () => {
	for (const made of algorithms) {
		const key = importTestKey(made);
		const signature = signatureOf(testKey(made), 'header.payload');
		for (const asked of algorithms) {
			const same =
				asked === made || (made === 'EdDSA' && asked === 'Ed25519') || (made === 'Ed25519' && asked === 'EdDSA');
			expect(key.verify(asked, input, signature), `${made} as ${asked}`).toBe(same);
		}
	}
});

test('random bytes never verify and never throw', () => {
	const keys = algorithms.map((algorithm) => [algorithm, importTestKey(algorithm)] as const);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 50 }), (signature, signed) => {
			for (const [algorithm, key] of keys) expect(key.verify(algorithm, signed, signature)).toBe(false);
		}),
		{ numRuns: 30 },
	);
});

test('a point off its curve, a shared secret and nonsense cannot be imported', () => {
	const x = testKey('ES256').jwk['x'] ?? '';
	for (const jwk of [{ kty: 'EC', crv: 'P-256', x, y: x }, { kty: 'oct', k: 'AAAA' }, {}]) {
		expect(() => nodeCryptography.importJwk(jwk), JSON.stringify(jwk)).toThrow(/JWK|key/i);
	}
	expect(() => nodeCryptography.importSecret(new Uint8Array(0))).toThrow('empty secret');
});

test('digests are SHA-256 and HMAC-SHA-256 in base64url', () => {
	expect(nodeCryptography.digest('č token')).toBe(createHash('sha256').update('č token').digest('base64url'));
	const key = nodeCryptography.randomBytes(32);
	expect(key).toHaveLength(32);
	expect(nodeCryptography.keyedDigest(key)('token')).toBe(
		createHmac('sha256', key).update('token').digest('base64url'),
	);
});

function importTestKey(algorithm: Algorithm) {
	const key = testKey(algorithm);
	return algorithm.startsWith('HS')
		? nodeCryptography.importSecret(key.privateKey.export())
		: nodeCryptography.importJwk(key.jwk);
}

test('the keyed digest is HMAC-SHA-256 (RFC 2104), for keys and texts of any length and in any order', () => {
	// Around 85 UTF-16 units a text is taken in another way.
	const text = fc.oneof(
		fc.string({ unit: 'binary' }),
		fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '\ud800'), minLength: 60, maxLength: 200 }),
	);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(text, { minLength: 1, maxLength: 4 }), (key, texts) => {
			const digest = nodeCryptography.keyedDigest(key);
			const expected = texts.map((each) => createHmac('sha256', key).update(each, 'utf8').digest('base64url'));
			expect(texts.map(digest)).toEqual(expected);
			const cut = nodeCryptography.keyedDigest(key, 22);
			expect(texts.map(cut)).toEqual(expected.map((each) => each.slice(0, 22)));
		}),
	);
});

import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '#core/index';
import { admitJwk } from '#keys/verification/jwk';
import { realCryptography as crypto } from '../../../test/support/fake-runtime.ts';
import { jwsVectors, thumbprintVectors } from '../../../test/support/rfc-vectors.ts';
import { testKey } from '../../../test/support/sign-jws.ts';

const rsa = withoutBinding(testKey('RS256').jwk);
const p256 = withoutBinding(testKey('ES256').jwk);
const ed = withoutBinding(testKey('EdDSA').jwk);

function withoutBinding(jwk: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(jwk).filter(([name]) => !['alg', 'use', 'kid'].includes(name)));
}

function algorithmsOf(jwk: JsonValue): string {
	const admitted = admitJwk(jwk, crypto);
	return typeof admitted === 'string' ? admitted : [...admitted.key.algorithms].join(' ');
}

function text(jwk: JsonObject, name: string): string {
	const value = jwk[name];
	return typeof value === 'string' ? value : '';
}

function longer(base64url: string): string {
	return Buffer.concat([Buffer.from([0]), Buffer.from(base64url, 'base64url')]).toString('base64url');
}

test('kty and crv give the algorithms; alg, use and key_ops narrow them', () => {
	expect(algorithmsOf(rsa)).toBe('RS256 RS384 RS512 PS256 PS384 PS512');
	expect(algorithmsOf({ ...rsa, alg: 'PS384', use: 'sig', key_ops: ['verify'] })).toBe('PS384');
	expect(algorithmsOf(p256)).toBe('ES256');
	expect(algorithmsOf(withoutBinding(testKey('ES384').jwk))).toBe('ES384');
	expect(algorithmsOf(withoutBinding(testKey('ES512').jwk))).toBe('ES512');
	expect(algorithmsOf({ ...ed, alg: 'Ed25519' })).toBe('EdDSA Ed25519');
	expect(algorithmsOf({ ...ed, alg: 'EdDSA' })).toBe('EdDSA Ed25519');
});

test.each<[string, JsonValue, string]>([
	['an encryption key', { ...rsa, use: 'enc' }, 'use is "enc"'],
	['a use of another type', { ...rsa, use: ['sig'] }, 'use is not a string'],
	['key_ops without verify', { ...rsa, key_ops: ['encrypt'] }, 'key_ops'],
	['key_ops that is no list', { ...rsa, key_ops: 'verify' }, 'key_ops'],
	['an alg of another key type', { ...rsa, alg: 'ES256' }, 'alg "ES256"'],
	['an alg for encryption', { ...rsa, alg: 'RSA-OAEP' }, 'alg "RSA-OAEP"'],
	['a symmetric alg', { ...rsa, alg: 'HS256' }, 'alg "HS256"'],
	['an alg of another curve', { ...p256, alg: 'ES384' }, 'alg "ES384"'],
	['alg none', { ...rsa, alg: 'none' }, 'alg "none"'],
	['an alg that is a list', { ...rsa, alg: ['RS256'] }, 'alg that is not a string'],
	['a kid that is a number', { ...rsa, kid: 1 }, 'kid'],
	['a kid that is null', { ...rsa, kid: null }, 'kid'],
	['an issuer that is a list', { ...rsa, issuer: [] }, 'issuer'],
	['no kty', withoutKty(rsa), 'kty missing'],
	['kty of another case', { ...rsa, kty: 'rsa' }, 'kty "rsa"'],
	['a shared secret', { kty: 'oct', k: 'A'.repeat(64) }, 'shared secret'],
	['kty EC with RSA members', { ...rsa, kty: 'EC' }, 'crv missing'],
	['no object', ['RSA'], 'not a JSON object'],
	['null', null, 'not a JSON object'],
	['e = 1', { ...rsa, e: 'AQ' }, 'exponent'],
	['an even e', { ...rsa, e: 'AQAA' }, 'exponent'],
	['padding in n', { ...rsa, n: `${text(rsa, 'n')}==` }, 'n or e'],
	['n that is a number', { ...rsa, n: 65537 }, 'n or e'],
	['RSA of 1024 bits', weakRsa(), '1024 bits'],
	['a short coordinate', { ...p256, x: text(p256, 'x').slice(0, 42) }, 'coordinates'],
	['a long coordinate', { ...p256, y: longer(text(p256, 'y')) }, 'coordinates'],
	['a missing coordinate', { kty: 'EC', crv: 'P-256', x: text(p256, 'x') }, 'coordinates'],
	['a point off its curve', { ...p256, y: text(p256, 'x') }, 'runtime refuses'],
	['secp256k1', secp256k1(), 'crv "secp256k1"'],
	['a curve that objects inherit', { ...p256, crv: 'constructor' }, 'crv "constructor"'],
	['X25519', { ...ed, crv: 'X25519' }, 'crv "X25519"'],
	['31 octets of Ed25519', { ...ed, x: text(ed, 'x').slice(0, 41) }, '32 octets'],
	['the neutral point', { ...ed, x: `AQ${'A'.repeat(41)}` }, 'small order'],
])('drops %s', (_, jwk, problem) => {
	expect(algorithmsOf(jwk)).toContain(problem);
});

function withoutKty(jwk: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(jwk).filter(([name]) => name !== 'kty'));
}

function weakRsa(): JsonObject {
	return generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }) as JsonObject;
}

function secp256k1(): JsonObject {
	return generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }) as JsonObject;
}

test('only public members reach the runtime, and private ones leave a note without their value', () => {
	const jwk = testKey('RS256').privateKey.export({ format: 'jwk' }) as JsonObject;
	const imported: JsonObject[] = [];
	const admitted = admitJwk(jwk, {
		...crypto,
		importJwk(given) {
			imported.push(given);
			return crypto.importJwk(given);
		},
	});
	expect(imported.map((given) => Object.keys(given))).toEqual([['kty', 'n', 'e']]);
	expect(admitted).toMatchObject({ notes: [expect.stringContaining('private members')] });
	expect(JSON.stringify(admitted)).not.toContain(text(jwk, 'd').slice(0, 20));
});

test('kid and Entra’s issuer are kept; x5c and x5t are not looked at', () => {
	const issuer = 'https://login.microsoftonline.com/{tenantid}/v2.0';
	const admitted = admitJwk({ ...rsa, kid: '__proto__', issuer, x5c: ['junk'], x5t: 7 }, crypto);
	expect(admitted).toMatchObject({ key: { kid: '__proto__', issuer, retired: false }, notes: [] });
});

test('a zero octet before n changes neither size nor thumbprint', () => {
	const plain = admitJwk(rsa, crypto);
	const padded = admitJwk({ ...rsa, n: longer(text(rsa, 'n')) }, crypto);
	expect(padded).toMatchObject({ notes: [expect.stringContaining('leading zero')] });
	expect(typeof padded === 'string' || typeof plain === 'string' ? '' : padded.key.thumbprint).toBe(
		typeof plain === 'string' ? 'refused' : plain.key.thumbprint,
	);
});

test.each(thumbprintVectors)('thumbprint of $name', ({ jwk, thumbprint }) => {
	expect(admitJwk(jwk, crypto)).toMatchObject({ key: { thumbprint } });
});

test.each(jwsVectors.filter(({ jwk }) => jwk['kty'] !== 'oct'))('verifies $name', async ({ jwk, algorithm, token }) => {
	const admitted = admitJwk(jwk, crypto);
	const dot = token.lastIndexOf('.');
	const signature = Buffer.from(token.slice(dot + 1), 'base64url');
	const key = typeof admitted === 'string' ? undefined : admitted.key;
	expect(key?.algorithms.has(algorithm)).toBe(true);
	expect(await key?.public.verify(algorithm, Buffer.from(token.slice(0, dot)), signature)).toBe(true);
});

test('any JSON is admitted or dropped with a short, printable reason; nothing throws', () => {
	const value = fc.oneof(fc.jsonValue(), fc.constantFrom('RSA', 'EC', 'OKP', 'sig', 'AQAB', 'P-256'));
	const members = ['kty', 'n', 'e', 'crv', 'x', 'y', 'alg', 'use', 'kid', 'key_ops'];
	const entry = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...members), value));
	fc.assert(
		fc.property(
			fc.oneof(
				entry,
				fc.record({ spoiled: entry }).map(({ spoiled }) => Object.assign({}, rsa, spoiled)),
			),
			(jwk) => {
				const admitted = admitJwk(jwk as JsonValue, crypto);
				const reason = typeof admitted === 'string' ? admitted : 'admitted';
				expect(reason.length).toBeLessThan(200);
				expect(reason).toMatch(/^[\P{Cc}]+$/u);
			},
		),
	);
});

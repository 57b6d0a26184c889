/**
 * Published examples through our own parser, key admission and cryptography. Those of RFC 7515, 7520, 7638 and 8037 that
 * stand in test/support always run; larger collections run where they lie beside the repository.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Algorithm, algorithms, isJsonObject, type JsonObject, type PublicKey } from '#core/index';
import { decodeBase64url } from '#formats/base64url';
import { parseCompactJws } from '#formats/compact-jws';
import { thumbprintInput } from '#formats/thumbprint';
import { admitJwk } from '#keys/verification/jwk';
import { nodeCryptography } from '#runtime/node/cryptography';
import { definition, provider, route, rules } from './support/definition.ts';
import { testPolicy } from './support/policy.ts';
import { bearer, requestView } from './support/request-view.ts';
import { jwsVectors, thumbprintVectors, unsecuredToken } from './support/rfc-vectors.ts';
import { alter, encode } from './support/sign-jws.ts';

/** The verifier of a published key: shared secrets as a secret, all others by admission. */
function verifierOf(jwk: JsonObject): PublicKey {
	const { kty, k } = jwk;
	if (kty === 'oct' && typeof k === 'string') return nodeCryptography.importSecret(octets(k));
	const admitted = admitJwk(jwk, nodeCryptography);
	if (typeof admitted === 'string') throw new Error(`the key was refused: ${admitted}`);
	return admitted.key.public;
}

function octets(text: string): Uint8Array {
	const decoded = decodeBase64url(text);
	if (decoded === null) throw new Error('not strict base64url');
	return decoded;
}

function verifies(jwk: JsonObject, algorithm: Algorithm, input: string, signature: string): boolean | Promise<boolean> {
	return verifierOf(jwk).verify(algorithm, Buffer.from(input, 'latin1'), octets(signature));
}

function segments(token: string): readonly [header: string, payload: string, signature: string] {
	const [header = '', payload = '', signature = ''] = token.split('.');
	return [header, payload, signature];
}

/** A compact JWS that is genuine: it verifies, altered it does not, and it parses exactly if its payload is an object. */
async function expectGenuine(jwk: JsonObject, algorithm: Algorithm, token: string): Promise<void> {
	const [header, payload, signature] = segments(token);
	expect(await verifies(jwk, algorithm, `${header}.${payload}`, signature)).toBe(true);
	for (const segment of [0, 1, 2] as const) {
		const [otherHeader, otherPayload, otherSignature] = segments(alter(token, segment, 3));
		expect(await verifies(jwk, algorithm, `${otherHeader}.${otherPayload}`, otherSignature)).toBe(false);
	}
	for (const other of algorithms.filter((name) => name !== algorithm && !name.startsWith('Ed'))) {
		expect(await verifies(jwk, other, `${header}.${payload}`, signature), other).toBe(false);
	}
	const parsed = parseCompactJws(token);
	if (!isObject(payload)) {
		expect(parsed).toBe('payload is not a JSON object, or repeats a member');
		return;
	}
	if (typeof parsed === 'string') throw new Error(parsed);
	expect(await verifierOf(jwk).verify(algorithm, parsed.signingInput, parsed.signature)).toBe(true);
}

function isObject(payload: string): boolean {
	try {
		return isJsonObject(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
	} catch {
		return false;
	}
}

test.each(jwsVectors)('$name', ({ jwk, algorithm, token }) => expectGenuine(jwk, algorithm, token));

test('RFC 7515 A.5: an unsecured JWS is read and refused for its algorithm', async () => {
	expect(parseCompactJws(unsecuredToken)).toMatchObject({ header: { alg: 'none' }, claims: { iss: 'joe' } });
	const { reason } = testPolicy(
		definition({
			providers: [provider({ name: 'joe', issuers: ['joe'] })],
			routes: [route({ name: 'all', path: '/**', rules: [rules({ provider: 'joe' })] })],
		}),
		{ joe: [] },
	);
	expect(await reason(requestView({ headers: [bearer(unsecuredToken)] }))).toBe('algorithm_rejected');
});

test.each(thumbprintVectors)('thumbprint of $name', ({ jwk, thumbprint }) => {
	expect(nodeCryptography.digest(thumbprintInput(jwk) ?? '')).toBe(thumbprint);
	const admitted = admitJwk(jwk, nodeCryptography);
	if (typeof admitted === 'string') throw new Error(admitted);
	expect(admitted.key.thumbprint).toBe(thumbprint);
});

// Collections beside the repository, where they are.

const collections = new URL('../../shared/vectors', import.meta.url).pathname;

/** The JOSE cookbook's form of a JWS (RFC 7520 §4). */
interface CookbookJws {
	readonly input: { readonly payload: string; readonly key: JsonObject | readonly JsonObject[] };
	readonly output: {
		readonly compact?: string;
		readonly json: {
			/** Missing where the content is detached. */
			readonly payload?: string;
			readonly signatures: readonly {
				readonly protected?: string;
				readonly header?: JsonObject;
				readonly signature: string;
			}[];
		};
	};
}

interface RfcVector {
	readonly id: string;
	readonly jwk?: JsonObject;
	readonly token?: string;
	readonly thumbprint?: string;
	readonly proof?: string;
	readonly jkt?: string;
	readonly cert_pem?: string;
	readonly expect?: string;
}

function filesIn(folder: string): readonly string[] {
	const path = join(collections, folder);
	if (!existsSync(path)) return [];
	return readdirSync(path)
		.filter((name) => name.endsWith('.json'))
		.map((name) => join(folder, name));
}

function read(name: string): unknown {
	return JSON.parse(readFileSync(join(collections, name), 'utf8'));
}

function algorithmNamed(name: unknown): Algorithm {
	const found = algorithms.find((algorithm) => algorithm === name);
	if (found === undefined) throw new Error(`unknown algorithm ${String(name)}`);
	return found;
}

function headerOf(segment: string | undefined): JsonObject {
	if (segment === undefined) return {};
	return JSON.parse(Buffer.from(segment, 'base64url').toString('utf8')) as JsonObject;
}

const cookbookJws = [
	...filesIn('jose-cookbook/jws'),
	...filesIn('jose-cookbook/rfc7797'),
	...filesIn('jose-cookbook/curve25519'),
].filter((name) => !name.endsWith('ecdh-es.json'));

for (const name of cookbookJws) {
	test(`cookbook: ${name}`, async () => {
		const { input, output } = read(name) as CookbookJws;
		const keys = Array.isArray(input.key) ? (input.key as readonly JsonObject[]) : [input.key as JsonObject];
		const { payload, signatures } = output.json;
		expect(signatures).toHaveLength(keys.length);
		for (const [index, { protected: segment, header, signature }] of signatures.entries()) {
			const parameters = { ...header, ...headerOf(segment) };
			const signed = `${segment ?? ''}.${payload ?? encode(input.payload)}`;
			expect(await verifies(keys[index] ?? {}, algorithmNamed(parameters['alg']), signed, signature)).toBe(true);
		}
		// No payload of the cookbook is a JSON object, some are detached or not encoded: none of them is a JWT.
		if (output.compact !== undefined) expect(parseCompactJws(output.compact)).toBeTypeOf('string');
		expect(parseCompactJws(JSON.stringify(output.json))).toBeTypeOf('string');
	});
}

for (const name of filesIn('jose-cookbook/jwe')) {
	test(`${name} is an encrypted token, and refused as one`, () => {
		const { output } = read(name) as { readonly output: { readonly compact?: string; readonly json?: unknown } };
		if (output.compact !== undefined)
			expect(parseCompactJws(output.compact)).toBe(
				'five segments: an encrypted token (JWE), for which the provider has no decryption_keys',
			);
		expect(parseCompactJws(JSON.stringify(output.json ?? {}))).toBeTypeOf('string');
	});
}

for (const name of filesIn('jose-cookbook/jwk')) {
	test(`cookbook: ${name}`, () => {
		const jwk = read(name) as JsonObject;
		const admitted = admitJwk(jwk, nodeCryptography);
		if (jwk['kty'] === 'oct') {
			expect(admitted).toMatch(/shared secret|use is "enc"/);
			return;
		}
		if (typeof admitted === 'string') throw new Error(admitted);
		expect(admitted.notes.some((note) => note.includes('private members'))).toBe(Object.hasOwn(jwk, 'd'));
		expect(admitted.key.kid).toBe(jwk['kid']);
	});
}

for (const name of filesIn('jose-cookbook').filter((file) => file.includes('nesting'))) {
	test(`${name}: the signed JWT inside`, async () => {
		const { sign } = read(name) as { readonly sign: CookbookJws };
		await expectGenuine(sign.input.key as JsonObject, 'PS256', sign.output.compact ?? '');
	});
}

const rfcVectors = filesIn('.').flatMap((name) => (name === 'rfc.json' ? (read(name) as readonly RfcVector[]) : []));

for (const { id, jwk, token, proof, jkt, thumbprint, cert_pem: pem, expect: status } of rfcVectors) {
	test(`collection: ${id}`, async () => {
		if (token !== undefined && jwk !== undefined && status === undefined) {
			await expectGenuine(jwk, algorithmNamed(headerOf(segments(token)[0])['alg']), token);
		} else if (token !== undefined && jwk !== undefined) {
			// The same octets in another spelling: refused before any key is looked at.
			expect(parseCompactJws(token)).toBe('segment 3 is not base64url');
		} else if (token !== undefined) {
			expect(algorithms).not.toContain(headerOf(segments(token)[0])['alg']);
		} else if (proof !== undefined) {
			const key = headerOf(segments(proof)[0])['jwk'] as JsonObject;
			await expectGenuine(key, 'ES256', proof);
			expect(nodeCryptography.digest(thumbprintInput(key) ?? '')).toBe(jkt);
		} else if (pem !== undefined) {
			expect(() => nodeCryptography.pemToJwk(pem)).toThrow('expired');
			expect(typeof admitJwk(jwk ?? {}, nodeCryptography)).toBe('object');
		} else {
			expect(nodeCryptography.digest(thumbprintInput(jwk ?? {}) ?? '')).toBe(thumbprint);
		}
	});
}

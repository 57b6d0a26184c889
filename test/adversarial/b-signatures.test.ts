/** Group B: ECDSA signatures that are genuine in another form, or in none (B08–B11). */
import { createECDH, createHash, sign } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '#core/index';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { type TestKey, testKey, twinOf } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

const key = testKey('ES256', 'signatures');
const wider = [testKey('ES384', 'signatures'), testKey('ES512', 'signatures')];
const others = [testKey('RS256', 'signatures'), testKey('PS256', 'signatures'), testKey('EdDSA', 'signatures')];
/** Order and field prime of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const prime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const largest = (1n << 256n) - 1n;

let provider: TestProvider;
let rig: GuardedGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [key, ...wider, ...others] });
	rig = await startGuardedGateway((upstream) => ({
		providers: {
			idp: {
				issuer: provider.issuer,
				audience: provider.audience,
				algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'],
			},
		},
		routes: [
			{ name: 'all', path: '/', claims_to_headers: { 'x-user-id': 'sub' }, upstream },
			{ name: 'admin', path: '/admin', scopes: ['admin'], upstream },
		],
	}));
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
});

function withSignature(signature: Uint8Array, token = provider.issue({}, { key })): string {
	return `${token.slice(0, token.lastIndexOf('.'))}.${Buffer.from(signature).toString('base64url')}`;
}

function signatureIn(token: string): Buffer {
	return Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');
}

function octets(value: bigint): Buffer {
	return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

function integer(bytes: Uint8Array): bigint {
	return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

async function expectDenied(signature: Uint8Array, token?: string): Promise<void> {
	expectRefused(await rig.send({ token: withSignature(signature, token) }), '401-IT', 'signature_invalid');
}

test('the tokens of these tests pass before anybody touches them', async () => {
	for (const each of provider.keys) expectForwarded(await rig.send({ token: provider.issue({}, { key: each }) }));
});

test('B08: the twin of a signature says what the token says, and no more', async () => {
	const token = provider.issue({}, { key });
	const twin = twinOf(token);
	expect(twin).not.toBe(token);
	const seen = [await rig.send({ token }), await rig.send({ token: twin }), await rig.send({ token: twin })];
	expect(seen.map((each) => expectForwarded(each).values('x-user-id'))).toEqual([['user-1'], ['user-1'], ['user-1']]);
	expect(seen.map(({ record }) => record.subject)).toEqual(['user-1', 'user-1', 'user-1']);
});

test.each([
	['/admin', {}, '403-IS', 'scope_insufficient'],
	['/', { aud: 'https://other.example.com' }, '401-IT', 'audience_mismatch'],
	['/', { exp: 1_000_000_000, iat: 999_999_000 }, '401-IT', 'token_expired'],
	['/', { cnf: { jkt: 'x' } }, '401-IT', 'binding_missing'],
] as const)('B08: what refuses a token at %s with %j refuses its twin', async (target, claims, answer, reason) => {
	const token = provider.issue(claims, { key });
	for (const each of [token, twinOf(token), token, twinOf(token)]) {
		// A token that is bound to a DPoP key is asked for its proof.
		expectRefused(await rig.send({ target, token: each }), answer, reason, 'cnf' in claims ? 'DPoP' : 'Bearer');
	}
});

test.each([key, ...wider])('B09: a genuine $algorithm signature in DER', async (signer) => {
	const token = provider.issue({}, { key: signer });
	const input = Buffer.from(token.slice(0, token.lastIndexOf('.')));
	const der = sign(`sha${signer.algorithm.slice(2)}`, input, { key: signer.privateKey, dsaEncoding: 'der' });
	expect(der[0]).toBe(0x30);
	await expectDenied(der, token);
});

const edges = [
	['0', 0n],
	['1', 1n],
	['n', order],
	['the largest number', largest],
] as const;

test.each(edges.flatMap(([r, rv]) => edges.map(([s, sv]) => [r, s, rv, sv] as const)))(
	'B10: r is %s and s is %s',
	async (_, __, r, s) => {
		await expectDenied(Buffer.concat([octets(r), octets(s)]));
	},
);

test.each([
	['n − 1', order - 1n],
	['n + 1', order + 1n],
	['p', prime],
	['p − n', prime - order],
] as const)('B10: r, s or both are %s', async (_, value) => {
	for (const [r, s] of [
		[value, value],
		[value, 1n],
		[1n, value],
	] as const) {
		await expectDenied(Buffer.concat([octets(r), octets(s)]));
	}
});

test('B10: a genuine s with n added: the same number modulo n', async () => {
	const own = await createTestProvider({ keys: [key] });
	onTestFinished(() => own.stop());
	const token = own.issue({}, { kid: 'made' });
	const { jwk, r } = keyThatSignsWithOne(token.slice(0, token.lastIndexOf('.')));
	own.publish([{ ...jwk, kid: 'made' }]);
	const gateway = await startGuardedGateway((upstream) => ({
		providers: { idp: { issuer: own.issuer, audience: own.audience } },
		routes: [{ name: 'all', path: '/', upstream }],
	}));
	onTestFinished(() => gateway.stop());
	const withS = (s: bigint) => withSignature(Buffer.concat([r, octets(s)]), token);
	expectRefused(await gateway.send({ token: withS(order + 1n) }), '401-IT', 'signature_invalid');
	expectForwarded(await gateway.send({ token: withS(1n) }));
	expectRefused(await gateway.send({ token: withS(order + 1n) }), '401-IT', 'signature_invalid');
});

/** The key under which these octets have a signature with s = 1: with the nonce k, d = (k − z) / r modulo n. */
function keyThatSignsWithOne(input: string): { readonly jwk: JsonObject; readonly r: Buffer } {
	const z = integer(createHash('sha256').update(input).digest());
	const k = 0x1234_5678_9abc_def0_1234_5678_9abc_def0n;
	const r = pointOf(k).x;
	const d = modulo((k - z) * inverse(integer(r)));
	const { x, y } = pointOf(d);
	return {
		jwk: { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') },
		r: octets(integer(r) % order),
	};
}

function pointOf(scalar: bigint): { readonly x: Buffer; readonly y: Buffer } {
	const ecdh = createECDH('prime256v1');
	ecdh.setPrivateKey(octets(scalar));
	const point = ecdh.getPublicKey();
	return { x: point.subarray(1, 33), y: point.subarray(33) };
}

function modulo(value: bigint): bigint {
	return ((value % order) + order) % order;
}

/** By Fermat: n is prime. */
function inverse(value: bigint): bigint {
	let result = 1n;
	let base = modulo(value);
	for (let exponent = order - 2n; exponent > 0n; exponent >>= 1n) {
		if ((exponent & 1n) === 1n) result = (result * base) % order;
		base = (base * base) % order;
	}
	return result;
}

test.each(wider)('B10: zeros for $algorithm', async (signer) => {
	const token = provider.issue({}, { key: signer });
	await expectDenied(Buffer.alloc(signatureIn(token).length), token);
});

test.each([0, 1, 32, 63, 65, 96, 128, 132])('B11: an ES256 signature of %i octets', async (length) => {
	const token = provider.issue({}, { key });
	await expectDenied(resized(signatureIn(token), length), token);
});

test.each([33, 48, 64, 66])('B11: the two numbers of an ES256 signature in %i octets each', async (width) => {
	const token = provider.issue({}, { key });
	const zeros = Buffer.alloc(width - 32);
	const signature = signatureIn(token);
	await expectDenied(Buffer.concat([zeros, signature.subarray(0, 32), zeros, signature.subarray(32)]), token);
});

function resized(bytes: Buffer, length: number): Buffer {
	return Buffer.concat([bytes, Buffer.alloc(Math.max(0, length - bytes.length))]).subarray(0, length);
}

test.each([...others, ...wider])('B11: $algorithm signatures of a wrong length', async (signer: TestKey) => {
	const token = provider.issue({}, { key: signer });
	const genuine = signatureIn(token);
	for (const length of [0, 1, genuine.length - 1, genuine.length + 1, genuine.length * 2]) {
		await expectDenied(resized(genuine, length), token);
	}
	// A leading zero changes no number, but it is another text for the same token.
	await expectDenied(Buffer.concat([Buffer.from([0]), genuine]), token);
	await expectDenied(Buffer.alloc(genuine.length), token);
	await expectDenied(Buffer.alloc(genuine.length, 0xff), token);
});

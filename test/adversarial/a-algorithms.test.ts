/** Group A: the algorithm is the provider's and the key's decision, never the token's (A01–A11, A25, A28). */
import { createHmac, createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Algorithm, JsonObject, Reason } from '#core/index';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { encode, type TestKey, testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

const rsa = testKey('RS256', 'algorithms');
const p384 = testKey('ES384', 'algorithms');
const ed25519 = testKey('EdDSA', 'algorithms');
const good = testKey('ES256', 'algorithms');
const shared = 'Gq7n-2wVx0Zr9kLp4TsBd8YhMc6fJe3U';

/** What each provider publishes. `open` leaves it to the keys which algorithms they may verify, as far as it goes. */
const published: Readonly<Record<string, readonly JsonObject[]>> = {
	strict: [without(rsa, 'alg')],
	open: [without(rsa, 'alg', 'use'), rename(p384, 'p-384'), without(ed25519, 'alg')],
	pinned: [rsa.jwk],
	unfit: [
		{ ...rename(rsa, 'use-enc'), use: 'enc' },
		{ ...rename(rsa, 'op-encrypt', 'use'), key_ops: ['encrypt'] },
		{ ...rename(rsa, 'op-sign', 'use'), key_ops: ['sign'] },
		{ ...rename(rsa, 'both'), use: 'enc', key_ops: ['verify'] },
		good.jwk,
	],
};
const only: Readonly<Record<string, readonly Algorithm[]>> = { strict: ['RS256'] };

const providers = new Map<string, TestProvider>();
let rig: GuardedGateway;

beforeAll(async () => {
	for (const [name, keys] of Object.entries(published)) {
		const provider = await createTestProvider({ keys: [rsa] });
		provider.publish(keys);
		providers.set(name, provider);
	}
	rig = await startGuardedGateway((upstream) => ({
		providers: {
			...Object.fromEntries(
				[...providers].map(([name, { issuer, audience }]) => [
					name,
					{ issuer, audience, ...(only[name] === undefined ? {} : { algorithms: only[name] }) },
				]),
			),
			shared: { issuer: 'https://shared.example.com/', audience: 'https://api.example.com', secret: shared },
		},
		routes: [...providers.keys(), 'shared'].map((name) => ({ name, path: `/${name}`, providers: [name], upstream })),
	}));
});

afterAll(async () => {
	await rig.stop();
	await Promise.all([...providers.values()].map((provider) => provider.stop()));
});

function without({ jwk }: TestKey, ...members: readonly string[]): JsonObject {
	return Object.fromEntries(Object.entries(jwk).filter(([name]) => !members.includes(name)));
}

function rename(key: TestKey, kid: string, ...members: readonly string[]): JsonObject {
	return { ...without(key, ...members), kid };
}

function provider(name: string): TestProvider {
	const found = providers.get(name);
	if (found === undefined) throw new Error(`no provider ${name}`);
	return found;
}

function claimsFor(name: string): JsonObject {
	const issuer = name === 'shared' ? 'https://shared.example.com/' : provider(name).issuer;
	const now = Math.floor(Date.now() / 1000);
	return { iss: issuer, sub: 'admin', aud: 'https://api.example.com', iat: now, exp: now + 300 };
}

async function expectDenied(name: string, token: string, reason: Reason): Promise<void> {
	expectRefused(await rig.send({ target: `/${name}`, token }), '401-IT', reason);
}

/** Header and claims with a signature of the test's own making. */
function signedBy(
	name: string,
	header: Readonly<Record<string, unknown>>,
	sign: (signingInput: string) => Buffer,
): string {
	const signingInput = `${encode({ typ: 'at+jwt', kid: rsa.kid, ...header })}.${encode(claimsFor(name))}`;
	return `${signingInput}.${sign(signingInput).toString('base64url')}`;
}

const hmac = (secret: string | Uint8Array, hash = 'sha256') =>
	function sign(signingInput: string): Buffer {
		return createHmac(hash, secret).update(signingInput).digest();
	};

test.each(['strict', 'open', 'pinned', 'unfit'])('the genuine tokens of provider %s pass', async (name) => {
	const key = name === 'unfit' ? good : rsa;
	expectForwarded(await rig.send({ target: `/${name}`, token: provider(name).issue({}, { key, alg: key.algorithm }) }));
});

test.each(['strict', 'open', 'pinned', 'shared'])(
	'A01: alg none without a signature, for provider %s',
	async (name) => {
		await expectDenied(
			name,
			signedBy(name, { alg: 'none' }, () => Buffer.alloc(0)),
			'algorithm_rejected',
		);
	},
);

test('A01: alg none with the signature of a genuine token', async () => {
	const [, , signature = ''] = provider('open').issue().split('.');
	const token = signedBy('open', { alg: 'none' }, () => Buffer.from(signature, 'base64url'));
	await expectDenied('open', token, 'algorithm_rejected');
});

test.each(['None', 'NONE', 'nOnE', 'none ', 'none\u0000'])('A02: alg %j', async (alg) => {
	await expectDenied(
		'open',
		signedBy('open', { alg }, () => Buffer.alloc(0)),
		'algorithm_rejected',
	);
});

test.each([
	['is absent', {}],
	['null', { alg: null }],
	['["RS256"]', { alg: ['RS256'] }],
	['256', { alg: 256 }],
	['""', { alg: '' }],
] as const)('A04: alg %s, under a genuine RS256 signature', async (_, header) => {
	const text = JSON.stringify({ typ: 'at+jwt', kid: rsa.kid, ...header });
	await expectDenied('open', provider('open').issue({}, { header: text }), 'token_malformed');
});

const pem = rsa.pem;
const pemSecrets: readonly (readonly [string, string])[] = [
	['the PEM text', pem],
	['the PEM text without its last line break', pem.trimEnd()],
	['the PEM text with CRLF', pem.replaceAll('\n', '\r\n')],
	['the PEM text after white space', ` \n\t${pem}`],
	['the PEM text after a line of junk', `# public key\n${pem}`],
];

test.each(pemSecrets)('A06: HS256 with %s of the RSA key as the secret', async (_, secret) => {
	for (const name of ['strict', 'open', 'pinned']) {
		await expectDenied(name, signedBy(name, { alg: 'HS256' }, hmac(secret)), 'algorithm_rejected');
	}
});

const publicKey = createPublicKey(pem);
const modulus = publicKey.export({ format: 'jwk' }).n ?? '';

test.each([
	['the SPKI DER', publicKey.export({ type: 'spki', format: 'der' })],
	['the PKCS#1 DER', publicKey.export({ type: 'pkcs1', format: 'der' })],
	['the JWK text', JSON.stringify(rsa.jwk)],
	['the JWK Set text', JSON.stringify({ keys: [rsa.jwk] })],
	['the text of n', modulus],
	['the octets of n', Buffer.from(modulus, 'base64url')],
] as const)('A07: HS256, HS384 and HS512 with %s as the secret', async (_, secret) => {
	for (const bits of ['256', '384', '512']) {
		const token = signedBy('open', { alg: `HS${bits}` }, hmac(secret, `sha${bits}`));
		await expectDenied('open', token, 'algorithm_rejected');
	}
});

test.each([
	['HS256', (name: string) => signedBy(name, { alg: 'HS256' }, hmac(pem))],
	['RS512', (name: string) => provider(name).issue({}, { key: rsa, alg: 'RS512' })],
	['PS256', (name: string) => provider(name).issue({}, { key: rsa, alg: 'PS256' })],
] as const)('A09: a key without alg, a provider with RS256 alone, a token with %s', async (_, issue) => {
	await expectDenied('strict', issue('strict'), 'algorithm_rejected');
});

test('A09: the same key under a provider that allows PS256 too', async () => {
	expectForwarded(await rig.send({ target: '/open', token: provider('open').issue({}, { key: rsa, alg: 'PS256' }) }));
});

test('A10: a key with alg RS256 does not verify PS256, not even its own signature', async () => {
	const token = provider('pinned').issue({}, { key: rsa, alg: 'PS256' });
	expect(token.split('.')[2]).toHaveLength(342);
	await expectDenied('pinned', token, 'algorithm_rejected');
});

test.each(['use-enc', 'op-encrypt', 'op-sign', 'both'])('A11: a key that is not for verifying: %s', async (kid) => {
	await expectDenied('unfit', provider('unfit').issue({}, { key: rsa, kid }), 'key_unknown');
});

test('A11: nor is such a key tried for a token without kid', async () => {
	const token = provider('unfit').issue({}, { key: rsa, kid: null });
	await expectDenied('unfit', token, 'key_unknown');
});

test.each([
	['EdDSA where only RS256 is allowed', 'strict', () => provider('strict').issue({}, { key: ed25519, alg: 'EdDSA' })],
	['EdDSA with the kid of the RSA key', 'open', () => provider('open').issue({}, { key: ed25519, kid: rsa.kid })],
	['ES256 by the P-384 key', 'open', () => provider('open').issue({}, { key: p384, alg: 'ES256', kid: 'p-384' })],
	['ES384, which no default list holds', 'open', () => provider('open').issue({}, { key: p384, kid: 'p-384' })],
	['RS256 with the kid of the P-384 key', 'open', () => provider('open').issue({}, { key: rsa, kid: 'p-384' })],
] as const)('A25: %s', async (_, name, issue) => {
	await expectDenied(name, issue(), 'algorithm_rejected');
});

test.each(['ES256K', 'HS1', 'RS1', 'ES521', 'RS257', 'rs256', 'RS256 ', 'RSA-OAEP', 'dir'])(
	'A25: alg %j',
	async (alg) => {
		await expectDenied('open', provider('open').issue({}, { key: rsa, header: { alg } }), 'algorithm_rejected');
	},
);

test.each(['strict', 'open', 'pinned'])(
	'A28: HS256 with an empty key and an unknown kid, for provider %s',
	async (name) => {
		const token = signedBy(name, { alg: 'HS256', kid: 'nobody' }, hmac(''));
		await expectDenied(name, token, 'algorithm_rejected');
	},
);

test.each(['nobody', '', undefined])('A28: HS256 with an empty key and kid %j, where HS256 is allowed', async (kid) => {
	await expectDenied('shared', signedBy('shared', { alg: 'HS256', kid }, hmac('')), 'signature_invalid');
	await expectDenied('shared', signedBy('shared', { alg: 'HS256', kid }, hmac('undefined')), 'signature_invalid');
	expectForwarded(
		await rig.send({ target: '/shared', token: signedBy('shared', { alg: 'HS256', kid }, hmac(shared)) }),
	);
});

test('A28: an asymmetric algorithm with an empty signature, where only a secret is configured', async () => {
	await expectDenied(
		'shared',
		signedBy('shared', { alg: 'RS256' }, () => Buffer.alloc(0)),
		'algorithm_rejected',
	);
	await expectDenied(
		'shared',
		signedBy('shared', { alg: 'HS256' }, () => Buffer.alloc(0)),
		'signature_invalid',
	);
});

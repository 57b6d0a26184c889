/** Group D: what a provider's key set may hold, and what is made of the odd entries (D01–D06, D14, D15, D18). */
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Algorithm, JsonObject } from '#core/index';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { rocaModulus } from '../support/roca.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import { encode, secretKey, type TestKey, testKey, wrapKey } from '../support/sign-jws.ts';
import { createTestProvider, jwksPath, type TestProvider } from '../support/test-provider.ts';

const good = testKey('ES256', 'good');
const first = renamed(testKey('ES256', 'twin-1'), 'same');
const second = renamed(testKey('ES256', 'twin-2'), 'same');
const third = renamed(testKey('ES256', 'twin-3'), 'same');
const other = renamed(testKey('RS256', 'twin'), 'same');
const sharedSecret = randomBytes(48).toString('base64url');
const weak = wrapKey(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, 'RS256', 'rsa-1024');
const roca = {
	kty: 'RSA',
	kid: 'roca',
	n: Buffer.from(rocaModulus().toString(16), 'hex').toString('base64url'),
	e: 'AQAB',
};
const exposed = wrapKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'ES256', 'exposed');
const exposedPrivate = exposed.privateKey.export({ format: 'jwk' });
const expired = selfSigned({ from: Date.now() - 9e9, to: Date.now() - 1e9, commonName: 'not an authority' });
const chain = chainOf(expired);
const authority = selfSigned({ commonName: 'authority', isAuthority: true });
const notAnAuthority = selfSigned({ commonName: 'not an authority' });
/** Chains of certificates beside no key, and the leaf of each. */
const chains: Readonly<Record<string, readonly [leaf: SelfSigned, ...more: readonly SelfSigned[]]>> = {
	expired: [expired],
	'not-by-an-authority': [selfSigned({ commonName: 'leaf', issuer: notAnAuthority }), notAnAuthority],
	'for-servers': [selfSigned({ commonName: 'leaf', issuer: authority, serverOnly: true }), authority],
	good: [selfSigned({ commonName: 'leaf', issuer: authority }), authority],
};

/** What each provider publishes. */
const published: Readonly<Record<string, readonly unknown[]>> = {
	d01: [first.jwk, second.jwk, other.jwk],
	d02: [{ kty: 'oct', kid: 'shared', k: Buffer.from(sharedSecret).toString('base64url') }, good.jwk],
	d04: [weak.jwk, ...oddKeys().map(({ jwk }) => jwk), roca, good.jwk],
	d05: [{ ...exposed.jwk, d: exposedPrivate.d }],
	d06: [null, 5, 'key', [], {}, { kty: 'RSA' }, { kty: 'EC', kid: 7 }, { ...good.jwk, kid: 'cut', y: 'AA' }, good.jwk],
	d14: [{ ...good.jwk, x5c: chain, 'x5t#S256': encode('another certificate altogether') }],
	d15: [
		...Object.entries(chains).map(([kid, certificates]) => ({
			kty: 'EC',
			kid,
			alg: 'ES256',
			x5c: chainOf(...certificates),
		})),
		good.jwk,
	],
	many: Array.from({ length: 10_000 }, (_, n) => ({ kty: 'EC', kid: `${n}` })),
	huge: Array.from({ length: 10_000 }, (_, n) => ({ ...good.jwk, kid: `good-${n}` })),
};

const providers = new Map<string, TestProvider>();
let rig: GuardedGateway;

beforeAll(async () => {
	for (const [name, keys] of Object.entries(published)) {
		const provider = await createTestProvider({ keys: [good] });
		provider.behave(jwksPath, { body: JSON.stringify({ keys }) });
		providers.set(name, provider);
	}
	rig = await startGuardedGateway((upstream) => ({
		providers: Object.fromEntries(
			[...providers].map(([name, { issuer }]) => [name, { issuer, audience: 'https://api.example.com' }]),
		),
		routes: [...providers.keys()].map((name) => ({ name, path: `/${name}`, providers: [name], upstream })),
	}));
});

afterAll(async () => {
	await rig.stop();
	await Promise.all([...providers.values()].map((provider) => provider.stop()));
});

/** `x5c` (RFC 7517 §4.7). */
function chainOf(...certificates: readonly SelfSigned[]): readonly string[] {
	return certificates.map(({ certificate }) => certificate.replaceAll(/-----[A-Z ]+-----|\s/g, ''));
}

function renamed(key: TestKey, kid: string): TestKey {
	return { ...key, kid, jwk: { ...key.jwk, kid } };
}

function providerNamed(name: string): TestProvider {
	const provider = providers.get(name);
	if (provider === undefined) throw new Error(`no provider ${name}`);
	return provider;
}

function memberOf(jwk: JsonObject, name: string): string {
	const value = jwk[name];
	if (typeof value !== 'string') throw new Error(`the key has no ${name}`);
	return value;
}

function send(name: string, token: string) {
	return rig.send({ target: `/${name}`, token });
}

function issue(name: string, key: TestKey): string {
	return providerNamed(name).issue({}, { key });
}

/** Operator's lines that speak of this provider. */
function logOf(name: string): string {
	return rig.gateway.log.filter((line) => line.includes(`"provider":"${name}"`)).join('\n');
}

interface OddKey {
	readonly name: string;
	readonly jwk: JsonObject;
	/** Signs what it can sign; undefined: any octets must do. */
	readonly sign: ((input: string) => Buffer) | undefined;
	readonly algorithm: Algorithm;
}

/** Entries that no verifier may use, each with its own kid. */
function oddKeys(): readonly OddKey[] {
	const n = memberOf(testKey('RS256').jwk, 'n');
	const p256 = testKey('ES256').jwk;
	const x = memberOf(p256, 'x');
	const y = Buffer.from(memberOf(p256, 'y'), 'base64url');
	const offCurve = Buffer.from(y);
	offCurve[31] = (offCurve[31] ?? 0) ^ 1;
	const rsa = { kty: 'RSA', alg: 'RS256' };
	const ec = { kty: 'EC', crv: 'P-256', alg: 'ES256' };
	const odd = (name: string, jwk: JsonObject, algorithm: Algorithm, sign?: OddKey['sign']): OddKey => ({
		name,
		jwk: { ...jwk, kid: name },
		sign,
		algorithm,
	});
	return [
		// With e = 1 the padded digest is its own signature: anybody can write one.
		odd('e-is-1', { ...rsa, n, e: 'AQ' }, 'RS256', paddedDigest),
		odd('e-is-even', { ...rsa, n, e: 'AQAA' }, 'RS256'),
		odd('not-on-the-curve', { ...ec, x, y: offCurve.toString('base64url') }, 'ES256'),
		odd('short-coordinate', { ...ec, x, y: y.subarray(1).toString('base64url') }, 'ES256'),
		odd('long-coordinate', { ...ec, x, y: Buffer.concat([Buffer.of(0), y]).toString('base64url') }, 'ES256'),
		odd('wrong-kty', { ...p256, kty: 'RSA' }, 'ES256'),
		odd('wrong-curve', { ...p256, crv: 'P-384' }, 'ES256'),
		odd('unknown-curve', { ...p256, crv: 'secp256k1' }, 'ES256'),
	];
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2) of SHA-256 for a modulus of 256 octets: its own signature under e = 1. */
function paddedDigest(input: string): Buffer {
	const digest = createHash('sha256').update(input).digest();
	const info = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]);
	return Buffer.concat([Buffer.of(0, 1), Buffer.alloc(256 - 3 - info.length, 0xff), Buffer.of(0), info]);
}

/** A token that names the key `kid` of provider d04. */
function oddToken({ name, algorithm, sign }: Pick<OddKey, 'name' | 'algorithm' | 'sign'>): string {
	const [header = '', payload = ''] = providerNamed('d04')
		.issue({}, { kid: name, header: { alg: algorithm } })
		.split('.');
	const input = `${header}.${payload}`;
	const signature = sign?.(input) ?? randomBytes(algorithm === 'ES256' ? 64 : 256);
	return `${input}.${signature.toString('base64url')}`;
}

test('D01: two keys of one kid, the first signed', async () => {
	expectForwarded(await send('d01', issue('d01', first)));
});

test('D01: two keys of one kid, the second signed', async () => {
	expectForwarded(await send('d01', issue('d01', second)));
	expect(logOf('d01')).toContain('share the kid');
});

test('D01: a key of another type under the same kid', async () => {
	expectForwarded(await send('d01', issue('d01', other)));
});

test('D01: a third key that borrows the kid', async () => {
	expectRefused(await send('d01', issue('d01', third)), '401-IT', 'signature_invalid');
});

test('D02: a shared secret in a key set from a URL', async () => {
	const forged = providerNamed('d02').issue({}, { key: secretKey(sharedSecret, 'HS256', 'shared') });
	expectRefused(await send('d02', forged), '401-IT', 'algorithm_rejected');
	expect(logOf('d02')).toContain('never taken from a URL');
	expect(logOf('d02')).not.toContain(Buffer.from(sharedSecret).toString('base64url'));
});

test('D02: the shared secret under an algorithm that is allowed', async () => {
	const forged = providerNamed('d02').issue(
		{},
		{ key: secretKey(sharedSecret, 'HS256', 'shared'), header: { alg: 'ES256' } },
	);
	expectRefused(await send('d02', forged), '401-IT', 'key_unknown');
});

test('D02: the other key of that set works', async () => {
	expectForwarded(await send('d02', issue('d02', good)));
});

test('D04: an RSA key of 1024 bits', async () => {
	expectRefused(await send('d04', issue('d04', weak)), '401-IT', 'key_unknown');
});

test.each([...oddKeys(), { name: 'roca', algorithm: 'RS256' as const, sign: undefined }])(
	'D04: the key $name',
	async (key) => {
		expectRefused(await send('d04', oddToken(key)), '401-IT', 'key_unknown');
		expect(logOf('d04')).toContain(key.name);
	},
);

test('D04: the good key among them works', async () => {
	expectForwarded(await send('d04', issue('d04', good)));
});

test('D05: a private key in the key set counts by its public part, and is not repeated', async () => {
	expectForwarded(await send('d05', issue('d05', exposed)));
	expect(logOf('d05')).toContain('private members');
	expect(rig.gateway.log.join('\n')).not.toContain(String(exposedPrivate.d));
});

test('D06: broken entries before the good one', async () => {
	expectForwarded(await send('d06', issue('d06', good)));
	const cut = providerNamed('d06').issue({}, { key: good, kid: 'cut' });
	expectRefused(await send('d06', cut), '401-IT', 'key_unknown');
});

test('D14: x5c and x5t#S256 that disagree with the key say nothing', async () => {
	expectForwarded(await send('d14', issue('d14', good)));
	const byChain = providerNamed('d14').issue({}, { key: chainKey(), kid: good.kid });
	expectRefused(await send('d14', byChain), '401-IT', 'signature_invalid');
});

// No chain makes a key: what makes one is the URL that it comes from, so there is no chain to get past.
test.each(Object.keys(chains))('D15: a key that is nothing but a chain of certificates: %s', async (kid) => {
	const [leaf] = chains[kid] ?? [expired];
	const key = wrapKey(createPrivateKey(leaf.key), 'ES256', kid);
	for (const header of [{}, { x5c: chainOf(leaf) }]) {
		const byChain = providerNamed('d15').issue({}, { key, kid, header });
		expectRefused(await send('d15', byChain), '401-IT', 'key_unknown');
	}
	expectForwarded(await send('d15', issue('d15', good)));
});

test.each([
	['many', '10000 keys'],
	['huge', 'larger than 1048576 octets'],
])('D18: a key set of 10,000 keys (%s) is not taken', async (name, problem) => {
	expectRefused(await send(name, issue(name, good)), '503', 'keys_unavailable');
	expect(logOf(name)).toContain(problem);
});

/** The key of the certificate in `chain`. */
function chainKey(): TestKey {
	return wrapKey(createPrivateKey(expired.key), 'ES256', 'chain');
}

/**
 * Signs compact JWS for tests with nothing but node:crypto, so that no library's strictness stands between a test and
 * the token it wants: header and payload may be any text, also text that is no JSON.
 */
import {
	constants,
	createHmac,
	createPublicKey,
	createSecretKey,
	generateKeyPairSync,
	type KeyObject,
	randomBytes,
	sign,
} from 'node:crypto';
import type { Algorithm, JsonObject } from '#core/index';

/** A key that signs, and what a provider publishes of it. */
export interface TestKey {
	readonly algorithm: Algorithm;
	readonly kid: string;
	readonly privateKey: KeyObject;
	/** The public JWK with `kid`, `alg` and `use`. A secret has none: publishing one would be a test of its own. */
	readonly jwk: JsonObject;
	/** PEM (SPKI); empty for a secret. */
	readonly pem: string;
}

export interface SignInput {
	/** An object, or the exact text (malformed, duplicate members, other white space). */
	readonly header: JsonObject | string;
	readonly payload: unknown;
	readonly key: TestKey | KeyObject;
	/** How to sign, whatever the header says. Default: the key's algorithm; needed for a bare KeyObject. */
	readonly algorithm?: Algorithm;
}

const material = new Map<string, { privateKey: KeyObject; publicKey: KeyObject }>();

/**
 * A key for `algorithm`, made once per process and `name`. RSA names share one 2048 bit pair over RS* and PS*, and
 * EdDSA shares with Ed25519, because making keys is what would make tests slow; kids differ by algorithm and name.
 */
export function testKey(algorithm: Algorithm, name = 'a'): TestKey {
	const kid = `${algorithm.toLowerCase()}-${name}`;
	if (algorithm.startsWith('HS')) {
		return { algorithm, kid, privateKey: secretOf(`${algorithm}/${name}`), jwk: {}, pem: '' };
	}
	const pair = pairOf(algorithm, name);
	return wrapKey(pair.privateKey, algorithm, kid);
}

/** Gives any private key (a weak one, another curve) the form of a TestKey. */
export function wrapKey(privateKey: KeyObject, algorithm: Algorithm, kid: string): TestKey {
	const publicKey = createPublicKey(privateKey);
	return {
		algorithm,
		kid,
		privateKey,
		jwk: { ...plain(publicKey.export({ format: 'jwk' })), kid, alg: algorithm, use: 'sig' },
		pem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
	};
}

/** An HMAC key from the text that a configuration's `secret` holds. */
export function secretKey(secret: string, algorithm: Algorithm = 'HS256', kid = 'secret'): TestKey {
	return { algorithm, kid, privateKey: createSecretKey(Buffer.from(secret, 'utf8')), jwk: {}, pem: '' };
}

/** The compact serialisation (RFC 7515 §3.1). A payload that is no string becomes JSON; a string is taken as it is. */
export function signJws(input: SignInput): string {
	const signingInput = `${encode(input.header)}.${encode(input.payload)}`;
	return `${signingInput}.${signatureOf(input.key, signingInput, input.algorithm).toString('base64url')}`;
}

/** A token of segments that are exactly these texts, encoded or not, with a genuine signature over them. */
export function signSegments(header: string, payload: string, key: TestKey): string {
	return `${header}.${payload}.${signatureOf(key, `${header}.${payload}`).toString('base64url')}`;
}

/** The bare signature (RFC 7518 §3), ECDSA as r‖s. */
export function signatureOf(key: TestKey | KeyObject, signingInput: string, algorithm?: Algorithm): Buffer {
	const wanted = algorithm ?? ('algorithm' in key ? key.algorithm : undefined);
	if (wanted === undefined) throw new Error('a bare KeyObject needs an algorithm');
	const privateKey = 'privateKey' in key ? key.privateKey : key;
	const data = Buffer.from(signingInput, 'utf8');
	const hash = `sha${wanted.slice(-3)}`;
	switch (wanted.slice(0, 2)) {
		case 'HS':
			return createHmac(hash, privateKey).update(data).digest();
		case 'RS':
			return sign(hash, data, privateKey);
		case 'PS':
			return sign(hash, data, {
				key: privateKey,
				padding: constants.RSA_PKCS1_PSS_PADDING,
				saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
			});
		case 'ES':
			return sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
		default:
			return sign(null, data, privateKey);
	}
}

/** base64url without padding of a text, or of a value's JSON. */
export function encode(value: unknown): string {
	const text = typeof value === 'string' ? value : JSON.stringify(value);
	return Buffer.from(text, 'utf8').toString('base64url');
}

/** The same token with one bit of one segment (0 header, 1 payload, 2 signature) flipped; it stays canonical base64url. */
export function alter(token: string, segment: 0 | 1 | 2, octet = 0, bit = 0): string {
	const segments = token.split('.');
	const octets = Buffer.from(segments[segment] ?? '', 'base64url');
	const old = octets[octet];
	if (old === undefined) throw new RangeError('no such octet in this segment');
	octets[octet] = old ^ (1 << bit);
	segments[segment] = octets.toString('base64url');
	return segments.join('.');
}

function pairOf(algorithm: Algorithm, name: string): { privateKey: KeyObject; publicKey: KeyObject } {
	const family = algorithm.startsWith('ES') ? algorithm : algorithm.startsWith('Ed') ? 'OKP' : 'RSA';
	const id = `${family}/${name}`;
	let pair = material.get(id);
	if (pair === undefined) {
		pair = generate(family);
		material.set(id, pair);
	}
	return pair;
}

function generate(family: string): { privateKey: KeyObject; publicKey: KeyObject } {
	if (family === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 });
	if (family === 'OKP') return generateKeyPairSync('ed25519');
	const curves: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };
	return generateKeyPairSync('ec', { namedCurve: curves[family] ?? family });
}

const secrets = new Map<string, KeyObject>();

function secretOf(id: string): KeyObject {
	let secret = secrets.get(id);
	if (secret === undefined) {
		secret = createSecretKey(randomBytes(64));
		secrets.set(id, secret);
	}
	return secret;
}

function plain(jwk: object): JsonObject {
	return JSON.parse(JSON.stringify(jwk)) as JsonObject;
}

/** Order of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3). */
const orderOfP256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The token with the other ES256 signature of the same octets by the same key: (r, n − s). */
export function twinOf(token: string): string {
	const end = token.lastIndexOf('.') + 1;
	const signature = Buffer.from(token.slice(end), 'base64url');
	const s = BigInt(`0x${signature.subarray(32).toString('hex')}`);
	const other = Buffer.from((orderOfP256 - s).toString(16).padStart(64, '0'), 'hex');
	return token.slice(0, end) + Buffer.concat([signature.subarray(0, 32), other]).toString('base64url');
}

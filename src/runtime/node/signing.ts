/** Signing on node:crypto: a private key or a shared secret, bound to the algorithms that it is for. */
import {
	constants,
	createHmac,
	createPrivateKey,
	createPublicKey,
	createSecretKey,
	type KeyObject,
	sign,
} from 'node:crypto';
import type { Algorithm, JsonObject, SigningKey } from '#core/index';
import { joseSignature } from './ecdsa-signature.ts';

const curves: Readonly<Record<string, Algorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
const rsaAlgorithms: readonly Algorithm[] = ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512'];
const leastRsaBits = 2048;

/** PEM or the text of a private JWK. Throws a readable Error that quotes nothing of the key. */
export function importPrivateKey(text: string): SigningKey {
	const { key, kid, alg } = text.trimStart().startsWith('{')
		? fromJwk(text)
		: { key: privateKeyOfPem(text), kid: undefined, alg: undefined };
	const able = algorithmsOf(key);
	const algorithms = alg === undefined ? able : able.filter((algorithm) => algorithm === alg);
	if (algorithms.length === 0) throw new Error('the key cannot sign with the alg that its JWK names');
	return {
		algorithms,
		kid,
		publicJwk: { ...createPublicKey(key).export({ format: 'jwk' }) } as JsonObject,
		sign(algorithm, input) {
			if (!algorithms.includes(algorithm)) throw new Error(`the key cannot sign with ${algorithm}`);
			return signWith(key, algorithm, input);
		},
	};
}

/** HMAC (RFC 7518 §3.2). Throws for an empty secret. */
export function importSigningSecret(secret: Uint8Array): SigningKey {
	if (secret.length === 0) throw new Error('an empty secret is no key');
	const key = createSecretKey(secret);
	const algorithms: readonly Algorithm[] = ['HS256', 'HS384', 'HS512'];
	return {
		algorithms,
		kid: undefined,
		publicJwk: undefined,
		sign(algorithm, input) {
			if (!algorithms.includes(algorithm)) throw new Error(`a secret cannot sign with ${algorithm}`);
			return new Uint8Array(createHmac(hashOf(algorithm), key).update(input).digest());
		},
	};
}

interface Imported {
	readonly key: KeyObject;
	readonly kid: string | undefined;
	readonly alg: string | undefined;
}

/** The private key of exactly one unencrypted PEM block. Throws a readable Error that quotes nothing of the key. */
export function privateKeyOfPem(text: string): KeyObject {
	if ((text.match(/-----BEGIN [A-Z0-9 ]+-----/g) ?? []).length !== 1) {
		throw new Error('there must be exactly one PEM block (`-----BEGIN PRIVATE KEY-----`), or a private JWK');
	}
	if (/ENCRYPTED/.test(text)) throw new Error('the private key is encrypted: give it without a passphrase');
	try {
		return createPrivateKey(text);
	} catch (cause) {
		throw new Error('the PEM block does not hold a private key that can be read', { cause });
	}
}

function fromJwk(text: string): Imported {
	let jwk: Record<string, unknown>;
	try {
		jwk = JSON.parse(text) as Record<string, unknown>;
	} catch {
		// The parser's message quotes the text.
		throw new Error('the private key looks like a JWK and is not JSON');
	}
	if (typeof jwk['d'] !== 'string') throw new Error('the JWK holds no private key (no member d)');
	const [kid, alg] = [jwk['kid'], jwk['alg']];
	try {
		const key = createPrivateKey({ key: jwk, format: 'jwk' });
		return { key, kid: typeof kid === 'string' ? kid : undefined, alg: typeof alg === 'string' ? alg : undefined };
	} catch {
		throw new Error('the JWK does not hold a private key that can be read');
	}
}

function algorithmsOf(key: KeyObject): readonly Algorithm[] {
	const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
	if (type === 'rsa') {
		if ((details?.modulusLength ?? 0) < leastRsaBits) throw new Error(`an RSA key needs ${leastRsaBits} bits at least`);
		return rsaAlgorithms;
	}
	const curve = type === 'ec' ? curves[details?.namedCurve ?? ''] : undefined;
	if (curve !== undefined) return [curve];
	if (type === 'ed25519') return ['EdDSA', 'Ed25519'];
	throw new Error('the private key is none of RSA, P-256, P-384, P-521 and Ed25519');
}

function signWith(key: KeyObject, algorithm: Algorithm, input: Uint8Array): Uint8Array {
	switch (algorithm.slice(0, 2)) {
		case 'RS':
			return new Uint8Array(sign(hashOf(algorithm), input, key));
		case 'PS':
			return new Uint8Array(
				sign(hashOf(algorithm), input, {
					key,
					padding: constants.RSA_PKCS1_PSS_PADDING,
					saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
				}),
			);
		case 'ES':
			return joseSignature(sign(hashOf(algorithm), input, key), coordinateOctets(algorithm));
		default:
			return new Uint8Array(sign(null, input, key));
	}
}

/** RFC 7518 §3.4: as long as the order of the curve. */
function coordinateOctets(algorithm: Algorithm): number {
	return algorithm === 'ES256' ? 32 : algorithm === 'ES384' ? 48 : 66;
}

function hashOf(algorithm: Algorithm): string {
	return `sha${algorithm.slice(-3)}`;
}

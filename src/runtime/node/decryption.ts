/**
 * Decryption of tokens through `jose`, with keys that are checked and bound when they are read: what `alg` a key may be
 * used with is the configuration's or the key's decision, never the token's. `jose` is loaded with the first key.
 */
import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto';
import {
	type ContentEncryption,
	contentEncryptions,
	type DecryptionKey,
	type DecryptionKeyBinding,
	type KeyManagementAlgorithm,
	keyManagementAlgorithms,
} from '#core/index';
import { privateKeyOfPem } from './signing.ts';

const leastRsaBits = 2048;
const rsaAlgorithms: readonly KeyManagementAlgorithm[] = ['RSA-OAEP-256', 'RSA-OAEP'];
const agreementAlgorithms: readonly KeyManagementAlgorithm[] = ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW'];
const wrappingAlgorithms: readonly KeyManagementAlgorithm[] = ['A256KW', 'A256GCMKW'];
const agreementCurves: readonly string[] = ['prime256v1', 'secp384r1', 'secp521r1'];

/** Octets of the content key (RFC 7518 §5.1). */
const contentKeyOctets: Readonly<Record<ContentEncryption, number>> = {
	A128GCM: 16,
	A256GCM: 32,
	'A128CBC-HS256': 32,
	'A256CBC-HS512': 64,
};
const wrappingKeyOctets = 32;

/** PEM or the text of a private JWK. Throws a readable Error that quotes nothing of the key. */
export function importDecryptionKey(text: string, { kid, algorithms }: DecryptionKeyBinding): DecryptionKey {
	if (!text.trimStart().startsWith('{')) return fromKey(privateKeyOfPem(text), kid, algorithms);
	const jwk = readJwk(text);
	const [named, alg] = [jwk['kid'], jwk['alg']];
	if (jwk['use'] !== undefined && jwk['use'] !== 'enc') throw new Error('the JWK is not for encryption (use)');
	const own = typeof alg === 'string' ? [knownAlgorithm(alg)] : undefined;
	const name = kid ?? (typeof named === 'string' ? named : undefined);
	if (own !== undefined && algorithms?.some((algorithm) => !own.includes(algorithm)) === true) {
		throw new Error('the JWK names another alg');
	}
	if (jwk['kty'] === 'oct') return importDecryptionSecret(octetsOf(jwk), { kid: name, algorithms: algorithms ?? own });
	return fromKey(privateKeyOfJwk(jwk), name, algorithms ?? own);
}

/** A shared secret; which algorithm it is for must be said. */
export function importDecryptionSecret(secret: Uint8Array, { kid, algorithms }: DecryptionKeyBinding): DecryptionKey {
	const { length } = secret;
	const direct = contentEncryptions.filter((encryption) => contentKeyOctets[encryption] === length);
	if (algorithms === undefined || algorithms.length === 0) throw new Error('a shared secret needs an alg');
	for (const algorithm of algorithms) {
		if (algorithm === 'dir') {
			if (direct.length > 0) continue;
			throw new Error(`the secret has ${length} octets; with dir it has 16, 32 or 64`);
		}
		if (!wrappingAlgorithms.includes(algorithm)) throw new Error(`a shared secret cannot be used with ${algorithm}`);
		if (length !== wrappingKeyOctets) throw new Error(`the secret has ${length} octets; ${algorithm} needs 32`);
	}
	// A key for two purposes would be one whose misuse in the first breaks the second (NIST SP 800-57 §5.2).
	if (algorithms.length > 1) throw new Error('a shared secret is for one alg');
	const encryptions = algorithms.includes('dir') ? direct : contentEncryptions;
	return decryptionKey(createSecretKey(secret), kid, algorithms, encryptions);
}

function fromKey(
	key: KeyObject,
	kid: string | undefined,
	wanted: readonly KeyManagementAlgorithm[] | undefined,
): DecryptionKey {
	const able = algorithmsOf(key);
	const unable = wanted?.find((algorithm) => !able.includes(algorithm));
	if (unable !== undefined) throw new Error(`the key cannot be used with ${unable}`);
	return decryptionKey(key, kid, wanted ?? able, contentEncryptions);
}

function algorithmsOf(key: KeyObject): readonly KeyManagementAlgorithm[] {
	const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
	if (type === 'rsa') {
		if ((details?.modulusLength ?? 0) < leastRsaBits) throw new Error(`an RSA key needs ${leastRsaBits} bits at least`);
		return rsaAlgorithms;
	}
	if (type === 'x25519' || (type === 'ec' && agreementCurves.includes(details?.namedCurve ?? ''))) {
		return agreementAlgorithms;
	}
	throw new Error('the private key is none of RSA, P-256, P-384, P-521 and X25519');
}

function decryptionKey(
	key: KeyObject,
	kid: string | undefined,
	algorithms: readonly KeyManagementAlgorithm[],
	encryptions: readonly ContentEncryption[],
): DecryptionKey {
	const bound: ReadonlySet<KeyManagementAlgorithm> = new Set(algorithms);
	void loadJose();
	return {
		kid,
		algorithms: bound,
		encryptions: new Set(encryptions),
		async decrypt(token, algorithm, encryption) {
			if (!bound.has(algorithm)) return undefined;
			const { compactDecrypt } = await loadJose();
			try {
				const { plaintext } = await compactDecrypt(token, key, {
					keyManagementAlgorithms: [algorithm],
					contentEncryptionAlgorithms: [encryption],
					maxDecompressedLength: 0,
				});
				return plaintext;
			} catch {
				// Which step failed is what an attacker would like to know (RFC 7516 §11.5).
				return undefined;
			}
		},
	};
}

let jose: Promise<typeof import('jose')> | undefined;

/**
 * Who has no encrypted tokens does without; who has some need not wait for the first one. A failure is met by who decrypts,
 * and the next one tries anew: a process without descriptors has some again later.
 */
function loadJose(): Promise<typeof import('jose')> {
	if (jose === undefined) {
		jose = import('jose');
		jose.catch(() => {
			jose = undefined;
		});
	}
	return jose;
}

function readJwk(text: string): Readonly<Record<string, unknown>> {
	try {
		return JSON.parse(text) as Readonly<Record<string, unknown>>;
	} catch {
		// The parser's message quotes the text.
		throw new Error('the key looks like a JWK and is not JSON');
	}
}

function octetsOf({ k }: Readonly<Record<string, unknown>>): Uint8Array {
	if (typeof k !== 'string' || !/^[A-Za-z0-9_-]+$/.test(k)) throw new Error('the JWK holds no secret (no member k)');
	return new Uint8Array(Buffer.from(k, 'base64url'));
}

function privateKeyOfJwk(jwk: Readonly<Record<string, unknown>>): KeyObject {
	if (typeof jwk['d'] !== 'string') throw new Error('the JWK holds no private key (no member d)');
	try {
		return createPrivateKey({ key: jwk, format: 'jwk' });
	} catch {
		throw new Error('the JWK does not hold a private key that can be read');
	}
}

function knownAlgorithm(name: string): KeyManagementAlgorithm {
	const known = keyManagementAlgorithms.find((algorithm) => algorithm === name);
	if (known === undefined) throw new Error('the JWK is for an alg that is not accepted');
	return known;
}

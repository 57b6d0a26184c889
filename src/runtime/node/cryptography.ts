/**
 * The cryptography port on node:crypto. One-shot and synchronous: at these sizes a thread pool costs more than it
 * saves. Every verification asks again whether the key is of the kind that the algorithm wants, and fails closed.
 */
import {
	constants,
	createHmac,
	createPublicKey,
	createSecretKey,
	hash,
	type KeyObject,
	randomBytes,
	timingSafeEqual,
	verify,
} from 'node:crypto';
import type { Algorithm, Cryptography, JsonObject, PublicKey } from '#core/index';
import { importDecryptionKey, importDecryptionSecret } from './decryption.ts';
import { derSignature } from './ecdsa-signature.ts';
import { publicJwkOfPem } from './pem.ts';
import { importPrivateKey, importSigningSecret } from './signing.ts';

type Scheme =
	| { readonly kind: 'rsa'; readonly hash: string; readonly padding: number; readonly saltLength: number | undefined }
	| { readonly kind: 'ec'; readonly hash: string; readonly curve: string; readonly octets: number }
	| { readonly kind: 'ed25519' }
	| { readonly kind: 'hmac'; readonly hash: string };

const pkcs1 = (name: string): Scheme => ({
	kind: 'rsa',
	hash: name,
	padding: constants.RSA_PKCS1_PADDING,
	saltLength: undefined,
});
/** RFC 7518 §3.5: the salt is as long as the hash. */
const pss = (name: string, octets: number): Scheme => ({
	kind: 'rsa',
	hash: name,
	padding: constants.RSA_PKCS1_PSS_PADDING,
	saltLength: octets,
});

const schemes: Readonly<Record<Algorithm, Scheme>> = {
	RS256: pkcs1('sha256'),
	RS384: pkcs1('sha384'),
	RS512: pkcs1('sha512'),
	PS256: pss('sha256', 32),
	PS384: pss('sha384', 48),
	PS512: pss('sha512', 64),
	ES256: { kind: 'ec', hash: 'sha256', curve: 'prime256v1', octets: 64 },
	ES384: { kind: 'ec', hash: 'sha384', curve: 'secp384r1', octets: 96 },
	ES512: { kind: 'ec', hash: 'sha512', curve: 'secp521r1', octets: 132 },
	EdDSA: { kind: 'ed25519' },
	Ed25519: { kind: 'ed25519' },
	HS256: { kind: 'hmac', hash: 'sha256' },
	HS384: { kind: 'hmac', hash: 'sha384' },
	HS512: { kind: 'hmac', hash: 'sha512' },
};

/** Everything that the pure folders need of cryptography, on Node. Holds no state. */
export const nodeCryptography: Cryptography = {
	importJwk,
	importSecret,
	importPrivateKey,
	importSigningSecret,
	importDecryptionKey,
	importDecryptionSecret,
	pemToJwk: (pem) => publicJwkOfPem(pem, Date.now()),
	digest: (text) => hash('sha256', text, 'base64url'),
	hexDigest: (text) => hash('sha256', text, 'hex'),
	digestOctets: (octets) => hash('sha256', octets, 'base64url'),
	keyedDigest,
	randomBytes: (length) => new Uint8Array(randomBytes(length)),
};

function importJwk(jwk: JsonObject): PublicKey {
	const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
	const { asymmetricKeyType: type } = key;
	const details = key.asymmetricKeyDetails;
	const curve = details?.namedCurve;
	const octets = Math.ceil((details?.modulusLength ?? 0) / 8);
	return {
		verify(algorithm, input, signature) {
			const scheme = schemes[algorithm];
			if (scheme.kind === 'rsa') {
				return type === 'rsa' && signature.length === octets && verifyRsa(key, scheme, input, signature);
			}
			if (scheme.kind === 'ec') {
				if (type !== 'ec' || curve !== scheme.curve || signature.length !== scheme.octets) return false;
				return quietly(() => verify(scheme.hash, input, key, derSignature(signature)));
			}
			if (scheme.kind !== 'ed25519' || type !== 'ed25519' || signature.length !== 64) return false;
			return quietly(() => verify(null, input, key, signature));
		},
	};
}

function verifyRsa(
	key: KeyObject,
	scheme: Extract<Scheme, { readonly kind: 'rsa' }>,
	input: Uint8Array,
	signature: Uint8Array,
): boolean {
	const { padding, saltLength } = scheme;
	// PKCS #1 v1.5 is what node takes for a key of type `rsa` by itself, and options would cost as much as the signature.
	if (saltLength === undefined) return quietly(() => verify(scheme.hash, input, key, signature));
	return quietly(() => verify(scheme.hash, input, { key, padding, saltLength }, signature));
}

function importSecret(secret: Uint8Array): PublicKey {
	if (secret.length === 0) throw new Error('an empty secret is no key');
	const key = createSecretKey(secret);
	return {
		verify(algorithm, input, signature) {
			const scheme = schemes[algorithm];
			if (scheme.kind !== 'hmac') return false;
			const expected = createHmac(scheme.hash, key).update(input).digest();
			return expected.length === signature.length && timingSafeEqual(expected, signature);
		},
	};
}

/** Octets of text that a keyed digest takes without an allocation. */
const shortText = 256;
const blockOctets = 64;

/**
 * HMAC-SHA-256 (RFC 2104 §2) of two one-shot digests, both over octets that are laid out once: a tenth of what node's HMAC
 * object costs, and it is made for every token that is new.
 */
function keyedDigest(key: Uint8Array, length?: number): (text: string) => string {
	const block = Buffer.alloc(blockOctets);
	block.set(key.length > blockOctets ? hash('sha256', key, 'buffer') : key);
	const inner = Buffer.alloc(blockOctets + shortText);
	inner.set(block.map((octet) => octet ^ 0x36));
	const outer = Buffer.alloc(blockOctets + 32);
	outer.set(block.map((octet) => octet ^ 0x5c));
	let written = inner;

	function withInner(text: string): Buffer {
		// A UTF-16 unit is three octets at most: what might not fit is not cut but joined.
		if (text.length * 3 > shortText) return Buffer.concat([inner.subarray(0, blockOctets), Buffer.from(text, 'utf8')]);
		const end = blockOctets + inner.write(text, blockOctets, 'utf8');
		// Texts of one use are equally long, as a rule.
		if (written.length !== end) written = inner.subarray(0, end);
		return written;
	}

	function whole(text: string): string {
		// A binary text has one character an octet, and node makes it far faster than a buffer.
		outer.write(hash('sha256', withInner(text), 'binary'), blockOctets, 'binary');
		return hash('sha256', outer, 'base64url');
	}

	if (length === undefined) return whole;
	const octets = Buffer.alloc(43);
	return (text) => {
		octets.write(whole(text), 'binary');
		// A slice of the text would keep all of it alive.
		return octets.toString('binary', 0, length);
	};
}

/** OpenSSL throws for some signatures that it cannot even parse: for us they do not verify. */
function quietly(check: () => boolean): boolean {
	try {
		return check();
	} catch {
		return false;
	}
}

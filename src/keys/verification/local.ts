/** Keys that the operator gave: a key set, a PEM, a shared secret. Nothing is fetched and nothing runs out. */
import type { Algorithm, Cryptography, VerificationKey } from '#core/index';
import { encodeUtf8 } from '#formats/utf8';
import { admitJwk } from './jwk.ts';
import { KeySet } from './key-set.ts';
import type { KeySource } from './key-source.ts';

/** RFC 7518 §3.2: an HMAC key at least as long as the hash, in octets. */
const secretOctets: ReadonlyMap<Algorithm, number> = new Map([
	['HS256', 32],
	['HS384', 48],
	['HS512', 64],
]);

/**
 * A source of fixed keys. A single key without `kid` serves tokens with any `kid`. Without keys every look-up is
 * `unavailable`, so nothing passes. `warnings`: what somebody else knows of these keys, for the status.
 */
export function createLocalKeySource(
	keys: readonly VerificationKey[],
	warnings: () => readonly string[] = () => [],
): KeySource {
	const set = new KeySet({ soleKeyMatchesAnyKid: true });
	set.replace(keys);
	return {
		candidates(algorithm, kid) {
			return set.keys.length === 0 ? 'unavailable' : set.candidates(algorithm, kid);
		},
		refresh: async () => {},
		start: async () => {},
		stop() {},
		status() {
			return {
				state: set.keys.length === 0 ? 'unavailable' : 'ready',
				kids: set.keys.map((key) => key.kid),
				fetchedAt: undefined,
				nextRefreshAt: undefined,
				fetches: 0,
				refreshing: false,
				acceptedFetches: 0,
				failedFetches: 0,
				lastError: set.keys.length === 0 ? 'no usable key is configured' : undefined,
				clockOffset: undefined,
				retryAfter: 60,
				get warnings() {
					return warnings();
				},
			};
		},
	};
}

/**
 * The HMAC key of a configured secret: its UTF-8 octets as they are, not decoded from base64. Keeps of `algorithms` the
 * HS* ones for which it is long enough (32, 48, 64 octets; RFC 7518 §3.2). Throws, without naming the secret, when none
 * is left or when it is nothing but white space.
 */
export function secretKey(secret: string, crypto: Cryptography, algorithms: Iterable<Algorithm>): VerificationKey {
	return octetsKey(secret.trim() === '' ? new Uint8Array() : encodeUtf8(secret), crypto, algorithms);
}

/** The same for a secret that is no text. Throws like `secretKey`. */
export function octetsKey(octets: Uint8Array, crypto: Cryptography, algorithms: Iterable<Algorithm>): VerificationKey {
	const allowed = [...algorithms].filter((algorithm) => octets.length >= (secretOctets.get(algorithm) ?? Infinity));
	if (allowed.length === 0) {
		throw new Error(`the secret is ${octets.length} octets long: HS256 needs 32, HS384 48, HS512 64 (RFC 7518 §3.2)`);
	}
	return {
		kid: undefined,
		algorithms: new Set(allowed),
		issuer: undefined,
		thumbprint: undefined,
		public: crypto.importSecret(octets),
		retired: false,
		usableUntil: Number.POSITIVE_INFINITY,
	};
}

/** The key of one PEM block. Throws with a readable message when it is not one, or too weak. */
export function pemKey(pem: string, crypto: Cryptography): VerificationKey {
	const admitted = admitJwk(crypto.pemToJwk(pem), crypto);
	if (typeof admitted === 'string') throw new Error(`the public key is refused: ${admitted}`);
	return admitted.key;
}

/** The keys of clients whose DPoP proofs have been good: the last 2,000 of them, seven kilobytes each. */
import { LRUCache } from 'lru-cache';
import type { VerificationKey } from '#core/index';
import type { ProofKeys } from '#pipeline/authorize/binding-proof';

/** UTF-16 units of a JWK that is kept: an RSA key of 8192 bits has about 1,400. */
const longest = 2_048;

/** Empty at first, so a reload costs each client one import. `most`: keys that are kept at a time. */
export function createProofKeys(most = 2_000): ProofKeys {
	const keys = new LRUCache<string, VerificationKey>({ max: most });
	return {
		find: (jwk) => keys.get(jwk),
		keep(jwk, key) {
			if (jwk.length <= longest) keys.set(jwk, key);
		},
	};
}

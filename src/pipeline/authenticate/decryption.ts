/**
 * The outer layer of an encrypted token (RFC 7516): opened with a key of a provider of this route, so that the signed JWT
 * within goes through the same checks as one that came without it. Encryption says nothing about who made a token.
 */
import type { Check, DecryptionKey, Evidence, Reason, UnverifiedJwe } from '#core/index';
import { looksLikeCompactJwe, parseCompactJwe } from '#formats/compact-jwe';
import { decodeUtf8 } from '#formats/utf8';

/** Keys that are tried for one token: each try is an operation with a private key that anybody can cause. */
const mostTried = 4;

/** Every cause alike: which step failed is what an attacker would like to know (RFC 7516 §11.5). */
const opaqueFault = 'an encrypted token that does not decrypt';

/** `keys`: of the providers of the route; a token that is not encrypted passes. */
export function createDecryptionCheck(keys: readonly DecryptionKey[]): Check {
	function candidates({ algorithm, encryption, kid }: UnverifiedJwe): readonly DecryptionKey[] {
		return keys
			.filter(
				(key) =>
					key.algorithms.has(algorithm) &&
					key.encryptions.has(encryption) &&
					(kid === undefined || key.kid === undefined || key.kid === kid),
			)
			.slice(0, mostTried);
	}

	async function decrypt(evidence: Evidence, token: string, jwe: UnverifiedJwe): Promise<Reason | null> {
		for (const key of candidates(jwe)) {
			const plaintext = await key.decrypt(token, jwe.algorithm, jwe.encryption);
			const text = plaintext === undefined ? null : decodeUtf8(plaintext);
			if (text === null) continue;
			evidence.decrypted = text;
			evidence.decryptedWith = key;
			return null;
		}
		evidence.found = opaqueFault;
		return 'token_malformed';
	}

	return {
		name: 'decryption',
		needs: 'credential',
		judge(evidence) {
			const token = evidence.credential?.token ?? '';
			if (!looksLikeCompactJwe(token)) return null;
			const parsed = parseCompactJwe(token);
			if ('fault' in parsed) {
				evidence.found = parsed.fault;
				return parsed.kind === 'algorithm' ? 'algorithm_rejected' : 'token_malformed';
			}
			evidence.encrypted = parsed;
			return decrypt(evidence, token, parsed);
		},
		expected: () => 'where the token is encrypted, a JWE (RFC 7516) that a key of decryption_keys opens',
		found(evidence) {
			if (evidence.decrypted !== undefined) return 'an encrypted token, which was decrypted';
			return evidence.found ?? 'a token that is not encrypted';
		},
	};
}

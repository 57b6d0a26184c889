/**
 * Sealing with AES-256-GCM (NIST SP 800-38D). Each value has a key and a nonce of its own, derived from the sealing key
 * and a random salt by HKDF (RFC 5869), so that no number of values wears a key out as random nonces would. The first
 * key seals, all of them open: a new key is put first, and the old one goes once everything was written anew.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { Sealing } from '#core/index';

const algorithm = 'aes-256-gcm';
const version = '1';
const saltLength = 16;
const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;

/** `version.key id.base64url(salt, ciphertext, tag)`. */
const sealedPattern = /^1\.([A-Za-z0-9_-]{11})\.([A-Za-z0-9_-]{43,})$/;

/** Keys of 32 octets each, one at least; throws otherwise. */
export function createSealing(keys: readonly Uint8Array[]): Sealing {
	const all = new Map(keys.map((key) => [idOf(key), key]));
	const [first] = all;
	if (first === undefined) throw new Error('sealing needs a key');
	if (keys.some((key) => key.length !== keyLength)) throw new Error('a sealing key has 32 octets');
	const [firstId, firstKey] = first;

	return {
		seal(text, place) {
			const salt = randomBytes(saltLength);
			const { key, nonce } = derive(firstKey, salt);
			const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength });
			cipher.setAAD(bound(firstId, place));
			const parts = [salt, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
			return `${version}.${firstId}.${Buffer.concat(parts).toString('base64url')}`;
		},
		open(sealed, place) {
			const [, id = '', body = ''] = sealedPattern.exec(sealed) ?? [];
			const key = all.get(id);
			const bytes = Buffer.from(body, 'base64url');
			if (key === undefined || bytes.length < saltLength + tagLength) return undefined;
			const derived = derive(key, bytes.subarray(0, saltLength));
			const decipher = createDecipheriv(algorithm, derived.key, derived.nonce, { authTagLength: tagLength });
			decipher.setAAD(bound(id, place));
			decipher.setAuthTag(bytes.subarray(-tagLength));
			try {
				const text = decipher.update(bytes.subarray(saltLength, -tagLength));
				return Buffer.concat([text, decipher.final()]).toString('utf8');
			} catch {
				return undefined;
			}
		},
	};
}

/** Names a key without telling anything of it. */
function idOf(key: Uint8Array): string {
	return createHash('sha256')
		.update('countersign sealing key id')
		.update(key)
		.digest()
		.subarray(0, 8)
		.toString('base64url');
}

function derive(key: Uint8Array, salt: Uint8Array): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
	const bytes = new Uint8Array(hkdfSync('sha256', key, salt, 'countersign sealed value', keyLength + nonceLength));
	return { key: bytes.subarray(0, keyLength), nonce: bytes.subarray(keyLength) };
}

/** JSON, so that no two places are written alike. */
function bound(id: string, place: readonly string[]): Buffer {
	return Buffer.from(JSON.stringify([version, id, ...place]), 'utf8');
}

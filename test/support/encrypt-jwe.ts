/** Encrypts tokens for tests with `jose`, and takes the result apart so that any of its five parts can be replaced. */
import type { KeyObject } from 'node:crypto';
import { CompactEncrypt } from 'jose';

export interface EncryptOptions {
	readonly alg: string;
	readonly enc?: string;
	/** Beside `alg`, `enc` and `cty: JWT`; undefined takes a member away. */
	readonly header?: Readonly<Record<string, unknown>>;
}

/** A compact JWE (RFC 7516 §7.1). `key`: public key or secret. */
export async function encryptJwe(plaintext: string, key: KeyObject, options: EncryptOptions): Promise<string> {
	const { alg, enc = 'A256GCM', header = {} } = options;
	const all = { cty: 'JWT', ...header, alg, enc };
	const members = Object.entries(all).filter(([, value]) => value !== undefined);
	return new CompactEncrypt(new TextEncoder().encode(plaintext))
		.setProtectedHeader(Object.fromEntries(members) as { alg: string; enc: string })
		.encrypt(key);
}

/** The token with one part (0 header, 1 key, 2 initialization vector, 3 ciphertext, 4 tag) replaced. */
export function withPart(token: string, part: 0 | 1 | 2 | 3 | 4, value: string | ((before: Buffer) => Buffer)): string {
	const parts = token.split('.');
	const before = Buffer.from(parts[part] ?? '', 'base64url');
	parts[part] = typeof value === 'string' ? value : value(before).toString('base64url');
	return parts.join('.');
}

/** DPoP proofs (RFC 9449 §4.2), good unless a test lays something else over them. */
import { hash, randomUUID } from 'node:crypto';
import type { JsonObject } from '#core/index';
import { signJws, type TestKey, testKey } from './sign-jws.ts';

export interface ProofOptions {
	/** Default: `proofKey`. */
	readonly key?: TestKey;
	/** Default GET. */
	readonly method?: string;
	readonly url: string;
	readonly token: string;
	/** Seconds since the epoch; default: the wall clock. */
	readonly now?: number;
	/** Laid over the claims and the header; undefined removes a member. */
	readonly claims?: Readonly<Record<string, unknown>>;
	readonly header?: Readonly<Record<string, unknown>>;
}

export const proofKey: TestKey = testKey('ES256', 'proof');
export const otherProofKey: TestKey = testKey('ES256', 'other proof');

/** The JWK as a proof has it: public members and nothing else. */
export function bareJwk({ jwk }: TestKey): JsonObject {
	const { kid: _, alg: __, use: ___, ...bare } = jwk;
	return bare;
}

export function makeProof(options: ProofOptions): string {
	const { key = proofKey, method = 'GET', url, token, now = Date.now() / 1000, claims, header } = options;
	return signJws({
		header: JSON.stringify({ typ: 'dpop+jwt', alg: key.algorithm, jwk: bareJwk(key), ...header }),
		payload: {
			jti: randomUUID(),
			htm: method,
			htu: url,
			iat: Math.floor(now),
			ath: hash('sha256', token, 'base64url'),
			...claims,
		},
		key,
	});
}

/** `jkt` of a key (RFC 7638 §3). */
export function keyThumbprint(key: TestKey = proofKey): string {
	const { crv, e, kty, n, x, y } = key.jwk;
	const members = kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x };
	return hash('sha256', JSON.stringify(members), 'base64url');
}

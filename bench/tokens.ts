/** Access tokens for the benchmark: RS256, 2048 bits, at+jwt, the claims that such tokens usually have. Bench only. */
import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, randomUUID, sign } from 'node:crypto';

export const issuer = 'https://idp.example.com/';
export const audience = 'https://api.example.com';
export const scope = 'orders:read orders:write profile';

export interface Issuer {
	/** Public key set, with `kid`, `alg` and `use`. */
	readonly jwks: { readonly keys: readonly JsonWebKey[] };
	/** SubjectPublicKeyInfo. */
	readonly publicKeyPem: string;
	/** A new token, valid for an hour, of a client of its own. */
	mint(claims?: Readonly<Record<string, unknown>>): string;
}

export function createIssuer(): Issuer {
	const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	const publicKey = createPublicKey(privateKey);
	const kid = 'bench-1';
	const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
	const header = encode({ alg: 'RS256', typ: 'at+jwt', kid });
	return {
		jwks: { keys: [jwk] },
		publicKeyPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
		mint: (claims = {}) => mint(privateKey, header, claims),
	};
}

function mint(key: KeyObject, header: string, claims: Readonly<Record<string, unknown>>): string {
	const now = Math.floor(Date.now() / 1000);
	const id = randomUUID();
	const payload = encode({
		iss: issuer,
		sub: `user|${id}`,
		aud: audience,
		client_id: `client-${id.slice(0, 8)}`,
		scope,
		jti: id,
		iat: now,
		exp: now + 3600,
		...claims,
	});
	const signed = `${header}.${payload}`;
	return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

function encode(value: object): string {
	return Buffer.from(JSON.stringify(value)).toString('base64url');
}

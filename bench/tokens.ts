/** Access tokens for the benchmark: RS256, 2048 bits, at+jwt, the claims that such tokens usually have. Bench only. */
import { createPublicKey, generateKeyPair, type JsonWebKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import { promisify } from 'node:util';

export const issuer = 'https://idp.example.com/';
export const audience = 'https://api.example.com';
export const requiredScope = 'orders:read';

export interface Issuer {
	/** Public key set, with `kid`, `alg` and `use`. */
	readonly jwks: { readonly keys: readonly JsonWebKey[] };
	/** SubjectPublicKeyInfo. */
	readonly publicKeyPem: string;
	/** A new token, valid for an hour, of a client of its own. */
	mint(claims?: Claims): string;
	/** The same for many, on all cores. */
	mintMany(count: number, claims?: Claims): Promise<string[]>;
}

export type Claims = Readonly<Record<string, unknown>>;

/** With a key of its own; tokens name `iss` as their issuer. */
export async function createIssuer(iss = issuer): Promise<Issuer> {
	const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
	const publicKey = createPublicKey(privateKey);
	const kid = 'bench-1';
	const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
	const header = encode({ alg: 'RS256', typ: 'at+jwt', kid });
	return {
		jwks: { keys: [jwk] },
		publicKeyPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
		mint(claims = {}) {
			const signed = `${header}.${payload(iss, claims)}`;
			return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
		},
		async mintMany(count, claims = {}) {
			const tokens: string[] = [];
			// In batches: each waiting signature holds its bytes.
			while (tokens.length < count) {
				const batch = Array.from({ length: Math.min(1_000, count - tokens.length) }, () =>
					signOnPool(`${header}.${payload(iss, claims)}`, privateKey),
				);
				tokens.push(...(await Promise.all(batch)));
			}
			return tokens;
		},
	};
}

function signOnPool(signed: string, key: KeyObject): Promise<string> {
	return new Promise((resolve, reject) => {
		sign('sha256', Buffer.from(signed), key, (problem, signature) => {
			if (problem === null) resolve(`${signed}.${signature.toString('base64url')}`);
			else reject(problem);
		});
	});
}

function payload(iss: string, claims: Claims): string {
	const now = Math.floor(Date.now() / 1000);
	const id = randomUUID();
	return encode({
		iss,
		sub: `user|${id}`,
		aud: audience,
		client_id: `client-${id.slice(0, 8)}`,
		scope: `${requiredScope} orders:write profile`,
		jti: id,
		iat: now,
		exp: now + 3600,
		...claims,
	});
}

function encode(value: object): string {
	return Buffer.from(JSON.stringify(value)).toString('base64url');
}

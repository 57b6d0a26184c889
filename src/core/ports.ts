/** What differs by runtime and comes in from outside: the pure folders hold no `node:` import. */
import type { JsonObject } from './json.ts';

/** JWS algorithms that Countersign knows (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2 for `Ed25519`). */
export const algorithms = [
	'RS256',
	'RS384',
	'RS512',
	'PS256',
	'PS384',
	'PS512',
	'ES256',
	'ES384',
	'ES512',
	'EdDSA',
	'Ed25519',
	'HS256',
	'HS384',
	'HS512',
] as const;
export type Algorithm = (typeof algorithms)[number];

export interface Clock {
	/** Milliseconds since the epoch. May jump. */
	now(): number;
	/** Milliseconds since some start; never goes back. */
	monotonic(): number;
}

/** A key that can verify, made by the runtime. */
export interface PublicKey {
	/** False for a signature that does not verify or has the wrong length; never throws for one. */
	verify(algorithm: Algorithm, input: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

export interface Cryptography {
	/** From a checked JWK (`RSA`, `EC`, `OKP`) with public members only. Throws when the runtime cannot use it. */
	importJwk(jwk: JsonObject): PublicKey;
	/** An HMAC key (RFC 2104). */
	importSecret(secret: Uint8Array): PublicKey;
	/** Any SPKI, PKCS#1 or certificate PEM as a public JWK. Throws with a readable message; refuses private keys. */
	pemToJwk(pem: string): JsonObject;
	/** SHA-256 of the UTF-8 of `text`, base64url; a flat string that shares no memory with the input. */
	digest(text: string): string;
	/** A function that gives HMAC-SHA-256 of `text`, base64url, under `key`. */
	keyedDigest(key: Uint8Array): (text: string) => string;
	randomBytes(length: number): Uint8Array;
}

/** Result of one outbound GET. */
export interface FetchedDocument {
	readonly status: number;
	/** Lower-case names. */
	readonly headers: ReadonlyMap<string, string>;
	readonly body: string;
}

/**
 * Outbound GET for keys and metadata. Never follows a redirect, gives up after `timeout` ms, reads at most `maxBytes`
 * of the decoded body, and throws an Error with a readable message (the `cause` kept) when it cannot give an answer.
 */
export interface DocumentFetcher {
	get(url: string, options: { readonly timeout: number; readonly maxBytes: number }): Promise<FetchedDocument>;
}

export interface Timers {
	/** Runs `task` once after `ms`; never keeps the process alive. Returns what cancels it. */
	after(ms: number, task: () => void): () => void;
}

/** A verification key of a provider, bound to the algorithms it may be used with. */
export interface VerificationKey {
	readonly kid: string | undefined;
	/** What `kty`, `crv`, `alg`, `use` and `key_ops` of the key leave. */
	readonly algorithms: ReadonlySet<Algorithm>;
	/** `issuer` member of Entra's JWKs: the only issuer, or template with `{tenantid}`, whose tokens this key may sign. */
	readonly issuer: string | undefined;
	/** RFC 7638 thumbprint; the same key keeps its identity over refreshes. Undefined for a shared secret. */
	readonly thumbprint: string | undefined;
	readonly public: PublicKey;
	/** True once the key has left its key set: cached tokens that it verified end with it. */
	retired: boolean;
	/** Monotonic milliseconds until which the key may be used without a successful refresh. */
	usableUntil: number;
}

/** Structured messages for the operator. Never a token, a secret or a key (invariant 2). */
export interface Log {
	info(message: string, fields?: Readonly<Record<string, unknown>>): void;
	warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
	error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What differs by runtime and comes in from outside: the pure folders hold no `node:` import. */
import type { JsonObject } from './json.ts';
import type { HeaderList } from './request-view.ts';

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

/** JWE algorithms (`alg`) that Countersign decrypts with (RFC 7518 §4). RSA1_5 and PBES2 are not among them on purpose. */
export const keyManagementAlgorithms = [
	'RSA-OAEP-256',
	'RSA-OAEP',
	'ECDH-ES',
	'ECDH-ES+A128KW',
	'ECDH-ES+A256KW',
	'dir',
	'A256KW',
	'A256GCMKW',
] as const;
export type KeyManagementAlgorithm = (typeof keyManagementAlgorithms)[number];

/** JWE content encryption (`enc`, RFC 7518 §5). */
export const contentEncryptions = ['A128GCM', 'A256GCM', 'A128CBC-HS256', 'A256CBC-HS512'] as const;
export type ContentEncryption = (typeof contentEncryptions)[number];

/** A private key or secret that decrypts tokens, made by the runtime; nothing gives it back. */
export interface DecryptionKey {
	readonly kid: string | undefined;
	/** What it may be used with, and nothing else (RFC 8725 §3.1). */
	readonly algorithms: ReadonlySet<KeyManagementAlgorithm>;
	/** Content encryption that it can be used with; all, unless it is the content key itself (`dir`). */
	readonly encryptions: ReadonlySet<ContentEncryption>;
	/**
	 * The plaintext of a compact JWE with exactly this `alg` and `enc`. Undefined for whatever does not decrypt, for every
	 * cause alike; never rejects. The form of the token must have been checked.
	 */
	decrypt(
		token: string,
		algorithm: KeyManagementAlgorithm,
		encryption: ContentEncryption,
	): Promise<Uint8Array | undefined>;
}

/** To what the configuration binds a decryption key; undefined: what the key itself says. */
export interface DecryptionKeyBinding {
	readonly kid: string | undefined;
	readonly algorithms: readonly KeyManagementAlgorithm[] | undefined;
}

/** A private key or secret that signs, made by the runtime; nothing gives it back. */
export interface SigningKey {
	/** Algorithms that the key can be used with, the usual one first. */
	readonly algorithms: readonly Algorithm[];
	/** Key id that came with the key (`kid` of a JWK). */
	readonly kid: string | undefined;
	/** Its public half, without `kid` and `alg`: what RFC 7518 §6 requires and no more. Undefined for a secret. */
	readonly publicJwk: JsonObject | undefined;
	/** Signature as a JWS has it (RFC 7518 §3; ECDSA as r‖s). Throws for an algorithm that is not in `algorithms`. */
	sign(algorithm: Algorithm, input: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface Cryptography {
	/** From a checked JWK (`RSA`, `EC`, `OKP`) with public members only. Throws when the runtime cannot use it. */
	importJwk(jwk: JsonObject): PublicKey;
	/** An HMAC key (RFC 2104). */
	importSecret(secret: Uint8Array): PublicKey;
	/** Any SPKI, PKCS#1 or certificate PEM as a public JWK. Throws with a readable message; refuses private keys. */
	pemToJwk(pem: string): JsonObject;
	/**
	 * A private key: one unencrypted PEM block (PKCS#8, PKCS#1 or SEC 1), or the text of a private JWK. RSA from 2048 bits,
	 * P-256, P-384, P-521, Ed25519. Throws with a readable message that never quotes the key.
	 */
	importPrivateKey(text: string): SigningKey;
	/** An HMAC key that signs (RFC 2104). */
	importSigningSecret(secret: Uint8Array): SigningKey;
	/**
	 * A key that decrypts: one unencrypted PEM block, or the text of a private JWK (RSA from 2048 bits, P-256, P-384, P-521,
	 * X25519, or `oct`). Throws with a readable message that never quotes the key.
	 */
	importDecryptionKey(text: string, binding: DecryptionKeyBinding): DecryptionKey;
	/** The same for the octets of a shared secret, which must be as long as the algorithm wants, to the octet. */
	importDecryptionSecret(secret: Uint8Array, binding: DecryptionKeyBinding): DecryptionKey;
	/** SHA-256 of the UTF-8 of `text`, base64url; a flat string that shares no memory with the input. */
	digest(text: string): string;
	/** SHA-256 of the UTF-8 of `text` as 64 hexadecimal digits: the quickest to make; flat like `digest`. */
	hexDigest(text: string): string;
	/** SHA-256 of these octets, base64url. */
	digestOctets(octets: Uint8Array): string;
	/**
	 * A function that gives HMAC-SHA-256 of `text`, base64url, under `key`: its first `length` characters, without one all 43.
	 * Flat like `digest`, also when cut.
	 */
	keyedDigest(key: Uint8Array, length?: number): (text: string) => string;
	randomBytes(length: number): Uint8Array;
}

/** Result of one outbound request. */
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

/**
 * Outbound GET to the identity endpoint of a cloud, which belongs to this machine: as `DocumentFetcher`, with header
 * fields, always on a connection of its own from here, and never through a proxy.
 */
export interface IdentityFetcher {
	get(
		url: string,
		options: { readonly headers: HeaderList; readonly timeout: number; readonly maxBytes: number },
	): Promise<FetchedDocument>;
}

/** What we show as a TLS client (RFC 8705 §2): PEM texts of the certificate with its chain, and of its private key. */
export interface TlsIdentity {
	readonly certificate: string;
	readonly key: string;
}

export interface FormPost {
	/** Lower-case names; content type and length are the poster's own. */
	readonly headers: HeaderList;
	/** `application/x-www-form-urlencoded`, as it goes on the wire. */
	readonly body: string;
	readonly certificate: TlsIdentity | undefined;
	/** Milliseconds, from name resolution to the last octet of the answer. */
	readonly timeout: number;
	readonly maxBytes: number;
}

/**
 * Outbound POST of a form to an authorization server (RFC 6749 §3.2, RFC 7662 §2.1). Never follows a redirect, never
 * sends twice, reads at most `maxBytes` of the body of an answer below 500, and throws an Error with a readable message
 * (the `cause` kept; nothing of what was sent) when it cannot give an answer.
 */
export interface FormPoster {
	post(url: string, post: FormPost): Promise<FetchedDocument>;
}

export interface Timers {
	/** Runs `task` once after `ms`; never keeps the process alive. Returns what cancels it. */
	after(ms: number, task: () => void): () => void;
}

/** What vouched for a token when it was found genuine. A cached token counts only as long as this does. */
export interface Voucher {
	/** The only issuer, or template with `{tenantid}` (`issuer` member of Entra's JWKs), that it may vouch for; undefined: any. */
	readonly issuer: string | undefined;
	/** True once it has been withdrawn: cached tokens that it vouched for end with it. */
	retired: boolean;
	/** Monotonic milliseconds until which its word counts. */
	usableUntil: number;
}

/** A verification key of a provider, bound to the algorithms it may be used with. `retired` once it has left its key set. */
export interface VerificationKey extends Voucher {
	readonly kid: string | undefined;
	/** What `kty`, `crv`, `alg`, `use` and `key_ops` of the key leave. */
	readonly algorithms: ReadonlySet<Algorithm>;
	/** RFC 7638 thumbprint; the same key keeps its identity over refreshes. Undefined for a shared secret. */
	readonly thumbprint: string | undefined;
	readonly public: PublicKey;
}

/** The keys that a provider published last, for the time when it cannot be asked. */
export interface KeptKeySet {
	/** A JWK Set with public members only. */
	readonly jwks: JsonObject;
	/** Milliseconds since the epoch of the fetch. */
	readonly fetchedAt: number;
}

/**
 * Where the last good keys of one provider outlive the process. Whoever can write there can plant keys, so an
 * implementation gives back only what this gateway wrote, for this provider and this origin of its keys.
 */
export interface KeptKeys {
	/** Undefined when there is nothing, or nothing to be trusted; says why in the log. Does not judge the age. Never rejects. */
	load(): Promise<KeptKeySet | undefined>;
	/** Replaces what is kept. Never rejects: a failure is logged, and the gateway goes on without. */
	save(kept: KeptKeySet): Promise<void>;
}

/** Structured messages for the operator. Never a token, a secret or a key (invariant 2). */
export interface Log {
	info(message: string, fields?: Readonly<Record<string, unknown>>): void;
	warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
	error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** One metric: what its series are called, what they mean, what they are told apart by. Base units (seconds, bytes). */
export interface MetricDescription {
	/** `[a-z0-9_]`; of a counter with `_total` at its end. */
	readonly name: string;
	readonly kind: 'counter' | 'gauge' | 'histogram';
	readonly help: string;
	readonly labels: readonly string[];
	/** Upper bounds, ascending; only of a histogram. */
	readonly buckets?: readonly number[];
	/** What the value of several workers together is; only of a gauge. Default `sum`. */
	readonly together?: 'sum' | 'max' | 'min';
}

/** One metric as it was read, as plain data. */
export interface MetricReading {
	readonly name: string;
	readonly kind: MetricDescription['kind'];
	readonly help: string;
	readonly points: readonly MetricPoint[];
}

export type MetricPoint =
	| { readonly labels: MetricLabels; readonly value: number }
	/** `counts`: observations per bucket, not cumulated, with those above the last bound at the end. */
	| {
			readonly labels: MetricLabels;
			readonly bounds: readonly number[];
			readonly counts: readonly number[];
			readonly sum: number;
			readonly count: number;
	  };

export type MetricLabels = Readonly<Record<string, string>>;

/** One series of a metric, bound to its label values: recording into it costs well under a microsecond. */
export interface Series {
	/** Adds to a counter, sets a gauge, observes into a histogram. A value that is no finite number is ignored. */
	record(value: number): void;
	/** Takes the series out of what is read; recording again brings it back. */
	remove(): void;
}

/** Where measurements go. It bounds nothing: whoever binds series chooses label values from bounded sets. */
export interface Meter {
	/** The series with these label values, in the order of `labels`. Throws when their number is wrong. */
	series(metric: MetricDescription, values: readonly string[]): Series;
	/** Runs `task` before each reading, for what is asked for rather than told. */
	beforeReading(task: () => void): void;
}

/** A span that is over, in the words of the OpenTelemetry trace data model. Never holds a token or a query. */
export interface FinishedSpan {
	readonly name: string;
	readonly kind: 'server' | 'client';
	/** Lower-case hexadecimal, 32 and 16 digits. */
	readonly traceId: string;
	readonly spanId: string;
	readonly parentSpanId: string | undefined;
	/** Whether the parent is somebody else's span. */
	readonly parentIsRemote: boolean;
	/** Milliseconds since the epoch, with a fraction. */
	readonly start: number;
	readonly end: number;
	readonly failed: boolean;
	readonly attributes: TelemetryAttributes;
}

/** An event for a log backend. Never holds a token or a query. */
export interface LogEvent {
	readonly name: string;
	/** Milliseconds since the epoch. */
	readonly time: number;
	readonly severity: 'info' | 'warn' | 'error';
	readonly body: string;
	readonly attributes: TelemetryAttributes;
	readonly traceId: string | undefined;
	readonly spanId: string | undefined;
}

export type TelemetryAttributes = Readonly<Record<string, string | number | boolean>>;

/** Sends telemetry to a collector in the background. What the collector cannot take is dropped, never waited for. */
export interface TelemetryExport {
	/** Undefined when that kind is not exported. Neither throws. */
	readonly span: ((span: FinishedSpan) => void) | undefined;
	readonly event: ((event: LogEvent) => void) | undefined;
	/** Sends what is left, for a few seconds at most. Never rejects. */
	close(): Promise<void>;
}

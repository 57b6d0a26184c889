import type { CheckName } from './check.ts';
import type { Challenge, Facts } from './facts.ts';
import type { JsonObject } from './json.ts';
import type {
	Algorithm,
	ContentEncryption,
	DecryptionKey,
	KeyManagementAlgorithm,
	VerificationKey,
	Voucher,
} from './ports.ts';
import type { CredentialKind, Principal } from './principal.ts';
import type { HeaderList, RequestView } from './request-view.ts';

/** Where a credential stood in the request. */
export interface CredentialLocation {
	readonly in: 'header' | 'cookie' | 'query';
	/** Lower-case header name, cookie name or parameter name. */
	readonly name: string;
	/** Of `authorization`: `bearer` alone, or `any`, a token without one included; undefined: Bearer and DPoP. */
	readonly scheme?: 'bearer' | 'any';
}

/** What the client sent, before anybody believed it. */
export interface Credential {
	/** Lower-case authentication scheme; where none was sent, `bearer`, or the one that the token's shape tells. */
	readonly scheme: string;
	readonly token: string;
	readonly location: CredentialLocation;
}

/** A compact JWS taken apart, not yet believed. */
export interface UnverifiedJws {
	readonly header: JsonObject;
	readonly claims: JsonObject;
	/** The octets that were signed: header and payload segment as sent. */
	readonly signingInput: Uint8Array;
	readonly signature: Uint8Array;
}

/** A compact JWE taken apart, as far as that goes without its key. */
export interface UnverifiedJwe {
	readonly algorithm: KeyManagementAlgorithm;
	readonly encryption: ContentEncryption;
	readonly kid: string | undefined;
}

/** Formats of shared access signatures, by the service that brought them up. */
export const sharedAccessFormats = ['service_bus', 'iot_hub', 'apim_management', 'apim_gateway'] as const;
export type SharedAccessFormat = (typeof sharedAccessFormats)[number];

/** A shared access signature taken apart, not yet believed. */
export interface UnverifiedSharedAccess {
	/** Formats that have this layout: a token cannot say which of them it is in. */
	readonly formats: readonly SharedAccessFormat[];
	/** Name of the key that signed; undefined where the layout allows to leave it out. */
	readonly keyName: string | undefined;
	/** What it is for, decoded; undefined in layouts that name no resource. */
	readonly resource: string | undefined;
	/** Seconds since the epoch. */
	readonly expiresAt: number;
	/** The octets that were signed, made of the fields as they were sent. */
	readonly signingInput: Uint8Array;
	readonly signature: Uint8Array;
}

/**
 * Everything gathered about one request while it is decided. Checks read it; extractors and authenticators fill it.
 * One class so that every instance has one shape, which keeps the decision fast. It is also the verdict's facts.
 */
export class Evidence implements Facts {
	readonly request: RequestView;
	/** Wall clock at arrival, seconds since the epoch with a fraction. */
	readonly now: number;
	/** Monotonic clock at arrival, milliseconds. */
	readonly monotonic: number;

	/** As the record of the request has it; undefined where there is none. */
	requestId: string | undefined = undefined;
	route: string | undefined = undefined;
	/** Normalised path and query (with `?`) as decision and upstream both see them. */
	path = '';
	/** Host of the URL that clients of the route call; undefined: the one that the request names. */
	urlHost: string | undefined = undefined;
	query = '';
	/** Values of the route's parameters, in the order of its names: path first, then host. */
	parameters: readonly string[] = [];

	credential: Credential | undefined = undefined;
	/** Names the browser session that the credential came from. */
	session: string | undefined = undefined;
	/** Whether that session has ended since, in words for records; undefined: it has not. */
	sessionEndedBy: (() => string | undefined) | undefined = undefined;
	/** `Set-Cookie` fields for the answer. */
	setCookies: HeaderList | undefined = undefined;
	/** Digest of the whole token: a flat string that keeps no request buffer alive. */
	digest: string | undefined = undefined;
	tokenId: string | undefined = undefined;
	backendTokenId: string | undefined = undefined;
	kind: CredentialKind | undefined = undefined;
	/** The outer layer of an encrypted token. */
	encrypted: UnverifiedJwe | undefined = undefined;
	/** The signed JWT that was within, not yet believed, and the key that opened it. As secret as the token itself. */
	decrypted: string | undefined = undefined;
	decryptedWith: DecryptionKey | undefined = undefined;
	token: UnverifiedJws | undefined = undefined;
	sharedAccess: UnverifiedSharedAccess | undefined = undefined;
	provider: string | undefined = undefined;
	/** The token's algorithm, once the provider was found to allow it. */
	algorithm: Algorithm | undefined = undefined;
	/** Keys worth trying. */
	candidates: readonly VerificationKey[] = [];
	/** The key that verified, or whatever else vouches for the token. */
	voucher: Voucher | undefined = undefined;
	/** What the token claims, genuine or not: `explain` judges it even after a bad signature. */
	claimed: Principal | undefined = undefined;
	/** What a genuine token says. Set only by an authenticator, after verification, or from the cache of genuine tokens. */
	principal: Principal | undefined = undefined;
	/** The DPoP proof of this request, once it was found good: its key's thumbprint and its `jti`. */
	proof: { readonly thumbprint: string; readonly id: string } | undefined = undefined;
	/** A DPoP nonce that the client should use from now on. */
	nonce: string | undefined = undefined;
	cached = false;
	/** Monotonic milliseconds after which the token is known to have expired, whatever the wall clock says. */
	expiresMonotonic: number = Number.POSITIVE_INFINITY;

	check: CheckName | undefined = undefined;
	expected: string | undefined = undefined;
	found: string | undefined = undefined;
	cause: unknown = undefined;
	retryAfter: number | undefined = undefined;
	/** What the client reads of the rate limits that its request met. */
	limitFields: HeaderList | undefined = undefined;
	challenge: Challenge | undefined = undefined;

	constructor(request: RequestView, now: number, monotonic: number) {
		this.request = request;
		this.now = now;
		this.monotonic = monotonic;
	}
}

/**
 * Every reason for which a request is not forwarded, in one table. The challenge header, the problem body, the audit
 * record, the metric label, `explain` and docs/troubleshooting.md are all made from it; nothing else names a status.
 */

/** `error` codes of RFC 6750 §3.1, RFC 9449 §7.1 and RFC 9470 §3. */
export type OAuthError =
	| 'invalid_request'
	| 'invalid_token'
	| 'insufficient_scope'
	| 'invalid_dpop_proof'
	| 'use_dpop_nonce'
	| 'insufficient_user_authentication';

export interface ReasonEntry {
	/** HTTP status, unless `responses:` moves it. */
	readonly status: number;
	/** OAuth error of the challenge; null where RFC 6750 §3.1 wants none or where no challenge belongs. */
	readonly error: OAuthError | null;
	/** What the client may read: never a value from the token, the key set or the policy. */
	readonly description: string;
	/** What the operator or the client's developer does about it; shown in the docs and by `explain`, not to the client. */
	readonly fix: string;
}

const entry = (status: number, error: OAuthError | null, description: string, fix: string): ReasonEntry => ({
	status,
	error,
	description,
	fix,
});

/** The client's fault: the request is refused. */
export const denyReasons = {
	credential_missing: entry(
		401,
		null,
		'This resource needs an access token.',
		'Send `Authorization: Bearer <token>`. If the client did, look for a proxy in between that drops the header.',
	),
	scheme_unsupported: entry(
		401,
		null,
		'The authentication scheme of this request is not accepted here.',
		'Use the scheme that the WWW-Authenticate header of the answer names.',
	),
	credential_malformed: entry(
		400,
		'invalid_request',
		'The credential of this request is malformed.',
		'Send exactly one scheme, one space and one token: no quotes, commas or line breaks.',
	),
	credential_repeated: entry(
		400,
		'invalid_request',
		'This request carries more than one credential.',
		'Send the token once, in one place (RFC 6750 §2).',
	),
	token_malformed: entry(
		401,
		'invalid_token',
		'The access token is malformed.',
		'Look at the token with `countersign token decode`. Truncated copies, added padding and claims of the wrong JSON type are the usual causes. An encrypted token (five segments) needs its provider’s `decryption_keys`, `cty: JWT` and a signed JWT within.',
	),
	token_type_rejected: entry(
		401,
		'invalid_token',
		'This kind of token is not accepted as an access token.',
		'Send the access token, not the ID token. If the provider writes another `typ`, list it in the provider’s `typ`.',
	),
	algorithm_rejected: entry(
		401,
		'invalid_token',
		'An algorithm of the access token is not accepted.',
		'Compare the token’s `alg` with the provider’s `algorithms`; the key’s own `alg` must agree too. Encrypted tokens: `RSA1_5`, `PBES2` and others that `decryption_keys` does not list are never accepted.',
	),
	issuer_unknown: entry(
		401,
		'invalid_token',
		'The access token comes from an issuer that is not accepted here.',
		'Compare the token’s `iss` with the provider’s `issuer`, character by character: a trailing slash counts. Is the provider listed on this route?',
	),
	key_unknown: entry(
		401,
		'invalid_token',
		'The access token is signed with a key that is not known.',
		'The token’s `kid` is not in the provider’s key set. Is it a token of another environment, or signed with a key that was withdrawn? A shared access signature names a key that is not among the provider’s `keys`, or disabled.',
	),
	signature_invalid: entry(
		401,
		'invalid_token',
		'The signature of the access token is invalid.',
		'The token was altered, or signed with another key. Get a new one from the provider. Of shared access signatures, compare the provider’s `format` too: `service_bus` and `iot_hub` read the same key differently.',
	),
	token_expired: entry(
		401,
		'invalid_token',
		'The access token has expired.',
		'Get a new token. If fresh tokens fail too, compare the clocks of provider and gateway.',
	),
	token_not_yet_valid: entry(
		401,
		'invalid_token',
		'The access token is not valid yet.',
		'Compare the clocks of provider and gateway; a small difference is what `clock_skew` is for.',
	),
	token_lifetime_exceeded: entry(
		401,
		'invalid_token',
		'The access token lives longer than this resource allows.',
		'Shorten the token’s lifetime at the provider, or raise `max_lifetime` or `max_age`.',
	),
	audience_mismatch: entry(
		401,
		'invalid_token',
		'The access token is meant for another audience.',
		'Ask the provider for a token with the audience of this route. `aud` is compared as an exact string; the `sr` of a shared access signature must lie within the audience, by scheme, host and path.',
	),
	token_inactive: entry(
		401,
		'invalid_token',
		'The access token is not active.',
		'The provider says that the token is revoked, expired or not its own. Get a new one.',
	),
	token_revoked: entry(401, 'invalid_token', 'The access token has been revoked.', 'Get a new token.'),
	binding_missing: entry(
		401,
		'invalid_token',
		'The access token must be used with proof of possession.',
		'The token is bound to a key (`cnf`), or this route wants a bound token. Send the proof that belongs to it.',
	),
	binding_mismatch: entry(
		401,
		'invalid_token',
		'The access token is bound to another key.',
		'Use the client certificate or DPoP key for which the token was issued.',
	),
	dpop_proof_invalid: entry(
		401,
		'invalid_dpop_proof',
		'The DPoP proof is invalid.',
		'Check `htm`, `htu`, `iat`, `ath` and the signature of the proof (RFC 9449 §4.3).',
	),
	dpop_proof_replayed: entry(
		401,
		'invalid_dpop_proof',
		'The DPoP proof was used before.',
		'Make a new proof with a new `jti` for each request.',
	),
	dpop_nonce_required: entry(
		401,
		'use_dpop_nonce',
		'The DPoP proof needs a nonce of this server.',
		'Repeat the request with the nonce of the DPoP-Nonce header in the proof.',
	),
	authentication_insufficient: entry(
		401,
		'insufficient_user_authentication',
		'A stronger or more recent authentication is needed.',
		'Send the user to the provider again with the `acr_values` or `max_age` of the challenge (RFC 9470).',
	),
	exchange_refused: entry(
		401,
		'invalid_token',
		'The access token could not be exchanged for this resource.',
		'The provider refused the exchange: is the client allowed to exchange this token for that audience?',
	),
	session_ended: entry(
		401,
		null,
		'The session has ended.',
		'Log in again. The session timed out, was logged out here, at the provider or by an operator, its cookie was altered, or the provider no longer takes its refresh token: `found` in the audit log says which.',
	),
	request_forged: entry(
		403,
		null,
		'This request may come from another site.',
		'A session’s unsafe methods and WebSockets need a same-origin `Origin` or `Sec-Fetch-Site`, and unsafe methods the header that `csrf_header` of the session names. Compare `origin` of the session with the page’s, character by character.',
	),
	login_failed: entry(
		400,
		null,
		'The login could not be completed.',
		'Begin again at the page. The login took too long, was begun in another browser, or the provider refused it: `found` in the audit log says which.',
	),
	scope_insufficient: entry(
		403,
		'insufficient_scope',
		'The access token lacks a scope that this resource needs.',
		'Ask the provider for a token with the scopes that the challenge names.',
	),
	claim_missing: entry(
		403,
		null,
		'The access token lacks a claim that this resource needs.',
		'Add the claim at the provider (an action, a mapper, an app role), or check its name: names are literal unless they start with `/`.',
	),
	claim_mismatch: entry(
		403,
		null,
		'A claim of the access token does not have a value that this resource accepts.',
		'Compare the claim with the route’s `claims` with the help of `countersign explain`.',
	),
	client_not_allowed: entry(
		403,
		null,
		'This client is not allowed here.',
		'Add the client (`client_id`, `azp` or `appid` of the token) to the route’s `clients`.',
	),
	resource_mismatch: entry(
		403,
		null,
		'The credential is for another resource.',
		'The path of the signed resource must be that of the URL or above it, segment by segment; case counts.',
	),
	request_malformed: entry(400, null, 'The request is malformed.', 'Send a request as RFC 9112 describes it.'),
	path_ambiguous: entry(
		400,
		null,
		'The path of this request can be read in more than one way.',
		'Send a plain path: no `//`, no `.` or `..` segments, no encoded slash, backslash or NUL.',
	),
	route_not_found: entry(
		404,
		null,
		'There is no such resource.',
		'No route matches this host and path. Compare them with `host` and `path` of the routes: case counts, and so does a slash at the end.',
	),
	method_not_allowed: entry(
		405,
		null,
		'This method is not allowed here.',
		'The most specific route for this path lists other methods; the Allow header names them.',
	),
	request_timeout: entry(
		408,
		null,
		'The request took too long to arrive.',
		'Send the request faster, or raise `timeouts`.',
	),
	content_too_large: entry(413, null, 'The request body is too large.', 'Send less, or raise `limits.body`.'),
	misdirected: entry(
		421,
		null,
		'This server does not answer for that host on this connection.',
		'Open a connection of its own for this host.',
	),
	rate_limited: entry(429, null, 'Too many requests.', 'Wait for the time that Retry-After names.'),
	headers_too_large: entry(
		431,
		null,
		'The header section of the request is too large.',
		'Shrink the headers (a token with fewer claims, fewer cookies), or raise `limits.headers`.',
	),
} as const satisfies Record<string, ReasonEntry>;

/** A dependency's fault, or ours: never a verdict about the token, never cached as one (invariant 5). */
export const faultReasons = {
	internal_error: entry(
		500,
		null,
		'The gateway could not handle this request.',
		'This is a bug or a broken configuration: the log has the cause.',
	),
	upstream_unreachable: entry(
		502,
		null,
		'The service behind this gateway cannot be reached.',
		'Is the upstream running and reachable from the gateway? The log has the cause.',
	),
	upstream_invalid_response: entry(
		502,
		null,
		'The service behind this gateway sent an invalid response.',
		'The upstream broke off or sent something that is not HTTP/1.1. The log has the cause.',
	),
	keys_unavailable: entry(
		503,
		null,
		'Tokens cannot be verified at the moment.',
		'The provider’s keys could not be fetched yet. Is its discovery document or `jwks_uri` reachable from the gateway?',
	),
	introspection_unavailable: entry(
		503,
		null,
		'Tokens cannot be verified at the moment.',
		'The introspection endpoint did not answer as RFC 7662 says. Are the gateway’s own client credentials right?',
	),
	login_unavailable: entry(
		503,
		null,
		'Logins and sessions cannot be served at the moment.',
		'The provider’s metadata, token endpoint or pushed authorization request endpoint did not answer, or refused the gateway’s own client. A session is refused only once its access token has run out.',
	),
	store_unavailable: entry(
		503,
		null,
		'The gateway cannot reach its store at the moment.',
		'Is the store of the `store` section running and reachable?',
	),
	audit_unavailable: entry(
		503,
		null,
		'The gateway cannot record requests at the moment.',
		'With `audit.on_overflow: refuse` nothing is served that cannot be recorded. Is the disk of the audit file full?',
	),
	backend_token_unavailable: entry(
		503,
		null,
		'The gateway cannot get a token for the service behind it at the moment.',
		'The token endpoint for `backend_token` did not answer, or refused the gateway’s own credentials.',
	),
	overloaded: entry(503, null, 'The gateway is overloaded.', 'Raise `limits`, or add capacity.'),
	upstream_timeout: entry(
		504,
		null,
		'The service behind this gateway took too long.',
		'Raise the upstream’s `timeout`, or find out why it is slow.',
	),
} as const satisfies Record<string, ReasonEntry>;

export type DenyReason = keyof typeof denyReasons;
export type FaultReason = keyof typeof faultReasons;
export type Reason = DenyReason | FaultReason;

/** The whole table. */
export const reasons: Readonly<Record<Reason, ReasonEntry>> = { ...denyReasons, ...faultReasons };

export const reasonNames: readonly Reason[] = Object.keys(reasons) as Reason[];

export function isFaultReason(reason: Reason): reason is FaultReason {
	return Object.hasOwn(faultReasons, reason);
}

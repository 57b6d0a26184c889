/**
 * Is this an access token at all? An ID token, a logout token or a DPoP proof of the same issuer has a genuine signature
 * too (RFC 8725 §3.11, RFC 9068 §4).
 */
import { type Check, type JsonObject, member, type Principal } from '#core/index';
import { principalCheck } from './principal-check.ts';

/** Claims that only an ID token has (OpenID Connect Core §3.1.3.6, §3.3.2.11; FAPI 1 for `s_hash`). */
const idTokenClaims = ['at_hash', 'c_hash', 's_hash'] as const;
/** Values of the payload's own `typ`, as Keycloak writes it, that mark something else than an access token. */
const otherTypes: ReadonlySet<string> = new Set(['ID', 'Refresh', 'Offline', 'Logout']);

/** `token_type` of an introspection answer that is about an access token (RFC 7662 §2.2), lower-case. */
const introspectedTypes: ReadonlySet<string> = new Set([
	'bearer',
	'dpop',
	'access_token',
	'urn:ietf:params:oauth:token-type:access_token',
]);

/**
 * `types`: accepted `typ` values of JWTs, lower-case, without `application/`; `''` accepts a token without one. An opaque
 * token has no header: where the answer about it names a type, that must be the type of an access token.
 */
export function createTypeCheck(types: readonly string[]): Check {
	const accepted = new Set(types);
	// An empty `typ` is not an absent one: it names a type, and nobody's.
	const accepts = (type: string | undefined) => type !== '' && accepted.has(type ?? '');
	const isAccessToken = ({ kind, type, claims }: Principal) =>
		kind === 'opaque'
			? (type === undefined || introspectedTypes.has(type)) && otherIntrospected(claims) === undefined
			: accepts(type) && otherToken(claims, type) === undefined;
	return principalCheck({
		name: 'type',
		judge: (principal) => (isAccessToken(principal) ? null : 'token_type_rejected'),
		expected: ({ kind }) =>
			kind === 'opaque'
				? 'token_type: Bearer, DPoP or none'
				: `typ: ${types.map((type) => (type === '' ? 'none' : type)).join(', ')}`,
		found({ kind, type, claims }) {
			const [name, other] =
				kind === 'opaque' ? ['token_type', otherIntrospected(claims)] : ['typ', otherToken(claims, type)];
			return `${name}: ${type === '' ? 'empty' : (type ?? 'none')}${mark(other)}`;
		},
	});
}

/** Servers answer about refresh tokens as well, and say so in members of their own (Ory Hydra, Keycloak). */
function otherIntrospected(claims: JsonObject): string | undefined {
	const own = member(claims, 'typ');
	if (typeof own === 'string' && otherTypes.has(own)) return `typ ${own}`;
	const use = member(claims, 'token_use');
	return typeof use === 'string' && /^(?:refresh|id)(?:_token)?$/i.test(use) ? `token_use ${use}` : undefined;
}

/** What betrays that the token is of another kind. */
function otherToken(claims: JsonObject, type: string | undefined): string | undefined {
	const own = member(claims, 'typ');
	if (typeof own === 'string' && otherTypes.has(own)) return `payload typ ${own}`;
	if (type === 'at+jwt') return undefined;
	const hash = idTokenClaims.find((name) => Object.hasOwn(claims, name));
	if (hash !== undefined) return `the ID token claim ${hash}`;
	// Keycloak before 25 wrote `nonce` into access tokens as well, and marked them as Bearer.
	if (Object.hasOwn(claims, 'nonce') && own !== 'Bearer') return 'the ID token claim nonce';
	// OpenID Connect Back-Channel Logout §2.4.
	return Object.hasOwn(claims, 'events') ? 'the claim events of a security event token' : undefined;
}

function mark(other: string | undefined): string {
	return other === undefined ? '' : `, with ${other}`;
}

/** A shared access signature as a principal. Nothing is verified here: whoever calls this decides what the result is worth. */
import type { JsonObject, Principal, UnverifiedSharedAccess } from '#core/index';
import type { KeyPair } from '#keys/pairs/key-pairs';

/**
 * The key's name is the client; scopes and claims are those that the operator gave the key. What the signature itself
 * says stands among the claims under the names that a JWT has for it (RFC 7519 §4.1, RFC 8693 §4.2, §4.3), so that rules
 * and headers read the same. There is no issuer but the provider, which is named in its place.
 */
export function sharedAccessPrincipal(
	provider: string,
	keyName: string,
	token: UnverifiedSharedAccess,
	pair: Pick<KeyPair, 'scopes' | 'claims'>,
): Principal {
	const { resource, expiresAt } = token;
	const { scopes } = pair;
	const said: JsonObject = {
		client_id: keyName,
		exp: expiresAt,
		...(resource === undefined ? {} : { aud: resource }),
		...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
	};
	const claims: JsonObject = { ...pair.claims, ...said };
	const subject = claims['sub'];
	return {
		provider,
		kind: 'shared_access',
		issuer: provider,
		subject: typeof subject === 'string' ? subject : undefined,
		client: keyName,
		audiences: resource === undefined ? [] : [resource],
		scopes: new Set(scopes),
		claims,
		expiresAt,
		notBefore: undefined,
		issuedAt: undefined,
		confirmation: undefined,
		type: undefined,
	};
}

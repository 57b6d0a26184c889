/**
 * Token exchange (RFC 8693) as a grant of oidc-provider, which has none of its own: takes access tokens that the server
 * itself issued, and gives back one for another audience. What the subject holds is the most that comes out.
 */
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import type { Client, GrantContext, Provider } from 'oidc-provider';

export interface TokenExchangeOptions {
	/** Public key of the server's access tokens (RS256). */
	readonly key: JsonWebKey;
	readonly issuer: string;
	/** Key that signs what comes out; undefined: the first one. */
	readonly kid?: string;
	/** Scopes that a token for this audience may have; undefined: this client may not ask for it. */
	scopesOf(client: Client, audience: string): readonly string[] | undefined;
	/** Seconds that an exchanged token lives. */
	lifetime(): number;
	/** Told of each exchange that was asked for. */
	onExchange?(asked: { readonly subject: string; readonly audience: string }): void;
}

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';

interface SubjectClaims {
	readonly iss?: unknown;
	readonly sub?: unknown;
	readonly exp?: unknown;
	readonly scope?: unknown;
}

/** `extraTokenClaims` of the server: who acts for the subject (RFC 8693 §4.1). */
export function actorClaims({
	clientId,
	gty,
}: {
	readonly clientId: string;
	readonly gty?: string;
}): object | undefined {
	return gty === 'token_exchange' ? { act: { sub: clientId } } : undefined;
}

/** Registers the grant; clients need it in their `grant_types`. */
export function registerTokenExchange(
	provider: Provider,
	errors: typeof import('oidc-provider').errors,
	options: TokenExchangeOptions,
): void {
	const parameters = ['subject_token', 'subject_token_type', 'audience', 'scope', 'requested_token_type'];
	provider.registerGrantType(
		grant,
		async (context) => {
			context.body = await exchange(provider, errors, context, options);
		},
		[...parameters, 'actor_token', 'actor_token_type'],
	);
}

async function exchange(
	provider: Provider,
	errors: typeof import('oidc-provider').errors,
	{ oidc: { params, client } }: GrantContext,
	options: TokenExchangeOptions,
): Promise<Record<string, unknown>> {
	const { subject_token: subjectToken = '', subject_token_type: type, audience = '', scope } = params ?? {};
	if (type !== accessToken) throw new errors.InvalidRequest('subject_token_type must be that of an access token');
	const subject = verified(subjectToken, options);
	if (subject === undefined) throw new errors.InvalidGrant('the subject token is not active');
	const able = options.scopesOf(client, audience);
	if (able === undefined) throw new errors.InvalidTarget('this client may not exchange tokens for that audience');
	options.onExchange?.({ subject: subject.sub, audience });
	const wanted = scope === undefined ? able : scope.split(' ').filter((each) => able.includes(each));
	const token = new provider.AccessToken({
		accountId: subject.sub,
		client,
		scope: wanted.filter((each) => scope !== undefined || subject.scopes.includes(each)).join(' '),
		gty: 'token_exchange',
		expiresIn: options.lifetime(),
	});
	token.resourceServer = {
		audience,
		scope: able.join(' '),
		accessTokenFormat: 'jwt',
		jwt: { sign: { alg: 'RS256', ...(options.kid === undefined ? {} : { kid: options.kid }) } },
	};
	token.setAudience(audience);
	return {
		access_token: await token.save(),
		issued_token_type: accessToken,
		token_type: 'Bearer',
		expires_in: token.expiration,
		scope: token.scope,
	};
}

/** Undefined for what this server did not issue, and for what has expired. */
function verified(
	token: string,
	{ key, issuer }: TokenExchangeOptions,
): { readonly sub: string; readonly scopes: readonly string[] } | undefined {
	const [header = '', payload = '', signature = ''] = token.split('.');
	const input = Buffer.from(`${header}.${payload}`);
	const publicKey = createPublicKey({ key, format: 'jwk' });
	if (!verify('sha256', input, publicKey, Buffer.from(signature, 'base64url'))) return undefined;
	const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as SubjectClaims;
	const { iss, sub, exp, scope } = claims;
	if (iss !== issuer || typeof sub !== 'string' || typeof exp !== 'number' || exp <= Date.now() / 1000)
		return undefined;
	return { sub, scopes: typeof scope === 'string' ? scope.split(' ') : [] };
}

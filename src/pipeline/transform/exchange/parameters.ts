/**
 * How a token is asked to be exchanged, by dialect: token exchange (RFC 8693 §2.1), which Keycloak and Auth0 speak too,
 * and Entra’s on-behalf-of, which is the JWT bearer grant (RFC 7523 §2.1) with a parameter of its own.
 */
export type ExchangeGrant = 'token_exchange' | 'on_behalf_of';

/** For whom and for what, parameters of the route filled in. */
export interface ExchangeTarget {
	readonly audience: readonly string[];
	readonly resource: readonly string[];
	readonly scope: readonly string[];
}

export interface ExchangeTerms {
	readonly grant: ExchangeGrant;
	/** URN of what the client's token is (RFC 8693 §3). */
	readonly subjectType: string;
	/** URN of what is asked for; undefined: the server decides, between an access token and a JWT. */
	readonly requestedType: string | undefined;
}

export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
export const jwtType = 'urn:ietf:params:oauth:token-type:jwt';

/** `actor`: a token of whoever acts for the subject. */
export function exchangeParameters(
	{ grant, subjectType, requestedType }: ExchangeTerms,
	subject: string,
	actor: string | undefined,
	{ audience, resource, scope }: ExchangeTarget,
): readonly (readonly [name: string, value: string])[] {
	const scopes = scope.length === 0 ? [] : [['scope', scope.join(' ')] as const];
	if (grant === 'on_behalf_of') {
		return [
			['grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
			['requested_token_use', 'on_behalf_of'],
			['assertion', subject],
			...scopes,
		];
	}
	return [
		['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
		['subject_token', subject],
		['subject_token_type', subjectType],
		...(actor === undefined
			? []
			: ([
					['actor_token', actor],
					['actor_token_type', accessTokenType],
				] as const)),
		...(requestedType === undefined ? [] : [['requested_token_type', requestedType] as const]),
		...audience.map((value) => ['audience', value] as const),
		...resource.map((value) => ['resource', value] as const),
		...scopes,
	];
}

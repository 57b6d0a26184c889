/**
 * Which authenticator a credential belongs to (design: scheme first, then shape). It is a matter of what the client sent
 * and of which kinds the route takes, never of trying: a credential that fails its authenticator is offered to no other.
 */
import { type CredentialKind, type Evidence, member } from '#core/index';
import { looksLikeCompactJwe } from '#formats/compact-jwe';
import { looksLikeCompactJws, parseCompactJws } from '#formats/compact-jws';
import { sharedAccessSchemes } from '#formats/shared-access/shared-access';

/** What a provider of the route issues, and under which issuers. */
export interface IssuedKinds {
	readonly tokens: readonly CredentialKind[];
	readonly issuers: readonly string[];
	/** Whether its JWTs may be encrypted. */
	readonly decrypts: boolean;
}

/**
 * `providers`: of the route; at least one. With JWTs and opaque tokens on one route, three segments with a JOSE header are
 * a JWT, whatever they turn out to be worth; unless they name an issuer all of whose tokens are opaque, JWTs or not. Five
 * segments with a JOSE header are an encrypted JWT where any provider can decrypt one; else they are somebody's opaque text.
 */
export function createKindOf(providers: readonly IssuedKinds[]): (evidence: Evidence) => CredentialKind {
	const kinds = new Set(providers.flatMap(({ tokens }) => tokens));
	const opaqueIssuers: ReadonlySet<unknown> = new Set(
		providers.flatMap(({ tokens, issuers }) => (tokens.includes('opaque') && !tokens.includes('jwt') ? issuers : [])),
	);
	const [jwt, opaque] = [kinds.has('jwt'), kinds.has('opaque')];
	const decrypts = providers.some((provider) => provider.decrypts);
	return (evidence) => {
		const { scheme = '', token = '' } = evidence.credential ?? {};
		if (sharedAccessSchemes.has(scheme)) return 'shared_access';
		// Without opaque tokens a bearer token can only be meant as a JWT, and is refused for what is wrong with it.
		if (!opaque) return 'jwt';
		if (decrypts && looksLikeCompactJwe(token)) return 'jwt';
		if (!jwt || !looksLikeCompactJws(token)) return 'opaque';
		return opaqueIssuers.size > 0 && opaqueIssuers.has(issuerOf(token)) ? 'opaque' : 'jwt';
	};
}

/** As the token says, unverified; undefined when it is no JWT. */
function issuerOf(token: string): unknown {
	const jws = parseCompactJws(token);
	return typeof jws === 'string' ? undefined : member(jws.claims, 'iss');
}

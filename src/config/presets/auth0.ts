/**
 * Auth0. Access tokens for an API are JWTs with `aud` (a list when the API and `/userinfo` are both meant), `scope`, and
 * with role-based access control `permissions`. The client is `azp` in Auth0's own token profile, `client_id` in the
 * RFC 9068 profile. Asked for without an `audience`, Auth0 issues an opaque token, which no key can verify.
 */
import { checkDomain, type Preset } from './preset.ts';

export const auth0: Preset = {
	keys: ['domain'],
	expand({ domain }) {
		const problems = checkDomain('auth0', domain, 'example.eu.auth0.com');
		if (domain === undefined || problems.length > 0) return problems;
		const issuer = `https://${domain.toLowerCase()}/`;
		return {
			issuers: [issuer],
			jwksUri: `${issuer}.well-known/jwks.json`,
			algorithms: ['RS256'],
			scopeClaims: ['scope'],
			extraScopeClaims: ['permissions'],
			clientClaims: ['azp', 'client_id'],
			audienceClaims: ['aud'],
			claims: [],
		};
	},
};

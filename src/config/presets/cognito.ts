/**
 * Amazon Cognito user pools. Access tokens have no `aud` (unless they were requested for a resource: then set
 * `audience`), so the client in `client_id` takes its place. ID tokens are signed with the same keys and carry no `typ`
 * either; only `token_use` tells the two apart, so it must be `access`.
 */
import type { Preset, PresetProblem } from './preset.ts';

const poolId = /^([a-z]{2}(?:-[a-z]+)+-\d+)_[A-Za-z0-9]+$/;

export const cognito: Preset = {
	keys: ['region', 'user_pool'],
	expand({ region, user_pool: pool, audience }) {
		const problems: PresetProblem[] = [];
		const own = pool === undefined ? undefined : poolId.exec(pool)?.[1];
		if (pool === undefined) {
			problems.push({
				key: 'user_pool',
				message: 'preset cognito needs user_pool',
				fix: 'For example: user_pool: eu-central-1_AbCdEfGhI',
			});
		} else if (own === undefined) {
			problems.push({
				key: 'user_pool',
				message: 'expected the id of a user pool',
				fix: 'For example: user_pool: eu-central-1_AbCdEfGhI',
			});
		} else if (region !== undefined && region !== own) {
			problems.push({ key: 'region', message: `the user pool is in ${own}` });
		}
		if (problems.length > 0 || own === undefined || pool === undefined) return problems;
		const domain = own.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
		const issuer = `https://cognito-idp.${own}.${domain}/${pool}`;
		return {
			issuers: [issuer],
			jwksUri: `${issuer}/.well-known/jwks.json`,
			algorithms: ['RS256'],
			scopeClaims: ['scope'],
			extraScopeClaims: [],
			clientClaims: ['client_id'],
			audienceClaims: audience === undefined ? [] : ['aud'],
			claims: [{ claim: 'token_use', test: { kind: 'equals', value: 'access' } }],
		};
	},
};

/**
 * Okta. Only tokens of a custom authorization server can be verified by keys: those of the org server are meant for Okta
 * itself, and its documentation says to treat them as opaque. Scopes are a list in `scp`, the client is `cid`.
 */
import { checkDomain, type Preset, type PresetProblem } from './preset.ts';

export const okta: Preset = {
	keys: ['domain', 'server'],
	expand({ domain, server }) {
		const problems: PresetProblem[] = checkDomain('okta', domain, 'example.okta.com');
		if (domain !== undefined && /-admin\.okta(?:preview|-emea)?\.com$/i.test(domain)) {
			problems.push({
				key: 'domain',
				message: 'this is the address of the admin console, not the issuer',
				fix: 'Leave "-admin" out.',
			});
		}
		if (server === undefined) {
			problems.push({
				key: 'server',
				message: 'access tokens of Okta’s org server cannot be verified here: they are meant for Okta alone',
				fix: 'Name a custom authorization server, such as server: default, and request tokens from it.',
			});
		} else if (!/^[A-Za-z0-9_-]+$/.test(server)) {
			problems.push({ key: 'server', message: 'expected the id of an authorization server, such as default' });
		}
		if (domain === undefined || server === undefined || problems.length > 0) return problems;
		const issuer = `https://${domain.toLowerCase()}/oauth2/${server}`;
		return {
			issuers: [issuer],
			jwksUri: `${issuer}/v1/keys`,
			algorithms: ['RS256'],
			scopeClaims: ['scp'],
			extraScopeClaims: [],
			clientClaims: ['cid'],
			audienceClaims: ['aud'],
			claims: [],
		};
	},
};

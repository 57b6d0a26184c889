/**
 * Keycloak. The header says `typ: JWT`, the payload `typ: Bearer`; the client is `azp`. `aud` is `account` until an
 * audience mapper adds the API. Roles are claims, not scopes: reach them with the JSON Pointers `/realm_access/roles` and
 * `/resource_access/{client}/roles`.
 */
import { defaults } from '../defaults.ts';
import type { Preset, PresetProblem } from './preset.ts';

export const keycloak: Preset = {
	keys: ['base_url', 'realm'],
	expand({ base_url: base, realm }) {
		const problems: PresetProblem[] = [];
		if (base === undefined) {
			problems.push({
				key: 'base_url',
				message: 'preset keycloak needs base_url',
				fix: 'For example: base_url: https://sso.example.com',
			});
		}
		if (realm === undefined) problems.push({ key: 'realm', message: 'preset keycloak needs realm' });
		else if (!/^[A-Za-z0-9._~%-]+$/.test(realm)) {
			problems.push({
				key: 'realm',
				message: 'expected the realm as it stands in its address, percent-encoded where needed',
			});
		}
		if (base === undefined || realm === undefined || problems.length > 0) return problems;
		const issuer = `${base.replace(/\/$/, '')}/realms/${realm}`;
		return {
			issuers: [issuer],
			jwksUri: `${issuer}/protocol/openid-connect/certs`,
			algorithms: defaults.algorithms,
			scopeClaims: ['scope'],
			extraScopeClaims: [],
			clientClaims: ['azp', 'client_id'],
			audienceClaims: ['aud'],
			claims: [],
		};
	},
};

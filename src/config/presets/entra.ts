/**
 * Microsoft Entra ID. The API's registration (`requestedAccessTokenVersion`), not the endpoint that the client called,
 * decides which of two forms its tokens have:
 *   v1: `iss` https://sts.windows.net/{tenant}/, client in `appid`, `aud` the App ID URI (`api://…`) or the client id.
 *   v2: `iss` https://login.microsoftonline.com/{tenant}/v2.0, client in `azp`, `aud` always the client id (a bare GUID).
 * Both are accepted; `audience` must be written in the form that the tokens have. Users' permissions are in `scp`, those
 * of applications and app roles in `roles`; both count as scopes. One key set serves all tenants, so each key says in
 * `issuer` which tenant it may sign for, with `{tenantid}` for any.
 */
import type { Preset, PresetProblem, PresetSettings } from './preset.ts';

const authority = 'https://login.microsoftonline.com';
const tenantId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const entra: Preset = {
	keys: ['tenants', 'insecure_any_tenant'],
	expand({ tenants, insecure_any_tenant: anyTenant }) {
		if (anyTenant === true) {
			if (tenants !== undefined)
				return [{ key: 'insecure_any_tenant', message: 'tenants and insecure_any_tenant exclude each other' }];
			return { ...settings([], 'common'), issuerTemplate: `${authority}/{tenantid}/v2.0` };
		}
		if (tenants === undefined) {
			return [
				{
					key: 'tenants',
					message: 'preset entra needs tenants',
					fix: 'List the tenant ids (GUIDs) whose tokens are accepted.',
				},
			];
		}
		const problems = tenants.filter((tenant) => !tenantId.test(tenant)).map(explainTenant);
		return problems.length > 0
			? problems
			: settings(
					tenants.map((tenant) => tenant.toLowerCase()),
					tenants.length === 1 ? tenants[0] : 'common',
				);
	},
};

function settings(tenants: readonly string[], keysOf = 'common'): PresetSettings {
	return {
		issuers: tenants.flatMap((tenant) => [`https://sts.windows.net/${tenant}/`, `${authority}/${tenant}/v2.0`]),
		jwksUri: `${authority}/${keysOf.toLowerCase()}/discovery/v2.0/keys`,
		algorithms: ['RS256'],
		scopeClaims: ['scp'],
		extraScopeClaims: ['roles'],
		clientClaims: ['azp', 'appid'],
		audienceClaims: ['aud'],
		claims: [],
	};
}

function explainTenant(tenant: string): PresetProblem {
	if (/^(common|organizations|consumers)$/i.test(tenant)) {
		return {
			key: 'tenants',
			message: `${tenant} is not a tenant, but every tenant`,
			fix: 'List the tenant ids, or say insecure_any_tenant: true.',
		};
	}
	return {
		key: 'tenants',
		message: 'a tenant is given by its id, a GUID',
		fix: 'Tokens name the tenant by its id, never by a domain; the id is on the overview page of the tenant.',
	};
}

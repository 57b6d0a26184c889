/**
 * Did the issuer that the token names really sign it? The look-up by `iss` chose the provider; a key that says for which
 * issuer it may sign (the `issuer` member of Entra's keys) must agree, or one tenant could sign for another.
 */
import { type Check, type Evidence, member, type Principal } from '#core/index';
import { principalCheck } from './principal-check.ts';

const tenantPattern = '{tenantid}';

export function createIssuerCheck(issuers: readonly string[], issuerTemplate: string | undefined): Check {
	const exact = new Set(issuers);
	const accepts = (principal: Principal) =>
		exact.has(principal.issuer) ||
		(issuerTemplate !== undefined &&
			principal.issuer === issuerTemplate.replaceAll(tenantPattern, tenantOf(principal) ?? '\0'));

	return principalCheck({
		name: 'issuer',
		judge: (principal, evidence) =>
			accepts(principal) && keyMaySign(principal, evidence.voucher?.issuer) ? null : 'issuer_unknown',
		expected: (evidence) =>
			`iss: ${[...issuers, ...(issuerTemplate === undefined ? [] : [issuerTemplate])].join(' or ')}${boundTo(evidence)}`,
		found: (principal) => `iss: ${principal.issuer}${mark(tenantOf(principal))}`,
	});
}

/**
 * Entra writes `https://login.microsoftonline.com/{tenantid}/v2.0` on keys that sign for every tenant, and a tenant's own
 * id on keys that sign for that tenant alone; v1 tokens have an issuer on another host, so the tenant is what is compared.
 */
export function keyMaySign(principal: Principal, keyIssuer: string | undefined): boolean {
	if (keyIssuer === undefined) return true;
	if (keyIssuer === principal.issuer) return true;
	const tenant = tenantOf(principal);
	if (tenant === undefined || !principal.issuer.split('/').includes(tenant)) return false;
	return keyIssuer.split('/').some((segment) => segment === tenantPattern || segment === tenant);
}

function tenantOf(principal: Principal): string | undefined {
	const tenant = member(principal.claims, 'tid');
	return typeof tenant === 'string' && tenant !== '' ? tenant : undefined;
}

function boundTo(evidence: Evidence): string {
	return evidence.voucher?.issuer === undefined ? '' : `, signed by a key for ${evidence.voucher.issuer}`;
}

function mark(tenant: string | undefined): string {
	return tenant === undefined ? '' : `, tid: ${tenant}`;
}

/** Which issuers a token may name, by the key that verified it: those of the policy, and those of the key's metadata. */
import { member, type Principal, type Voucher } from '#core/index';
import { keyMaySign } from '#pipeline/authorize/issuer';

/** Keys that one metadata document leads to, or that stand in the policy. */
export interface KeyOrigin {
	/** Issuer of the metadata, or template with `{tenantid}`; undefined: not known yet, or keys of the policy. */
	issuer(): string | undefined;
	readonly isDiscovered: boolean;
	/** Entra: its v1 tokens name `https://sts.windows.net/TENANT/`, whatever the metadata says. */
	readonly takesVersionOne: boolean;
}

const tenantPattern = '{tenantid}';

/**
 * `not_checked`: there is nothing to check it against. A key of one provider's metadata vouches for that provider's issuer
 * alone, and for issuers that the policy lists; a key that stands in the policy for all of them. `unknown`: the metadata
 * has not been read yet.
 */
export function judgeIssuer(
	principal: Principal,
	voucher: Voucher,
	origin: KeyOrigin | undefined,
	around: { readonly listed: ReadonlySet<string>; readonly origins: readonly KeyOrigin[] },
): 'accepted' | 'refused' | 'unknown' | 'not_checked' {
	if (!keyMaySign(principal, voucher.issuer)) return 'refused';
	const discovered = around.origins.filter(({ isDiscovered }) => isDiscovered);
	if (around.listed.size === 0 && discovered.length === 0) return 'not_checked';
	if (around.listed.has(principal.issuer)) return 'accepted';
	const asked = origin?.isDiscovered === true ? [origin] : discovered;
	if (asked.some((each) => issuersOf(each, principal).includes(principal.issuer))) return 'accepted';
	return asked.some((each) => each.issuer() === undefined) ? 'unknown' : 'refused';
}

function issuersOf(origin: KeyOrigin, principal: Principal): readonly string[] {
	const named = origin.issuer();
	if (named === undefined) return [];
	const issuer = named.includes(tenantPattern) ? forTenant(named, principal) : named;
	if (issuer === undefined) return [];
	const tenant = origin.takesVersionOne
		? /^https:\/\/[a-z0-9.-]+\/([0-9a-f-]{36})\/v2\.0$/i.exec(issuer)?.[1]
		: undefined;
	return tenant === undefined ? [issuer] : [issuer, `https://sts.windows.net/${tenant}/`];
}

function forTenant(template: string, { claims }: Principal): string | undefined {
	const tenant = member(claims, 'tid');
	if (typeof tenant !== 'string' || !/^[A-Za-z0-9.-]{1,64}$/.test(tenant)) return undefined;
	return template.replaceAll(tenantPattern, tenant);
}

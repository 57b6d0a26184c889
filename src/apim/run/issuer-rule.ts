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

/** Some origin's word for a key. Without a `voucher` nobody knows at the moment whether that origin has the key. */
interface Vouching {
	readonly origin: KeyOrigin;
	readonly voucher: Pick<Voucher, 'issuer'> | undefined;
}

/**
 * `not_checked`: there is nothing to check it against. A key of one provider's metadata vouches for that provider's issuer
 * alone, and for issuers that the policy lists; a key that several have, for each of them; a key that stands in the policy
 * for all. `unknown`: metadata or keys that may vouch for it have not been read yet.
 */
export function judgeIssuer(
	principal: Principal,
	vouching: Iterable<Vouching>,
	around: { readonly listed: ReadonlySet<string>; readonly origins: readonly KeyOrigin[] },
): 'accepted' | 'refused' | 'unknown' | 'not_checked' {
	const discovered = around.origins.filter(({ isDiscovered }) => isDiscovered);
	let isUnknown = false;
	for (const { origin, voucher } of vouching) {
		if (voucher !== undefined && !keyMaySign(principal, voucher.issuer)) continue;
		if (voucher !== undefined && around.listed.size === 0 && discovered.length === 0) return 'not_checked';
		if (voucher !== undefined && around.listed.has(principal.issuer)) return 'accepted';
		const asked = origin.isDiscovered ? [origin] : discovered;
		const mayBe = asked.some((each) => issuersOf(each, principal).includes(principal.issuer));
		if (mayBe && voucher !== undefined) return 'accepted';
		isUnknown ||= mayBe || asked.some((each) => each.issuer() === undefined);
	}
	return isUnknown ? 'unknown' : 'refused';
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

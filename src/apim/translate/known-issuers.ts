/**
 * The issuer that a metadata document names, as far as its address tells: where a provider documents it. Nobody is asked.
 * The gateway compares it with the document before any key of it counts, so what is wrong here lets no token pass.
 */

/** `template`: with `{tenantid}` for the token’s `tid`, and where the keys of all tenants are. */
export type KnownIssuer =
	| { readonly kind: 'exact'; readonly issuer: string }
	| { readonly kind: 'any_tenant'; readonly jwksUri: string };

const guid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const suffix = String.raw`\/\.well-known\/openid-configuration`;

/** A tenant of Microsoft Entra ID by its id, as tokens name it. */
export function isTenantId(text: string): boolean {
	return new RegExp(`^${guid}$`).test(text);
}

const entraVersionTwo = new RegExp(`^(https://login\\.microsoftonline\\.(?:com|us)/(${guid})/v2\\.0)${suffix}$`);
const entraVersionOne = new RegExp(`^https://login\\.microsoftonline\\.com/(${guid})${suffix}$`);
const entraAnyTenant = new RegExp(`^https://login\\.microsoftonline\\.com/(common|organizations)/v2\\.0${suffix}$`);
/** Issuers that are the address without its suffix: custom servers of Okta, pools of Cognito, Google. */
const addressed = new RegExp(
	`^(https://(?:[a-z0-9-]+\\.okta(?:preview|-emea)?\\.com/oauth2/[A-Za-z0-9_-]+|cognito-idp\\.[a-z0-9-]+\\.amazonaws\\.com/[A-Za-z0-9_-]+|accounts\\.google\\.com))${suffix}$`,
);
/** Auth0 ends its issuers with a slash. */
const slashed = new RegExp(`^(https://[a-z0-9-]+(?:\\.[a-z0-9-]+)?\\.auth0\\.com/)${suffix.slice(2)}$`);

export function knownIssuer(url: string): KnownIssuer | undefined {
	const tenant = entraVersionOne.exec(url)?.[1];
	if (tenant !== undefined) return { kind: 'exact', issuer: versionOneIssuer(tenant) };
	const tenants = entraAnyTenant.exec(url)?.[1];
	if (tenants !== undefined) {
		return { kind: 'any_tenant', jwksUri: `https://login.microsoftonline.com/${tenants}/discovery/v2.0/keys` };
	}
	const issuer = [entraVersionTwo, addressed, slashed].map((pattern) => pattern.exec(url)?.[1]).find(Boolean);
	return issuer === undefined ? undefined : { kind: 'exact', issuer };
}

/**
 * Whether the JWTs that a policy of this issuer takes can only be ID tokens, which native rules refuse: those of Google, whose
 * access tokens are no JWTs, and of Cognito where an audience is asked for, which its access tokens do not have.
 */
export function issuesIdTokens(issuer: string, rules: { readonly hasAudience: boolean }): boolean {
	if (/^(?:https:\/\/)?accounts\.google\.com$/.test(issuer)) return true;
	return rules.hasAudience && /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com\//.test(issuer);
}

/** The issuer of the tokens of version 1 of a tenant. */
export function versionOneIssuer(tenant: string): string {
	return `https://sts.windows.net/${tenant}/`;
}

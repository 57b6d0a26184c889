/** The issuers of metadata documents that a statement names, from what is known of their addresses or was looked up. */
import type { ProviderFile } from '#config/schema';
import type { Statement } from '../statements/statement.ts';
import { isTenantId, knownIssuer, versionOneIssuer } from './known-issuers.ts';
import type { Notes } from './notes.ts';
import { hasReference, type References } from './references.ts';

type Validation = Statement & { readonly kind: 'validate-jwt' | 'validate-azure-ad-token' };

/** Texts as they are written. */
export type Discovered =
	| { readonly kind: 'exact'; readonly issuer: string; readonly url: string }
	| { readonly kind: 'any_tenant'; readonly jwksUri: string };

export interface IssuerSurroundings {
	/** By metadata URL. */
	readonly issuers: ReadonlyMap<string, string>;
	readonly references: References;
	readonly notes: Notes;
}

const unknown = 'which issuer this metadata names is not known: look, and say it with --openid';
const suffix = '/.well-known/openid-configuration';

/** One for each address; undefined after saying which are not known. */
export function discoveredIssuers(spec: Validation, around: IssuerSurroundings): readonly Discovered[] | undefined {
	const { references, notes } = around;
	const { file } = spec.place;
	const found = new Map<string, Discovered>();
	let isWhole = true;
	for (const value of spec.configurations) {
		const spot = { file, position: value.position };
		if (value.kind === 'expression') {
			notes.keep(spot, 'the address of the metadata depends on the request');
			isWhole = false;
			continue;
		}
		const url = references.written({ ...value, file });
		const discovered = url === undefined ? undefined : discoveredAt(value.text, url, around);
		if (discovered === undefined) {
			notes.keep(spot, unknown);
			isWhole = false;
		} else found.set(value.text, discovered);
	}
	return isWhole ? [...found.values()] : undefined;
}

/** `url`: as it is written, with references where named values stand. */
function discoveredAt(text: string, url: string, { issuers }: IssuerSurroundings): Discovered | undefined {
	const looked = issuers.get(text);
	// A template is of every tenant, and must be one that is known.
	if (looked !== undefined && !/[{}]/.test(looked)) return { kind: 'exact', issuer: looked, url };
	const known = knownIssuer(text);
	if (known === undefined) return undefined;
	if (known.kind === 'any_tenant') return hasReference(url) ? undefined : known;
	if (!hasReference(url)) return { kind: 'exact', issuer: known.issuer, url };
	// What the address tells is told with the references in it.
	const length = text.length - known.issuer.length;
	if (text.startsWith(known.issuer) && length > 0 && url.endsWith(text.slice(-length))) {
		return { kind: 'exact', issuer: url.slice(0, -length), url };
	}
	const tenant = /^https:\/\/login\.microsoftonline\.com\/([^/]+)\/\.well-known\/openid-configuration$/.exec(url)?.[1];
	if (tenant === undefined || !url.endsWith(suffix)) return undefined;
	return { kind: 'exact', issuer: versionOneIssuer(tenant), url };
}

/** `validate-azure-ad-token`: tokens of both versions of one tenant. Undefined after saying why not. */
export function entraTenant(
	spec: Validation,
	{ issuers, references, notes }: IssuerSurroundings,
): ProviderFile | undefined {
	const { tenant, place } = spec;
	if (tenant === undefined) return undefined;
	const spot = { file: place.file, position: tenant.position };
	if (tenant.kind === 'expression') return notes.keep(spot, 'the tenant depends on the request');
	const written = references.written({ ...tenant, file: place.file });
	if (written === undefined) return notes.keep(spot, 'the tenant cannot be read without its named value');
	if (isTenantId(tenant.text.toLowerCase())) return { preset: 'entra', tenants: [written] };
	if (/^(common|organizations|consumers)$/.test(tenant.text)) {
		return notes.keep(spot, 'tokens of both versions and of every tenant: natively those of version 2 alone');
	}
	const url = `https://login.microsoftonline.com/${tenant.text}/v2.0${suffix}`;
	const issuer = issuers.get(url);
	const id = /^https:\/\/[a-z0-9.-]+\/([0-9a-f-]{36})\/v2\.0$/.exec(issuer ?? '')?.[1];
	if (issuer === undefined || id === undefined || hasReference(written)) {
		return notes.keep(spot, 'the tenant is not given by its id: natively tokens name it by that');
	}
	return { issuer: [issuer, versionOneIssuer(id)], discovery_uri: url };
}

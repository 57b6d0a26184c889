/**
 * What a preset is: a few facts about one tenant of an identity provider, expanded to what that provider really issues.
 * It only fills in; every ordinary key that stands beside it in the file wins.
 */
import type { Algorithm } from '#core/index';
import type { ClaimRule } from '../definition.ts';
import type { ProviderFile } from '../schema.ts';

export interface PresetSettings {
	/** Exact `iss` values. */
	readonly issuers: readonly string[];
	/** With `{tenantid}` for the token's `tid`. */
	readonly issuerTemplate?: string;
	/** Where its keys are: known, so nothing has to be discovered. */
	readonly jwksUri: string;
	readonly algorithms: readonly Algorithm[];
	readonly scopeClaims: readonly string[];
	readonly extraScopeClaims: readonly string[];
	readonly clientClaims: readonly string[];
	/** Empty where access tokens have no audience, and `clients` takes its place. */
	readonly audienceClaims: readonly string[];
	readonly claims: readonly ClaimRule[];
}

export interface PresetProblem {
	/** Key of the provider that is wrong or missing. */
	readonly key: string;
	readonly message: string;
	readonly fix?: string;
}

export interface Preset {
	/** Keys that only this preset has. */
	readonly keys: readonly (keyof ProviderFile)[];
	/** Settings, or everything that is wrong with its keys. */
	expand(file: ProviderFile): PresetSettings | readonly PresetProblem[];
}

export function isProblems(result: PresetSettings | readonly PresetProblem[]): result is readonly PresetProblem[] {
	return Array.isArray(result);
}

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?::\d{1,5})?$/i;

/** A bare host name, as the domain of a tenant is written. */
export function checkDomain(preset: string, domain: string | undefined, example: string): PresetProblem[] {
	if (domain === undefined)
		return [{ key: 'domain', message: `preset ${preset} needs domain`, fix: `For example: domain: ${example}` }];
	if (hostName.test(domain)) return [];
	return [
		{
			key: 'domain',
			message: 'expected a host name, without https:// and without a path',
			fix: `For example: domain: ${example}`,
		},
	];
}

/** From what somebody asked to be revoked to a denial: whose tokens are meant, and until when. */
import type { Definition, ProviderDefinition } from '#config/definition';
import type { RevocationRequest } from '#revocation/read-request';
import type { Denial } from '#revocation/revocation';
import { lifetimeBound } from './lifetime-bound.ts';

/** The denial, or why it cannot be made of the request. `now` in seconds. */
export function resolveDenial(request: RevocationRequest, definition: Definition, now: number): Denial | string {
	const { kind, value, issuedBefore } = request;
	const whose = kind === 'digest' && namesNobody(request) ? undefined : resolveIssuer(request, definition);
	if (typeof whose === 'string') return whose;
	const bound = boundOf(whose, definition);
	const until = request.until ?? (bound === undefined ? undefined : (issuedBefore ?? now) + bound);
	if (until === undefined) return 'until: no max_lifetime bounds the tokens concerned, so say until when';
	if (until <= now) return 'issued_before: what was issued before has expired everywhere';
	// A digest is of one token in the world; whose it is adds nothing.
	return { kind, issuer: kind === 'digest' ? '' : (whose?.issuer ?? ''), value, issuedBefore, until: Math.ceil(until) };
}

function boundOf(whose: Whose | undefined, definition: Definition): number | undefined {
	if (whose === undefined) return widestBound(definition);
	return whose.provider === undefined ? undefined : lifetimeBound(definition, whose.provider);
}

function namesNobody({ issuer, provider }: RevocationRequest): boolean {
	return issuer === undefined && provider === undefined;
}

interface Whose {
	/** Undefined: that of a policy, perhaps; nothing bounds how long its tokens live. */
	readonly provider: string | undefined;
	readonly issuer: string;
}

function resolveIssuer(request: RevocationRequest, { providers, routes }: Definition): Whose | string {
	const { issuer } = request;
	if (issuer !== undefined) {
		const owner = providers.find((provider) => issues(provider, issuer));
		if (owner !== undefined) return { provider: owner.name, issuer };
		// Which issuers a policy takes is known with each request alone.
		const policies = routes.some(({ apimPolicy }) => apimPolicy !== undefined);
		return policies ? { provider: undefined, issuer } : 'issuer: no provider has this issuer';
	}
	const [first, second] = providers;
	const named = providers.find(({ name }) => name === request.provider);
	if (request.provider === undefined && (first === undefined || second !== undefined)) {
		return 'say whose tokens are meant: issuer or provider';
	}
	const provider = request.provider === undefined ? first : named;
	if (provider === undefined) return 'provider: there is no provider of this name';
	// Shared keys have no issuer but their provider.
	if (provider.sharedAccess !== undefined) return { provider: provider.name, issuer: provider.name };
	const [own, another] = provider.issuers;
	if (own === undefined || another !== undefined || provider.issuerTemplate !== undefined) {
		return 'provider: it has several issuers, so name the issuer';
	}
	return { provider: provider.name, issuer: own };
}

function issues({ name, issuers, issuerTemplate, sharedAccess }: ProviderDefinition, issuer: string): boolean {
	if (sharedAccess !== undefined) return issuer === name;
	if (issuers.includes(issuer)) return true;
	const [before, after] = issuerTemplate?.split('{tenantid}') ?? [];
	return before !== undefined && after !== undefined && issuer.startsWith(before) && issuer.endsWith(after);
}

/** Of all providers; undefined as soon as one has none. */
function widestBound(definition: Definition): number | undefined {
	let widest: number | undefined;
	for (const { name } of definition.providers) {
		const bound = lifetimeBound(definition, name);
		if (bound === undefined) return undefined;
		widest = Math.max(widest ?? 0, bound);
	}
	return widest;
}

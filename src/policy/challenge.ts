/** How a route challenges (RFC 6750 §3, RFC 9449 §7.1): under which schemes, and what it says besides the error. */
import type { DpopDefinition, ProviderDefinition, ProviderRules } from '#config/definition';
import { type Challenge, type Evidence, isJsonObject } from '#core/index';
import { sharedAccessTraits } from '#formats/shared-access/format';
import { compileTemplate } from '#formats/template';

/** What all challenges of a configuration have in common. */
export interface ChallengeSettings {
	readonly realm: string | undefined;
	readonly dpop: Pick<DpopDefinition, 'isOffered' | 'algorithms'>;
}

/** Authentication schemes, as a challenge writes them, that a provider's credentials come under on a route. */
export function schemesOf(
	{ sharedAccess }: ProviderDefinition,
	binding: ProviderRules['binding'],
	{ isOffered }: ChallengeSettings['dpop'],
): readonly string[] {
	if (sharedAccess !== undefined) return [sharedAccessTraits[sharedAccess.format].scheme];
	switch (binding) {
		case 'mtls':
			return ['Bearer'];
		case 'dpop':
			return ['DPoP'];
		case 'required':
			return ['Bearer', 'DPoP'];
		case 'if_bound':
			return isOffered ? ['Bearer', 'DPoP'] : ['Bearer'];
	}
}

/** For refusals that come before a provider is known. */
export function plainChallenge(schemes: readonly string[], { realm, dpop }: ChallengeSettings): Challenge {
	return {
		schemes,
		realm,
		scope: undefined,
		acrValues: undefined,
		maxAge: undefined,
		proofAlgorithms: dpop.algorithms.join(' '),
	};
}

/** The challenge of one provider's rules on one route, to be filled with the values of its parameters. */
export function compileChallenge(
	rule: ProviderRules,
	schemes: readonly string[],
	parameters: readonly string[],
	settings: ChallengeSettings,
): (values: readonly string[]) => Challenge {
	// RFC 6750 §3: the scope attribute lists what is required; of an any-of list each one would do, so all are named.
	const scopes = [...rule.scopes.allOf, ...rule.scopes.anyOf].map((text) => compileTemplate(text, parameters));
	const { acrValues, maxAge } = rule.authentication;
	const plain = plainChallenge(schemes, settings);
	const fillAll = (values: readonly string[]): Challenge => ({
		...plain,
		scope: scopes.length === 0 ? undefined : scopes.map((fill) => fill(values)).join(' '),
		acrValues: acrValues.length === 0 ? undefined : acrValues.join(' '),
		maxAge,
	});
	if (parameters.length > 0) return fillAll;
	const always = fillAll([]);
	return () => always;
}

/**
 * The same for the one who asks: who came with DPoP, or with a genuine token that is bound to a DPoP key, is told of DPoP
 * first.
 */
export function forSender(challenge: Challenge, { credential, principal }: Evidence): Challenge {
	const confirmation = principal?.confirmation;
	const isBound = isJsonObject(confirmation) && Object.hasOwn(confirmation, 'jkt');
	if (credential?.scheme !== 'dpop' && !isBound) return challenge;
	return { ...challenge, schemes: ['DPoP', ...challenge.schemes.filter((scheme) => scheme !== 'DPoP')] };
}

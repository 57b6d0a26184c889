/** The authenticators of a route, by kind of credential: each one gets the providers that issue that kind. */
import type { ProviderDefinition } from '#config/definition';
import type { Check, CredentialKind, CredentialLocation, DecryptionKey } from '#core/index';
import type { KeyPairs } from '#keys/pairs/key-pairs';
import type { KeySource } from '#keys/verification/key-source';
import { createOpaqueAuthenticator, createStillActiveCheck } from '#pipeline/authenticate/introspection/checks';
import type { Introspector } from '#pipeline/authenticate/introspection/introspector';
import { createJwtAuthenticator } from '#pipeline/authenticate/jwt';
import { createSharedAccessAuthenticator } from '#pipeline/authenticate/shared-access';
import { wellFormed } from '#pipeline/authenticate/well-formed';

/** A provider on a route. */
export interface ProviderUse {
	readonly provider: ProviderDefinition;
	/** Places from which its tokens are taken; the same objects as the extractor's. */
	readonly tokenFrom: readonly CredentialLocation[];
}

export interface AuthenticatorParts {
	/** By provider name. */
	readonly keys: ReadonlyMap<string, KeySource>;
	/** By provider name: of those that take shared access signatures. */
	readonly pairs: ReadonlyMap<string, KeyPairs>;
	/** By provider name: of those that are asked about their tokens. */
	readonly introspectors: ReadonlyMap<string, Introspector>;
	/** By provider name: of those whose tokens may be encrypted. */
	readonly decryption: ReadonlyMap<string, readonly DecryptionKey[]>;
}

/** Throws an Error when a provider has not got what its kind of token needs. */
export function compileAuthenticators(
	uses: readonly ProviderUse[],
	{ keys, pairs, introspectors, decryption }: AuthenticatorParts,
): ReadonlyMap<CredentialKind, readonly Check[]> {
	const authenticators = new Map<CredentialKind, readonly Check[]>();
	const jwt = uses.filter(({ provider }) => provider.tokens.includes('jwt'));
	if (jwt.length > 0) {
		const providers = jwt.map(({ provider, tokenFrom }) => ({
			...provider,
			algorithms: new Set(provider.algorithms),
			keys: needed(keys, provider.name),
			decryption: decryption.get(provider.name) ?? [],
			tokenFrom,
		}));
		const asked = new Map(
			jwt.flatMap(({ provider: { name, introspection } }) =>
				introspection?.jwts === true ? [[name, needed(introspectors, name)] as const] : [],
			),
		);
		const verified = createJwtAuthenticator(providers);
		authenticators.set('jwt', asked.size === 0 ? verified : [...verified, createStillActiveCheck(asked)]);
	}
	const [opaque, second] = uses.filter(({ provider }) => provider.tokens.includes('opaque'));
	if (second !== undefined) throw new Error('a route takes the opaque tokens of one provider only');
	if (opaque !== undefined) {
		const { name } = opaque.provider;
		const introspector = needed(introspectors, name);
		authenticators.set('opaque', createOpaqueAuthenticator({ name, introspector, tokenFrom: opaque.tokenFrom }));
	}
	const shared = uses.flatMap(({ provider, tokenFrom }) => {
		const { name, sharedAccess } = provider;
		if (sharedAccess === undefined) return [];
		const { format, unnamedKey } = sharedAccess;
		return [{ name, format, unnamedKey, pairs: needed(pairs, name), tokenFrom }];
	});
	if (shared.length > 0) authenticators.set('shared_access', createSharedAccessAuthenticator(shared));
	// A signature has a form of its own, which its authenticator reads.
	for (const kind of ['jwt', 'opaque'] as const) {
		const checks = authenticators.get(kind);
		if (checks !== undefined) authenticators.set(kind, [wellFormed, ...checks]);
	}
	return authenticators;
}

function needed<T>(sources: ReadonlyMap<string, T>, provider: string): T {
	const source = sources.get(provider);
	if (source === undefined) throw new Error(`the provider ${provider} has not got what its tokens need`);
	return source;
}

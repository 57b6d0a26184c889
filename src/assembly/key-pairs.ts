/** The key pairs of each provider of shared access signatures, made of what the configuration says. */
import type { ProviderDefinition, SharedAccessDefinition, SharedKeyDefinition } from '#config/definition';
import type { Cryptography } from '#core/index';
import { createFixedKeyPairs, type KeyPair, type KeyPairs } from '#keys/pairs/key-pairs';
import { createPairKey } from '#keys/pairs/pair-key';

/** By provider name. Throws an Error that names provider and key, and holds nothing of the key, for one that cannot serve. */
export function createKeyPairs(
	providers: readonly Pick<ProviderDefinition, 'name' | 'sharedAccess'>[],
	cryptography: Cryptography,
): ReadonlyMap<string, KeyPairs> {
	const all = new Map<string, KeyPairs>();
	for (const { name, sharedAccess } of providers) {
		if (sharedAccess === undefined) continue;
		const pairs = sharedAccess.keys.map((key) => configuredPair(sharedAccess, key, cryptography));
		all.set(name, createFixedKeyPairs(pairs));
	}
	return all;
}

function configuredPair(
	{ format }: SharedAccessDefinition,
	{ name, primary, secondary, disabled, scopes, claims }: SharedKeyDefinition,
	cryptography: Cryptography,
): KeyPair {
	const key = (text: string) => createPairKey({ format, name, text }, cryptography);
	return {
		name,
		primary: key(primary),
		secondary: secondary === undefined ? undefined : key(secondary),
		disabled,
		scopes,
		claims,
	};
}

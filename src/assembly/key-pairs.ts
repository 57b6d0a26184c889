/** The key pairs of each provider of shared access signatures: what the configuration says, then what the store has. */
import type { ProviderDefinition, SharedAccessDefinition, SharedKeyDefinition } from '#config/definition';
import type { Cryptography } from '#core/index';
import { createFixedKeyPairs, type KeyPair, type KeyPairs } from '#keys/pairs/key-pairs';
import { createPairKey } from '#keys/pairs/pair-key';
import type { StoredPairs } from '#keys/pairs/stored-pairs';

/** By provider name. Throws an Error that names provider and key, and holds nothing of the key, for one that cannot serve. */
export function createKeyPairs(
	providers: readonly Pick<ProviderDefinition, 'name' | 'sharedAccess'>[],
	cryptography: Cryptography,
	stored?: Pick<StoredPairs, 'of'>,
): ReadonlyMap<string, KeyPairs> {
	const all = new Map<string, KeyPairs>();
	for (const { name, sharedAccess } of providers) {
		if (sharedAccess === undefined) continue;
		const pairs = sharedAccess.keys.map((key) => configuredPair(sharedAccess, key, cryptography));
		const fixed = createFixedKeyPairs(pairs);
		all.set(
			name,
			sharedAccess.storedKeys && stored !== undefined ? eitherOf(fixed, stored.of(name, sharedAccess.format)) : fixed,
		);
	}
	return all;
}

/** A name that the configuration has is the configuration's. */
function eitherOf(fixed: KeyPairs, stored: KeyPairs): KeyPairs {
	return {
		find: (name) => fixed.find(name) ?? stored.find(name),
		names: () => [...new Set([...fixed.names(), ...stored.names()])],
	};
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

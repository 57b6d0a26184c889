/** The keys with which each provider's tokens are decrypted, made of what the configuration says. */
import type { DecryptionKeyDefinition, ProviderDefinition } from '#config/definition';
import type { Cryptography, DecryptionKey } from '#core/index';

type Importing = Pick<Cryptography, 'importDecryptionKey' | 'importDecryptionSecret'>;

/**
 * By provider name. The same key at two providers is one key, so that whichever of them a token is from may claim it.
 * Throws an Error that names the provider and holds nothing of the key for one that cannot be used.
 */
export function createDecryptionKeys(
	providers: readonly Pick<ProviderDefinition, 'name' | 'decryptionKeys'>[],
	cryptography: Importing,
): ReadonlyMap<string, readonly DecryptionKey[]> {
	const known = new Map<string, DecryptionKey>();
	return new Map(
		providers.map(({ name, decryptionKeys }) => [
			name,
			decryptionKeys.map((definition) => {
				const id = JSON.stringify(definition.key) + JSON.stringify([definition.kid, definition.algorithms]);
				let key = known.get(id);
				if (key === undefined) known.set(id, (key = importKey(name, definition, cryptography)));
				return key;
			}),
		]),
	);
}

function importKey(provider: string, definition: DecryptionKeyDefinition, cryptography: Importing): DecryptionKey {
	try {
		return decryptionKey(definition, cryptography);
	} catch (cause) {
		throw new Error(`provider ${provider}: a key of decryption_keys cannot be used`, { cause });
	}
}

/** Throws an Error with a readable message that never quotes the key. */
function decryptionKey({ key, kid, algorithms }: DecryptionKeyDefinition, cryptography: Importing): DecryptionKey {
	return key.from === 'file'
		? cryptography.importDecryptionKey(key.text, { kid, algorithms })
		: cryptography.importDecryptionSecret(Uint8Array.from(key.octets), { kid, algorithms });
}

/** What is wrong with a key of the configuration, without anything of the key; empty: nothing. */
export function decryptionKeyProblems(definition: DecryptionKeyDefinition, cryptography: Importing): readonly string[] {
	try {
		decryptionKey(definition, cryptography);
		return [];
	} catch (cause) {
		return [cause instanceof Error ? cause.message : 'the key cannot be used'];
	}
}

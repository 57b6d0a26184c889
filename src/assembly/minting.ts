/** What signs tokens of the gateway's own, and what tells backends of its keys, made of what the configuration says. */
import { createPublishedKeys, type PublishedKeys } from '#answers/published-keys';
import type { MintDefinition, MintingDefinition, MintingKeyDefinition } from '#config/definition';
import type { BackendToken, Cryptography } from '#core/index';
import { createKeyMaker, type KeyMaker } from '#keys/signing/key-maker';
import { importMintingKey, type MintingKey } from '#keys/signing/minting-key';
import { createGivenKeys, type MintingKeys } from '#keys/signing/minting-keys';
import { createMintedToken, createMintedTokens } from '#pipeline/transform/mint/minter';
import { credentialField } from '#pipeline/transform/own-token/backend-token';
import type { Runtime } from './assemble.ts';
import type { State } from './state.ts';

export interface MintingSource {
	readonly kind: 'minting';
	readonly definition: MintingDefinition;
	readonly keys: MintingKeys;
	/** Undefined: the configuration gave the keys. */
	readonly maker: KeyMaker | undefined;
	readonly documents: PublishedKeys;
	/** Tokens that were signed so far. */
	signatures(): number;
	/** For one route. `parameterNames`: in the order of `evidence.parameters`. */
	tokenOf(definition: MintDefinition, parameterNames: readonly string[]): BackendToken;
	/** Resolves once there are keys, or could not be got at the first attempt. Never rejects. */
	start(): Promise<void>;
	stop(): void;
}

type Importing = Pick<Cryptography, 'importPrivateKey' | 'digest'>;

/** Octets that minted tokens may take: some thirty thousand of usual size. */
const cacheBytes = 64 * 1024 * 1024;

/** `tokenId`: keyed digest of a token. Throws an Error when a key of the configuration cannot be used. */
export function createMinting(
	definition: MintingDefinition,
	runtime: Runtime,
	state: Pick<State, 'mintingKeys'>,
	tokenId: (token: string) => string,
): MintingSource {
	const { clock, timers, log, cryptography } = runtime;
	const { keys: origin, issuer, maxAge } = definition;
	const keys: MintingKeys =
		origin.from === 'given'
			? createGivenKeys(origin.keys.map((key) => importGiven(key, cryptography)))
			: state.mintingKeys;
	const maker =
		origin.from === 'given'
			? undefined
			: createKeyMaker({ stored: state.mintingKeys, rotation: origin, clock, timers, log });
	const { randomBytes, digest } = cryptography;
	const cache = createMintedTokens(cacheBytes);
	let signatures = 0;
	return {
		kind: 'minting',
		definition,
		keys,
		maker,
		documents: createPublishedKeys({ issuer, keys, maxAge }),
		signatures: () => signatures,
		tokenOf({ audience, lifetime, typ, claims, actor, header }, parameterNames) {
			const terms = { issuer, audience, lifetime, typ, claims, actor, parameterNames, field: credentialField(header) };
			return createMintedToken(terms, digest(JSON.stringify(terms)), {
				keys,
				cache,
				clock,
				timers,
				randomBytes,
				tokenId,
				onSigned() {
					signatures += 1;
				},
			});
		},
		start: async () => maker?.start(),
		stop: () => maker?.stop(),
	};
}

function importGiven(key: MintingKeyDefinition, cryptography: Importing): MintingKey {
	try {
		return importMintingKey(key, cryptography);
	} catch (cause) {
		throw new Error('a key of minting.keys cannot be used', { cause });
	}
}

/** The name of a key of the configuration, or what is wrong with it, without anything of the key. */
export function mintingKeyName(
	key: MintingKeyDefinition,
	cryptography: Importing,
): { readonly kid: string } | { readonly problem: string } {
	try {
		return { kid: importMintingKey(key, cryptography).kid };
	} catch (cause) {
		return { problem: cause instanceof Error ? cause.message : 'the key cannot be used' };
	}
}

/**
 * One key source a provider. Over a reload, a provider whose keys are defined as before keeps its source, with all that
 * it has fetched and knows; only what is new is begun, and only what nobody names any more is ended.
 */
import type { Definition, KeysDefinition, ProviderDefinition } from '#config/definition';
import type { Cryptography, JsonObject, VerificationKey } from '#core/index';
import { decodeBase64 } from '#formats/base64';
import { readJwkSet } from '#keys/verification/jwk-set';
import type { KeySource } from '#keys/verification/key-source';
import { createLocalKeySource, octetsKey, secretKey } from '#keys/verification/local';
import { createRemoteKeySource } from '#keys/verification/remote';
import type { Runtime } from './assemble.ts';
import { createSharedKeys, type SharedKeys } from './shared-keys.ts';

export interface KeySources {
	/** By provider name. */
	readonly sources: ReadonlyMap<string, KeySource>;
	/** Those that were made here and are not started yet. */
	readonly fresh: readonly KeySource[];
	/** What the sources tell of keys that two of them have; goes on over a reload like they do. */
	readonly shared: SharedKeys;
}

export interface PreviousKeySources {
	readonly definition: Definition;
	readonly sources: ReadonlyMap<string, KeySource>;
	readonly shared: SharedKeys;
}

/** Throws an Error that names the provider when keys in the configuration cannot be used. Starts nothing. */
export function createKeySources(definition: Definition, runtime: Runtime, previous?: PreviousKeySources): KeySources {
	const sources = new Map<string, KeySource>();
	const fresh: KeySource[] = [];
	const shared = previous?.shared ?? createSharedKeys(runtime.log);
	shared.follow(definition.providers);
	for (const provider of definition.providers) {
		if (provider.keys.from === 'none') continue;
		const before = previous?.definition.providers.find(({ name }) => name === provider.name);
		const kept =
			before !== undefined && originOf(before) === originOf(provider)
				? previous?.sources.get(provider.name)
				: undefined;
		const source = kept ?? createKeySource(provider, runtime, shared);
		if (kept === undefined) fresh.push(source);
		sources.set(provider.name, source);
	}
	return { sources, fresh, shared };
}

/** Equal when the same keys come from the same place. A shared secret is bound to its algorithms when it is imported. */
function originOf({ keys, algorithms }: ProviderDefinition): string {
	return JSON.stringify([keys, keys.from === 'secret' ? algorithms : []]);
}

function createKeySource(provider: ProviderDefinition, runtime: Runtime, shared: SharedKeys): KeySource {
	const { keys: definition, name } = provider;
	const { clock, cryptography, fetcher, log, timers } = runtime;
	const warnings = () => shared.warningsOf(name);
	switch (definition.from) {
		case 'discovery':
		case 'url': {
			const { staleFor, ...origin } = definition;
			const kept = runtime.keptKeys?.(name, JSON.stringify(origin));
			return createRemoteKeySource({
				definition: origin,
				name,
				fetcher,
				clock,
				timers,
				crypto: cryptography,
				log,
				limits: { staleFor: staleFor * 1000 },
				...(kept === undefined ? {} : { kept }),
				onAccepted: ({ keys }) => shared.accepted(name, keys),
				warnings,
			});
		}
		case 'none':
			throw new Error(`provider ${name} has no keys`);
		case 'secret':
			return createLocalKeySource([secretKeyOf(provider, definition, cryptography)]);
		case 'jwks':
		case 'pem': {
			const set = readLocalKeys(definition, cryptography);
			if (typeof set === 'string') throw new Error(`provider ${name}: ${set}`);
			for (const note of set.notes) log.warn('key dropped', { provider: name, note });
			shared.accepted(name, set.keys);
			return createLocalKeySource(set.keys, warnings);
		}
	}
}

function secretKeyOf(
	{ name, algorithms }: ProviderDefinition,
	{ secret, encoding }: KeysDefinition & { from: 'secret' },
	cryptography: Cryptography,
): VerificationKey {
	if (encoding === undefined) return secretKey(secret, cryptography, algorithms);
	const octets = decodeBase64(secret);
	if (octets === null) throw new Error(`provider ${name}: the secret is not Base64`);
	return octetsKey(octets, cryptography, algorithms);
}

/** Problems of keys that stand in the configuration or in files beside it, for `check`; empty when they can be used. */
export function localKeyProblems(definition: KeysDefinition, cryptography: Cryptography): string[] {
	if (definition.from !== 'jwks' && definition.from !== 'pem') return [];
	const set = readLocalKeys(definition, cryptography);
	return typeof set === 'string' ? [set] : [];
}

function readLocalKeys(
	definition: KeysDefinition & { from: 'jwks' | 'pem' },
	crypto: Cryptography,
): Exclude<ReturnType<typeof readJwkSet>, string> | string {
	let jwks: JsonObject;
	try {
		jwks = definition.from === 'jwks' ? definition.jwks : { keys: [crypto.pemToJwk(definition.pem)] };
	} catch (problem) {
		return problem instanceof Error ? problem.message : String(problem);
	}
	const set = readJwkSet(jwks, { crypto, remote: false });
	if (typeof set === 'string') return set;
	if (set.keys.length > 0) return set;
	return `no usable key${set.notes.length > 0 ? `: ${set.notes.join('; ')}` : ''}`;
}

/**
 * Puts definition, keys, policy and a runtime together, with no listener: what every front door starts from. It decides,
 * words refusals and records; who carries the requests is not its business.
 */
import type { Definition, KeysDefinition, ProviderDefinition } from '#config/definition';
import type { Clock, Cryptography, DocumentFetcher, JsonObject, Log, RequestView, Timers, Verdict } from '#core/index';
import { encodeUtf8 } from '#formats/utf8';
import { readJwkSet } from '#keys/verification/jwk-set';
import type { KeySource } from '#keys/verification/key-source';
import { createLocalKeySource, secretKey } from '#keys/verification/local';
import { createRemoteKeySource } from '#keys/verification/remote';
import { compilePolicy } from '#policy/compile';
import { createDecide } from '#policy/decide';
import type { Policy } from '#policy/policy';

/** What a runtime provides. */
export interface Runtime {
	readonly clock: Clock;
	readonly timers: Timers;
	readonly cryptography: Cryptography;
	readonly fetcher: DocumentFetcher;
	readonly log: Log;
}

export interface Assembly {
	readonly definition: Definition;
	readonly policy: Policy;
	/** Never rejects, never throws. */
	decide(request: RequestView): Verdict | Promise<Verdict>;
	readonly keys: ReadonlyMap<string, KeySource>;
	/** Begins to fetch keys; resolves after each provider's first attempt, good or bad. */
	start(): Promise<void>;
	stop(): void;
}

/** Throws an Error when the definition contradicts itself; a provider that is down is no reason to fail. */
export function assemble(definition: Definition, runtime: Runtime): Assembly {
	const { clock, cryptography } = runtime;
	const keys = new Map(definition.providers.map((provider) => [provider.name, keySource(provider, runtime)]));
	const tokenId = cryptography.keyedDigest(
		definition.audit.digestKey === undefined ? cryptography.randomBytes(32) : encodeUtf8(definition.audit.digestKey),
	);
	const policy = compilePolicy(definition, {
		keys,
		clock,
		cryptography,
		tokenId: (digest) => tokenId(digest).slice(0, 22),
	});
	return {
		definition,
		policy,
		decide: createDecide(policy),
		keys,
		async start() {
			await Promise.all(Array.from(keys.values(), (source) => source.start()));
		},
		stop() {
			for (const source of keys.values()) source.stop();
		},
	};
}

function keySource(provider: ProviderDefinition, runtime: Runtime): KeySource {
	const { keys: definition, name } = provider;
	const { cryptography } = runtime;
	switch (definition.from) {
		case 'discovery':
		case 'url':
			return createRemoteKeySource({ definition, name, ...runtime, crypto: cryptography });
		case 'secret':
			return createLocalKeySource([secretKey(definition.secret, cryptography, provider.algorithms)]);
		case 'jwks':
		case 'pem': {
			const set = readLocalKeys(definition, cryptography);
			if (typeof set === 'string') throw new Error(`provider ${name}: ${set}`);
			for (const note of set.notes) runtime.log.warn('key dropped', { provider: name, note });
			return createLocalKeySource(set.keys);
		}
	}
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

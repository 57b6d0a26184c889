/**
 * Puts definition, keys, policy and a runtime together, with no listener: what every front door starts from. It decides,
 * words refusals and records; who carries the requests is not its business.
 */
import type { Definition } from '#config/definition';
import type {
	Clock,
	Cryptography,
	DecryptionKey,
	DocumentFetcher,
	FormPoster,
	IdentityFetcher,
	KeptKeys,
	Log,
	RequestView,
	Store,
	Timers,
	Verdict,
} from '#core/index';
import { encodeUtf8 } from '#formats/utf8';
import type { KeyPairs } from '#keys/pairs/key-pairs';
import type { KeySource } from '#keys/verification/key-source';
import type { RecordChange } from '#observe/change-record';
import type { IntrospectionCall, Introspector } from '#pipeline/authenticate/introspection/introspector';
import type { RateLimit } from '#pipeline/limit/rate-limit';
import type { ExchangeCall } from '#pipeline/transform/exchange/exchanger';
import { compilePolicy } from '#policy/compile';
import { createDecide } from '#policy/decide';
import { createOwnDocuments, type OwnDocuments } from '#policy/own-documents';
import type { Policy } from '#policy/policy';
import type { ApimParts } from './apim.ts';
import { type ApimCode, codeFor, withoutPolicies } from './apim-code.ts';
import { type BackendTokens, createBackendTokens } from './backend-tokens.ts';
import { createDecryptionKeys } from './decryption-keys.ts';
import { createIntrospectors } from './introspectors.ts';
import { createKeyPairs } from './key-pairs.ts';
import { createKeySources } from './key-sources.ts';
import { createProofSupport } from './proofs.ts';
import { createRateLimits } from './rate-limits.ts';
import { createSecretAges, type KnownSecret } from './secret-ages.ts';
import { createSessions, type Sessions } from './sessions.ts';
import type { SharedKeys } from './shared-keys.ts';
import { createMemoryState, type State } from './state.ts';

export { decryptionKeyProblems } from './decryption-keys.ts';
export { clientProblems } from './introspectors.ts';
export { localKeyProblems } from './key-sources.ts';
export { mintingKeyName } from './minting.ts';

/** What a runtime provides. */
export interface Runtime {
	readonly clock: Clock;
	readonly timers: Timers;
	readonly cryptography: Cryptography;
	readonly fetcher: DocumentFetcher;
	/** Asks authorization servers: introspection, token endpoints. */
	readonly poster: FormPoster;
	/** Asks the identity endpoint of a cloud; needed for `managed_identity` alone. */
	readonly identityFetcher?: IdentityFetcher;
	/** Told of each introspection. Default: nobody. */
	readonly onIntrospection?: (call: IntrospectionCall) => void;
	/** Told of each exchange. Default: nobody. */
	readonly onExchange?: (call: ExchangeCall) => void;
	readonly log: Log;
	/**
	 * Where the last good keys of a provider outlive the process; `origin` says where they come from. Default: nowhere,
	 * and a provider that is down at the start has no keys.
	 */
	readonly keptKeys?: (provider: string, origin: string) => KeptKeys;
	/** What outlives requests and configurations, opened and closed by whoever gives it. Default: in memory, for this assembly. */
	readonly state?: State;
	/** Where DPoP proofs are taken for used, in place of the state's store: for one of several processes without a common store. */
	readonly claims?: Pick<Store, 'claim'>;
	/** What runs policies of Azure API Management; needed for a definition that has such policies alone (`withApimCode`). */
	readonly apimCode?: ApimCode;
	/** Puts on record what a provider’s logout token ends. Default: only the request that brings it is recorded. */
	readonly recordChange?: RecordChange;
}

export interface Assembly {
	readonly definition: Definition;
	readonly policy: Policy;
	/** Never rejects, never throws. */
	decide(request: RequestView, requestId?: string): Verdict | Promise<Verdict>;
	readonly keys: ReadonlyMap<string, KeySource>;
	/** Key pairs of each provider of shared access signatures, by name. */
	readonly pairs: ReadonlyMap<string, KeyPairs>;
	/** Keys of each provider whose tokens may be encrypted, by name. */
	readonly decryption: ReadonlyMap<string, readonly DecryptionKey[]>;
	/** What asks each provider that is asked about its tokens, by name. */
	readonly introspectors: ReadonlyMap<string, Introspector>;
	/** What upstreams get in place of clients' tokens, and where that comes from. */
	readonly backend: BackendTokens;
	/** What the policies of Azure API Management hold beside keys. */
	readonly apim: ApimParts;
	/** Secrets and keys of the configuration, and how old they are. */
	readonly secrets: readonly KnownSecret[];
	/** By name. */
	readonly rateLimits: ReadonlyMap<string, RateLimit>;
	readonly sharedKeys: SharedKeys;
	/** Undefined: the definition has none. */
	readonly sessions: Sessions | undefined;
	readonly state: State;
	/** Begins to fetch the keys and endpoints of providers that are new here; resolves after each one's first attempt, good or bad. */
	start(): Promise<void>;
	/**
	 * To be called once `next`, assembled from this one, has taken its place: ends the sources that `next` does not
	 * use, after the time that requests under way may still need them.
	 */
	handOver(next: Assembly): void;
	/** Ends the sources that are new here: for an assembly that never took its place. */
	discard(): void;
	stop(): void;
	/** Sources of keys and tokens that were replaced and still serve requests under way. */
	readonly retiring: Set<Stoppable>;
}

interface Stoppable {
	stop(): void;
}

/** Milliseconds after which a request that began under an earlier configuration no longer waits for keys. */
const handOverTime = 30_000;

/**
 * Throws an Error when the definition contradicts itself; a provider that is down is no reason to fail. `previous`: the
 * assembly that this one shall replace; from it come the keys of providers whose keys are defined as before, and the
 * cache of genuine tokens, in which entries of changed providers do not count.
 */
export function assemble(written: Definition, runtime: Runtime, previous?: Assembly): Assembly {
	const apimCode = codeFor(written, runtime);
	const apimPolicies = apimCode?.readApimPolicies(written, runtime);
	const definition = apimPolicies?.definition ?? written;
	const { clock, cryptography, timers } = runtime;
	const before =
		previous === undefined
			? undefined
			: { definition: previous.definition, sources: previous.keys, shared: previous.sharedKeys };
	const { sources: keys, fresh, shared } = createKeySources(definition, runtime, before);
	const state = runtime.state ?? previous?.state ?? createMemoryState(runtime);
	const pairs = createKeyPairs(definition.providers, cryptography, state.pairs);
	const decryption = createDecryptionKeys(definition.providers, cryptography);
	const { introspectors, fresh: newIntrospectors } = createIntrospectors(definition, keys, runtime, previous);
	const rateLimits = createRateLimits(definition, state.sharedBuckets, previous);
	const { digestKey } = definition.audit;
	// Cached tokens carry their digest for the audit log, so another key of the digests ends them too.
	const kept = previous !== undefined && previous.definition.audit.digestKey === digestKey ? previous : undefined;
	const genuine = kept?.definition.tokenCacheBytes === definition.tokenCacheBytes ? kept.policy.genuine : undefined;
	const tokenId = kept?.policy.tokenId ?? createTokenId(digestKey, cryptography);
	const backend = createBackendTokens(definition, runtime, state, tokenId, kept?.backend);
	const apim =
		apimCode === undefined || apimPolicies === undefined
			? withoutPolicies
			: apimCode.linkApim(apimPolicies, keys, runtime, state.sharedBuckets, previous?.apim);
	const sessions = createSessions({ definition, keys, state, runtime });
	const policy = compilePolicy(definition, {
		programs: apim.programs,
		keys,
		pairs,
		introspectors,
		decryption,
		backendTokens: backend.tokens,
		ownDocuments: ownDocumentsOf(backend),
		rateLimits,
		...(sessions === undefined ? {} : { sessions }),
		revoked: state.revoked,
		proofs: createProofSupport(definition, runtime, state, previous),
		clock,
		cryptography,
		tokenId,
		...(genuine === undefined ? {} : { genuine }),
	});
	const stopAll = (sources: Iterable<Stoppable>) => {
		for (const source of sources) source.stop();
	};
	const retiring = previous?.retiring ?? new Set<Stoppable>();
	return {
		definition,
		policy,
		retiring,
		decide: createDecide(policy),
		keys,
		pairs,
		decryption,
		introspectors,
		backend,
		apim,
		secrets: createSecretAges(definition, clock.now(), previous?.secrets),
		rateLimits,
		sharedKeys: shared,
		sessions,
		state,
		async start() {
			await Promise.all(
				[...fresh, ...newIntrospectors, ...backend.fresh, ...apim.fresh].map((source) => source.start()),
			);
		},
		handOver(next) {
			const used = new Set(next.keys.values());
			const usedTokens = new Set(next.backend.sources.values());
			const dropped = [
				...[...keys.values()].filter((source) => !used.has(source)),
				...[...backend.sources.values()].filter((source) => !usedTokens.has(source)),
				...[...apim.tokens].filter(([id]) => !next.apim.tokens.has(id)).map(([, token]) => token),
				...(apim.programs.size === 0 ? [] : [apim.named]),
			];
			if (dropped.length === 0) return;
			for (const source of dropped) retiring.add(source);
			timers.after(handOverTime, () => {
				stopAll(dropped);
				for (const source of dropped) retiring.delete(source);
			});
		},
		discard() {
			stopAll([...fresh, ...backend.fresh, ...apim.fresh, apim.named]);
		},
		stop() {
			stopAll(keys.values());
			stopAll(backend.sources.values());
			stopAll(apim.tokens.values());
			apim.named.stop();
			stopAll(retiring);
		},
	};
}

function ownDocumentsOf({ minting }: BackendTokens): OwnDocuments | undefined {
	if (minting?.definition.publishOn.listen !== true) return undefined;
	return createOwnDocuments(minting.definition.issuer, minting.documents);
}

/** Characters of base64url: 132 bits. */
const tokenIdLength = 22;

function createTokenId(digestKey: string | undefined, cryptography: Cryptography): (digest: string) => string {
	return cryptography.keyedDigest(
		digestKey === undefined ? cryptography.randomBytes(32) : encodeUtf8(digestKey),
		tokenIdLength,
	);
}

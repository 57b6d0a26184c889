/**
 * The policies of routes as programs: with keys like those of every provider, buckets and tokens of the gateway's own that
 * outlive a reload, and key sources for metadata URLs that only a request names.
 */

import { createContextBuilder } from '#apim/run/expressions';
import { type JoinedKeys, joinKeys, type KeyMember, policyKeys } from '#apim/run/joined-keys';
import type { Parts } from '#apim/run/link';
import type { PolicyRun } from '#apim/run/policy-run';
import { type ApimProgram, createProgram } from '#apim/run/program';
import type { Verifier } from '#apim/run/validate-token';
import type { ReadPolicy } from '#apim/statements/read-policy';
import type { Definition, RouteDefinition } from '#config/definition';
import type { Buckets, DecryptionKey, SharedBuckets, Upstream } from '#core/index';
import { compileBlocks } from '#formats/ip';
import type { OwnToken } from '#keys/authorization-server/own-token';
import type { KeySource } from '#keys/verification/key-source';
import { createRemoteKeySource } from '#keys/verification/remote';
import { createKeyedAuthenticator } from '#pipeline/authenticate/jwt';
import { createClientAddress } from '#pipeline/limit/client-address';
import { createLocalBuckets } from '#pipeline/limit/local-buckets';
import { createBackends } from './apim-backends.ts';
import { routeContext } from './apim-context.ts';
import {
	discoveryOf,
	hostOfUrl,
	importKeys,
	keyContent,
	metadataOf,
	metadataProvider,
	policyProviders,
	statementProvider,
	tenantUrl,
	type Validation,
} from './apim-keys.ts';
import { checkPolicy, placeOf } from './apim-policies.ts';
import type { Runtime } from './assemble.ts';
import { makeOwnToken } from './backend-tokens.ts';

export { apimProblems } from './apim-policies.ts';

/** The definition with the providers that its policies come to, and the policies as they were read. */
export interface ReadApim {
	readonly definition: Definition;
	readonly policies: ReadonlyMap<RouteDefinition, ReadPolicy>;
}

/** Throws an Error for a policy that cannot be run; `loadConfig` reports those before. */
export function readApimPolicies(definition: Definition, { cryptography }: Runtime): ReadApim {
	const policies = new Map<RouteDefinition, ReadPolicy>();
	for (const route of definition.routes) {
		if (route.apimPolicy === undefined) continue;
		const { policy, findings } = checkPolicy(route.apimPolicy, definition.apim, cryptography, route.apimContext);
		const fault = findings.find(({ severity }) => severity === 'error');
		if (policy === undefined || fault !== undefined) {
			throw new Error(
				`route ${route.name}: ${fault === undefined ? '' : `${placeOf(fault)}: `}${fault?.message ?? ''}`,
			);
		}
		policies.set(route, policy);
	}
	if (policies.size === 0) return { definition, policies };
	const own = policyProviders([...policies.values()], definition.apim, cryptography);
	return { definition: { ...definition, providers: [...definition.providers, ...own] }, policies };
}

export interface ApimParts {
	readonly programs: ReadonlyMap<RouteDefinition, ApimProgram>;
	/** Where policies may send requests, beside the routes' own upstreams. */
	readonly upstreams: readonly Upstream[];
	/** By content: those of before are taken over. */
	readonly buckets: ReadonlyMap<string, Buckets>;
	readonly tokens: ReadonlyMap<string, OwnToken>;
	/** Made here and not started yet. */
	readonly fresh: readonly OwnToken[];
	/** Sources of metadata URLs that requests have named. */
	readonly named: Pick<NamedMetadata, 'stop'>;
}

/** `shared`: where rates are counted together with other gateways; undefined: each process counts for itself. */
export function linkApim(
	{ definition, policies }: ReadApim,
	keys: ReadonlyMap<string, KeySource>,
	runtime: Runtime,
	shared: SharedBuckets | undefined,
	previous: ApimParts | undefined,
): ApimParts {
	const { cryptography } = runtime;
	const buckets = new Map<string, Buckets>();
	const tokens = new Map<string, OwnToken>();
	const fresh: OwnToken[] = [];
	const named = new NamedMetadata(definition, runtime);
	const upstreams: Upstream[] = [];
	const addressOf = createAddressOf(definition);
	const random = () => cryptography.randomBytes(4).reduce((sum, octet) => sum * 256 + octet, 0) / 2 ** 32;
	const programs = new Map<RouteDefinition, ApimProgram>();
	for (const [route, policy] of policies) {
		const builder = createContextBuilder({
			route: routeContext(route),
			addressOf,
			random,
			monotonic: () => runtime.clock.monotonic(),
			digest: (text) => cryptography.hexDigest(text),
		});
		const backends = createBackends(definition.apim, route, policy);
		upstreams.push(...backends.upstreams);
		const parts: Parts = {
			maxTokenLength: definition.limits.token,
			jwtOf: (token, run) => builder.jwtOf(token, run),
			addressOf,
			digest: (text) => cryptography.hexDigest(text),
			verifierOf: (statement) => createVerifierOf(statement, { definition, keys, runtime, named }),
			backendOf: backends.find,
			presentedTo: backends.presentedTo,
			// As there: one counter for a key wherever this statement is at work, so that fifty APIs are not fifty limits.
			bucketsOf({ place, calls, period }) {
				const id = JSON.stringify([place.file, place.position, calls, period]);
				const rule = { capacity: calls, interval: (period * 1000) / calls };
				const own =
					buckets.get(id) ??
					previous?.buckets.get(id) ??
					shared?.(`apim:${cryptography.hexDigest(id)}`, rule) ??
					createLocalBuckets(rule);
				buckets.set(id, own);
				return own;
			},
			ownTokenOf({ resource, clientId }) {
				const { managedIdentity } = definition.apim;
				if (managedIdentity === undefined) throw new Error('apim.managed_identity is not usable');
				const asked = { ...managedIdentity, resource, clientId };
				const id = cryptography.digest(JSON.stringify(asked));
				const known = tokens.get(id) ?? previous?.tokens.get(id);
				const own = known ?? makeOwnToken(asked, runtime);
				if (known === undefined) fresh.push(own);
				tokens.set(id, own);
				return own;
			},
		};
		programs.set(route, createProgram(policy, parts, builder));
	}
	return { programs, upstreams, buckets, tokens, fresh, named };
}

interface VerifierSurroundings {
	readonly definition: Definition;
	readonly keys: ReadonlyMap<string, KeySource>;
	readonly runtime: Runtime;
	readonly named: NamedMetadata;
}

function createVerifierOf(
	spec: Validation,
	{ definition, keys, runtime, named }: VerifierSurroundings,
): (run: PolicyRun) => Verifier | string {
	const { cryptography } = runtime;
	const { apim } = definition;
	const { signing, decryption } = importKeys(spec, apim, cryptography, (_, message) => {
		throw new Error(message);
	});
	const provider = statementProvider(spec, cryptography);
	const { urls, isDynamic } = metadataOf(spec);
	const members: KeyMember[] = urls.map((url) => {
		const source = keys.get(metadataProvider(url, cryptography));
		if (source === undefined) throw new Error(`there are no keys for ${url}`);
		return discovered(source, spec);
	});
	if (signing.length > 0 || urls.length === 0) members.push(policyKeys(signing));
	const make = (joined: JoinedKeys, more: string): Verifier => ({
		provider,
		generation: cryptography.hexDigest(`${keyContent(spec)} ${apim.algorithms.join(' ')} ${more}`),
		keys: joined,
		authenticate: createKeyedAuthenticator({
			name: provider,
			issuers: [],
			issuerTemplate: undefined,
			algorithms: new Set(apim.algorithms),
			keys: joined.source,
			decryption: decryption satisfies readonly DecryptionKey[],
			tokenFrom: [],
			scopeClaims: ['scope', 'scp'],
			extraScopeClaims: [],
			// Entra: `azp` of v2 tokens, `appid` of v1 tokens.
			clientClaims: spec.kind === 'validate-azure-ad-token' ? ['azp', 'appid'] : ['client_id', 'azp', 'appid', 'cid'],
		}),
	});
	if (!isDynamic) {
		const verifier = make(joinKeys(members), '');
		return () => verifier;
	}
	const made = new Map<string, { readonly verifier: Verifier; readonly sources: readonly (KeySource | undefined)[] }>();
	return (run) => {
		const asked = [
			...spec.configurations.flatMap((value) => (value.kind === 'expression' ? [run.text(value)] : [])),
			...(spec.tenant?.kind === 'expression' ? [tenantUrl(run.text(spec.tenant)) ?? ''] : []),
		];
		const id = asked.join(' ');
		const known = made.get(id);
		const sources = asked.map((url) => named.at(url));
		// One that was ended and made anew is another source: the old one knows no key that came or went since.
		if (known?.sources.every((source, i) => source === sources[i])) return known.verifier;
		if (sources.some((source) => source === undefined)) return 'the policy names a metadata URL that is not allowed';
		const dynamic = sources.flatMap((source) => (source === undefined ? [] : [discovered(source, spec)]));
		const verifier = make(joinKeys([...members, ...dynamic]), id);
		if (made.size >= mostNamed) made.clear();
		made.set(id, { verifier, sources });
		return verifier;
	};
}

function discovered(source: KeySource, spec: Validation): KeyMember {
	return {
		source,
		issuer: () => source.issuer?.(),
		isDiscovered: true,
		takesVersionOne: spec.kind === 'validate-azure-ad-token',
	};
}

/** Metadata URLs that requests may name at a time: beyond that the one that was not used for longest ends. */
const mostNamed = 32;

/** Key sources for URLs that a policy makes of a request: at hosts that the configuration allows, and few at a time. */
export class NamedMetadata {
	readonly #definition: Definition;
	readonly #runtime: Runtime;
	readonly #sources = new Map<string, KeySource>();
	#stopped = false;

	constructor(definition: Definition, runtime: Runtime) {
		this.#definition = definition;
		this.#runtime = runtime;
	}

	/** Undefined for a URL that may not be asked. */
	at(url: string): KeySource | undefined {
		const host = hostOfUrl(url);
		if (this.#stopped || host === undefined || url.length > 1_000) return undefined;
		if (!this.#definition.apim.allowedOpenidHosts.includes(host)) return undefined;
		const known = this.#sources.get(url);
		if (known !== undefined) {
			this.#sources.delete(url);
			this.#sources.set(url, known);
			return known;
		}
		if (this.#sources.size >= mostNamed) this.#forgetOne();
		const { clock, cryptography, fetcher, log, timers } = this.#runtime;
		const { staleFor, ...definition } = discoveryOf(url);
		const source = createRemoteKeySource({
			definition,
			name: metadataProvider(url, cryptography),
			fetcher,
			clock,
			timers,
			crypto: cryptography,
			log,
			limits: { staleFor: staleFor * 1000 },
		});
		this.#sources.set(url, source);
		void source.start();
		return source;
	}

	/** The one that has no keys, where there is such a one: whoever names tenants at random displaces none that is real. */
	#forgetOne(): void {
		const all = [...this.#sources];
		const chosen = all.find(([, source]) => source.status().state === 'unavailable') ?? all[0];
		if (chosen === undefined) return;
		this.#sources.delete(chosen[0]);
		chosen[1].stop();
	}

	stop(): void {
		this.#stopped = true;
		for (const source of this.#sources.values()) source.stop();
		this.#sources.clear();
	}
}

function createAddressOf({ trustedProxies }: Definition): (run: PolicyRun) => string {
	const isTrusted = compileBlocks(trustedProxies);
	const counted = createClientAddress(isTrusted);
	return ({ evidence: { request } }) => (isTrusted(request.peer) ? counted(request) : request.peer);
}

/**
 * What asks each provider that is asked about its tokens. Over a reload, a provider whose definition is as before keeps
 * its introspector, with the state of its circuit and what it knows of inactive tokens.
 */
import type { ClientDefinition, Definition, IntrospectionDefinition, ProviderDefinition } from '#config/definition';
import type { Cryptography } from '#core/index';
import { createClientAuthentication } from '#keys/authorization-server/client-authentication';
import type { KeySource } from '#keys/verification/key-source';
import { createIntrospector, type Introspector } from '#pipeline/authenticate/introspection/introspector';
import type { SignedAnswers } from '#pipeline/authenticate/introspection/signed-answer';
import type { Runtime } from './assemble.ts';
import { createServerCall } from './server-call.ts';

export interface Introspectors {
	/** By provider name. */
	readonly introspectors: ReadonlyMap<string, Introspector>;
	/** Those that were made here and are not started yet. */
	readonly fresh: readonly Introspector[];
}

export interface PreviousIntrospectors {
	readonly definition: Definition;
	readonly introspectors: ReadonlyMap<string, Introspector>;
}

/** Throws an Error that names the provider when our own key for it cannot be used. Asks nobody. */
export function createIntrospectors(
	definition: Definition,
	keys: ReadonlyMap<string, KeySource>,
	runtime: Runtime,
	previous?: PreviousIntrospectors,
): Introspectors {
	const introspectors = new Map<string, Introspector>();
	const fresh: Introspector[] = [];
	for (const provider of definition.providers) {
		if (provider.introspection === undefined) continue;
		const before = previous?.definition.providers.find(({ name }) => name === provider.name);
		const same = before?.generation === provider.generation ? previous?.introspectors.get(provider.name) : undefined;
		const introspector = same ?? make(provider, provider.introspection, keys, runtime);
		if (same === undefined) fresh.push(introspector);
		introspectors.set(provider.name, introspector);
	}
	return { introspectors, fresh };
}

function make(
	provider: ProviderDefinition,
	introspection: IntrospectionDefinition,
	keys: ReadonlyMap<string, KeySource>,
	runtime: Runtime,
): Introspector {
	const { clock, log, onIntrospection } = runtime;
	const { client, cache, negativeCache, jwts } = introspection;
	const call = createServerCall('introspection_endpoint', introspection, runtime);
	return createIntrospector({
		provider,
		call,
		signed: introspection.signed ? signedAnswers(provider, client.id, keys) : undefined,
		cache,
		negativeCache,
		jwts,
		clock,
		log,
		...(onIntrospection === undefined ? {} : { onCall: onIntrospection }),
	});
}

function signedAnswers(
	{ name, issuers, algorithms, clockSkew }: ProviderDefinition,
	client: string,
	keys: ReadonlyMap<string, KeySource>,
): SignedAnswers {
	const source = keys.get(name);
	if (source === undefined) throw new Error(`provider ${name} has no keys for its signed answers`);
	return { issuers, audience: client, algorithms: new Set(algorithms), keys: source, clockSkew };
}

/** Problems of our own keys towards a provider, for `check`; empty when they can be used. Certificates are not looked at. */
export function clientProblems(client: ClientDefinition, cryptography: Cryptography): readonly string[] {
	try {
		createClientAuthentication(client, { clock: { now: () => 0 }, cryptography });
		return [];
	} catch (problem) {
		return [problem instanceof Error ? problem.message : 'the key cannot be used'];
	}
}

/** A policy in process: real keys, real cryptography, no sockets. */

import { createDecryptionKeys } from '#assembly/decryption-keys';
import { createKeyPairs } from '#assembly/key-pairs';
import { createRateLimits } from '#assembly/rate-limits';
import type { Definition, RouteDefinition } from '#config/definition';
import { type BackendToken, type Clock, Evidence, type RequestView, type Verdict } from '#core/index';
import type { KeyPairs } from '#keys/pairs/key-pairs';
import { readJwkSet } from '#keys/verification/jwk-set';
import { createLocalKeySource } from '#keys/verification/local';
import type { Introspector } from '#pipeline/authenticate/introspection/introspector';
import type { ClaimProof } from '#pipeline/authorize/replay';
import { compilePolicy } from '#policy/compile';
import { createDecide } from '#policy/decide';
import type { Policy } from '#policy/policy';
import { nodeCryptography } from '#runtime/node/cryptography';
import { signJws, type TestKey } from './sign-jws.ts';

export interface TestClock extends Clock {
	/** Moves both clocks on. */
	advance(seconds: number): void;
	/** Moves the wall clock alone, either way. */
	jump(seconds: number): void;
}

/** Starts at 2026-01-01. */
export function testClock(): TestClock {
	let wall = Date.UTC(2026, 0, 1);
	let monotonic = 1_000;
	return {
		now: () => wall,
		monotonic: () => monotonic,
		advance(seconds) {
			wall += seconds * 1000;
			monotonic += seconds * 1000;
		},
		jump(seconds) {
			wall += seconds * 1000;
		},
	};
}

export interface TestPolicy {
	readonly policy: Policy;
	readonly clock: TestClock;
	decide(request: RequestView): Promise<Verdict>;
	/** The verdict in one word: `allow`, `answer` or the reason. */
	reason(request: RequestView): Promise<string>;
}

/** `keys`: which test keys each provider of the definition publishes. `pairs`: in place of those of the definition. */
export function testPolicy(
	definition: Definition,
	keys: Readonly<Record<string, readonly TestKey[]>>,
	pairs: ReadonlyMap<string, KeyPairs> = createKeyPairs(definition.providers, nodeCryptography),
	introspectors: ReadonlyMap<string, Introspector> = new Map(),
	backendTokens: ReadonlyMap<RouteDefinition, BackendToken> = new Map(),
): TestPolicy {
	const clock = testClock();
	const sources = new Map(
		definition.providers.map(({ name }) => {
			const set = readJwkSet(
				{ keys: (keys[name] ?? []).map((key) => key.jwk) },
				{ crypto: nodeCryptography, remote: false },
			);
			if (typeof set === 'string') throw new Error(set);
			return [name, createLocalKeySource(set.keys)];
		}),
	);
	const policy = compilePolicy(definition, {
		keys: sources,
		pairs,
		introspectors,
		backendTokens,
		decryption: createDecryptionKeys(definition.providers, nodeCryptography),
		rateLimits: createRateLimits(definition, undefined),
		revoked: { deniedBy: () => undefined, unknownSince: () => undefined },
		proofs: { claim: firstUses(), nonces: undefined },
		clock,
		cryptography: nodeCryptography,
		tokenId: (digest) => digest.slice(0, 8),
	});
	const decide = createDecide(policy);
	return {
		policy,
		clock,
		decide: async (request) => decide(request),
		async reason(request) {
			const verdict = await decide(request);
			return verdict.kind === 'deny' || verdict.kind === 'fault' ? verdict.reason : verdict.kind;
		},
	};
}

/** Claims proofs in memory, without end. */
function firstUses(): ClaimProof {
	const used = new Set<string>();
	return async ({ thumbprint, id }) => {
		const size = used.size;
		return used.add(`${thumbprint} ${id}`).size > size;
	};
}

/** A token as the provider `name` of test/support/definition.ts would issue it at the test clock's start. */
export function token(
	name: string,
	key: TestKey,
	claims: Readonly<Record<string, unknown>> = {},
	header: Readonly<Record<string, unknown>> = {},
): string {
	const now = Date.UTC(2026, 0, 1) / 1000;
	return signJws({
		header: { alg: key.algorithm, kid: key.kid, typ: 'at+jwt', ...header },
		payload: {
			iss: `https://${name}.example.com/`,
			sub: 'user',
			aud: 'https://api.example.com',
			iat: now,
			exp: now + 300,
			client_id: 'app',
			...claims,
		},
		key,
	});
}

/** The whole verdict as evidence, for looking at facts. */
export function facts(verdict: Verdict): Evidence {
	if (!(verdict.facts instanceof Evidence)) throw new Error('facts are not evidence');
	return verdict.facts;
}

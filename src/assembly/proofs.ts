/**
 * What DPoP proofs need beside the request: where they are taken for used, and the nonces. Both go on over a reload, so
 * that it neither lets a proof count again nor sends a client for another nonce.
 */
import type { Definition, DpopDefinition } from '#config/definition';
import { type Store, StoreUnavailable } from '#core/index';
import { encodeUtf8 } from '#formats/utf8';
import { createDpopNonces, type DpopNonces } from '#pipeline/authorize/dpop-nonces';
import type { ProofSupport } from '#policy/policy';
import type { Runtime } from './assemble.ts';
import type { State } from './state.ts';

export interface PreviousProofs {
	readonly definition: Definition;
	readonly policy: { readonly proofs: ProofSupport };
}

export function createProofSupport(
	{ dpop }: Definition,
	runtime: Runtime,
	state: State,
	previous?: PreviousProofs,
): ProofSupport {
	const store: Pick<Store, 'claim'> = runtime.claims ?? state.store;
	// From the earliest to the latest moment at which one and the same proof would pass, and a second for rounding.
	const ttl = (dpop.maxAge + dpop.clockSkew + 1) * 1000;
	const { digest } = runtime.cryptography;
	const isSame = JSON.stringify(previous?.definition.dpop.nonces) === JSON.stringify(dpop.nonces);
	return {
		async claim({ thumbprint, id }) {
			try {
				return await store.claim('dpop', `${thumbprint}.${digest(id)}`, ttl);
			} catch (cause) {
				if (cause instanceof StoreUnavailable && !state.status().failsClosed) return true;
				throw cause;
			}
		},
		nonces: (isSame ? previous?.policy.proofs.nonces : undefined) ?? createNonces(dpop, runtime),
	};
}

function createNonces({ nonces }: DpopDefinition, { clock, cryptography }: Runtime): DpopNonces | undefined {
	if (nonces === undefined) return undefined;
	const { key, lifetime } = nonces;
	// The key may be one that seals what is in the store: what signs nonces is made of it, and is another one.
	const own =
		key === undefined
			? cryptography.randomBytes(32)
			: encodeUtf8(cryptography.keyedDigest(encodeUtf8(key))('countersign: DPoP nonces'));
	return createDpopNonces({ digest: cryptography.keyedDigest(own), lifetime, clock });
}

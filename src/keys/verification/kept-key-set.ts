/** Keys that were kept from an earlier run: the same door as for fetched ones, and never longer than they would have served. */
import type { Cryptography, KeptKeySet, VerificationKey } from '#core/index';
import { readJwkSet } from './jwk-set.ts';

export interface RestoredKeySet {
	readonly keys: readonly VerificationKey[];
	/** Milliseconds for which they may still serve; more than 0. */
	readonly left: number;
}

/**
 * What of a kept key set may still serve, or why nothing of it may. `now`: milliseconds since the epoch; a fetch in the
 * future is not believed, since a clock that was set back would let keys live on. `staleFor`: milliseconds from the fetch.
 */
export function restoreKeySet(
	kept: KeptKeySet,
	{ now, staleFor, crypto }: { readonly now: number; readonly staleFor: number; readonly crypto: Cryptography },
): RestoredKeySet | string {
	const age = now - kept.fetchedAt;
	if (!Number.isFinite(age) || age < 0) return 'by the clock they were fetched in the future';
	if (age >= staleFor) return 'they are too old';
	const read = readJwkSet(kept.jwks, { crypto, remote: true });
	if (typeof read === 'string') return read;
	return read.keys.length === 0 ? 'none of them can be used' : { keys: read.keys, left: staleFor - age };
}

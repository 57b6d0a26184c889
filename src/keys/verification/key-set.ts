/**
 * The keys of one provider as they stand, found by algorithm and `kid`. A key that stays in the set keeps its identity
 * over refreshes, so that what it verified before stays verified; one that left is marked and takes that along.
 */
import type { Algorithm, VerificationKey } from '#core/index';

/** Signatures tried for one token at most. */
export const maximumCandidates = 4;

export class KeySet {
	#keys: readonly VerificationKey[] = [];
	#byKid: ReadonlyMap<string, readonly VerificationKey[]> = new Map();
	readonly #soleKeyMatchesAnyKid: boolean;

	/**
	 * `soleKeyMatchesAnyKid`: a set of exactly one key that has no `kid` also serves tokens that name one. For local keys
	 * (a PEM, a secret), where the operator named the key; never for a fetched set.
	 */
	constructor(options: { readonly soleKeyMatchesAnyKid: boolean }) {
		this.#soleKeyMatchesAnyKid = options.soleKeyMatchesAnyKid;
	}

	get keys(): readonly VerificationKey[] {
		return this.#keys;
	}

	/**
	 * Takes the place of the whole set. A key whose thumbprint, `kid`, algorithms and issuer are unchanged stays the same
	 * object, with the new `usableUntil`; the others become `retired`. Entries that are the same key twice become one.
	 */
	replace(next: readonly VerificationKey[]): void {
		const before = new Map(this.#keys.map((key) => [identityOf(key), key]));
		const after = new Map<string | VerificationKey, VerificationKey>();
		for (const key of next) {
			const identity = identityOf(key);
			const kept = before.get(identity) ?? key;
			kept.usableUntil = key.usableUntil;
			if (!after.has(identity)) after.set(identity, kept);
		}
		for (const [identity, key] of before) {
			if (!after.has(identity)) key.retired = true;
		}
		this.#keys = [...after.values()];
		const byKid = new Map<string, VerificationKey[]>();
		for (const key of this.#keys) {
			if (key.kid === undefined) continue;
			const same = byKid.get(key.kid);
			if (same === undefined) byKid.set(key.kid, [key]);
			else same.push(key);
		}
		this.#byKid = byKid;
	}

	/**
	 * Keys worth trying, at most four, in the order of the set. A token with a `kid` gets the keys of exactly that `kid`;
	 * when there are such keys and none may be used with `algorithm`, the list is empty: the algorithm is at fault, not the
	 * key. A token without one gets every key that fits the algorithm. `unknown` when the set holds nothing to try.
	 */
	candidates(algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[] | 'unknown' {
		if (kid === undefined) {
			const fitting = fit(this.#keys, algorithm);
			return fitting.length === 0 ? 'unknown' : fitting;
		}
		const named = this.#byKid.get(kid);
		if (named !== undefined) return fit(named, algorithm);
		const [sole, ...others] = this.#keys;
		if (this.#soleKeyMatchesAnyKid && sole !== undefined && others.length === 0 && sole.kid === undefined) {
			return fit([sole], algorithm);
		}
		return 'unknown';
	}
}

function fit(keys: readonly VerificationKey[], algorithm: Algorithm): readonly VerificationKey[] {
	return keys.filter((key) => key.algorithms.has(algorithm)).slice(0, maximumCandidates);
}

/** A secret has no thumbprint and is never taken for another one. */
function identityOf(key: VerificationKey): string | VerificationKey {
	if (key.thumbprint === undefined) return key;
	return JSON.stringify([key.thumbprint, key.kid ?? null, key.issuer ?? null, [...key.algorithms].toSorted()]);
}

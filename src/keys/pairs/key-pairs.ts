/**
 * Named pairs of shared keys: two keys of one name are in force at once, so that clients can move from one to the other
 * before the first is replaced. Where the pairs are kept is the business of whoever implements the look-up.
 */
import type { JsonObject, VerificationKey } from '#core/index';

/** Everything that is known under one key name. A change of it is another pair, and retires the keys of the one before. */
export interface KeyPair {
	readonly name: string;
	/** Undefined where there is none, as while one half is being replaced. */
	readonly primary: VerificationKey | undefined;
	readonly secondary: VerificationKey | undefined;
	/** Neither key verifies anything. */
	readonly disabled: boolean;
	/** What a signature of either key is allowed. */
	readonly scopes: readonly string[];
	/** What is said of whoever holds either key. */
	readonly claims: JsonObject;
}

/**
 * The pairs of one provider. Looked up for every signature that is not known to be genuine: an answer holds for that
 * moment alone. Genuine signatures are remembered with the key that verified them, so whoever replaces or disables a
 * pair also sets `retired` on its keys; then those count no more either.
 */
export interface KeyPairs {
	/** By exact name; never a property that every object has. Never waits, never throws. */
	find(name: string): KeyPair | undefined;
	/** For whoever reads why a signature was refused, and for the admin pages. */
	names(): readonly string[];
}

/** Pairs that do not change. Throws for a name that is there twice. */
export function createFixedKeyPairs(pairs: readonly KeyPair[]): KeyPairs {
	const byName = new Map(pairs.map((pair) => [pair.name, pair]));
	if (byName.size < pairs.length) throw new Error('a key name is there twice');
	return { find: (name) => byName.get(name), names: () => [...byName.keys()] };
}

/** The keys of minted tokens, whoever made them: which one signs, and which ones the world may know. */
import type { MintingKey } from './minting-key.ts';

export interface MintingKeys {
	/** `now`: seconds since the epoch. Undefined: there is none, or not yet. */
	signer(now: number): MintingKey | undefined;
	/** Every key with which a token in circulation may be signed, now or soon. */
	published(now: number): readonly MintingKey[];
	/** For the operator, in the order in which they sign. */
	describe(now: number): readonly DescribedKey[];
}

/** Public facts. Times in seconds since the epoch; undefined where the configuration gave the key. */
export interface DescribedKey {
	readonly kid: string;
	readonly algorithm: string;
	/** `coming`: published, does not sign yet. `leaving`: has signed, and is published for the tokens that are left. */
	readonly state: 'coming' | 'signing' | 'leaving' | 'published';
	readonly madeAt: number | undefined;
	readonly signsFrom: number | undefined;
	/** Undefined: until another one signs, or until the configuration changes. */
	readonly publishedUntil: number | undefined;
}

/** Keys of the configuration: the first signs, all are published. */
export function createGivenKeys(keys: readonly MintingKey[]): MintingKeys {
	const [first] = keys;
	return {
		signer: () => first,
		published: () => keys,
		describe: () =>
			keys.map((key) => ({
				kid: key.kid,
				algorithm: key.algorithm,
				state: key === first ? 'signing' : 'published',
				madeAt: undefined,
				signsFrom: undefined,
				publishedUntil: undefined,
			})),
	};
}

/** One key of a pair, ready to verify: bound to the hash of its format and to its name. */
import type { Cryptography, SharedAccessFormat, VerificationKey } from '#core/index';
import { sharedAccessKeyOctets, sharedAccessTraits } from '#formats/shared-access/format';

export interface PairKeyInput {
	readonly format: SharedAccessFormat;
	/** Name of the pair. */
	readonly name: string;
	/** The key as the operator writes it down; the format says what its octets are. */
	readonly text: string;
}

/** Throws an Error that holds nothing of the key when it is empty, too short or not in the format's encoding. */
export function createPairKey(
	{ format, name, text }: PairKeyInput,
	crypto: Pick<Cryptography, 'importSecret'>,
): VerificationKey {
	const octets = sharedAccessKeyOctets(format, text);
	if (typeof octets === 'string') throw new Error(`key ${name}: ${octets}`);
	return {
		kid: name,
		algorithms: new Set([sharedAccessTraits[format].algorithm]),
		issuer: undefined,
		thumbprint: undefined,
		public: crypto.importSecret(octets),
		retired: false,
		usableUntil: Number.POSITIVE_INFINITY,
	};
}

/**
 * A key with which the gateway signs tokens of its own: bound to one algorithm, named by its thumbprint unless it came
 * with a name, and published with nothing but its public half (RFC 7517 §4, RFC 7638).
 */
import {
	type Cryptography,
	type JsonObject,
	type MintingAlgorithm,
	mintingAlgorithms,
	type SigningKey,
} from '#core/index';
import { thumbprintInput } from '#formats/thumbprint';

export interface MintingKey {
	readonly kid: string;
	readonly algorithm: MintingAlgorithm;
	readonly key: SigningKey;
	/** As it is published: public members, `kid`, `alg`, `use`. */
	readonly jwk: JsonObject;
	/** True once it is no longer published: what it signed counts for nothing. */
	retired: boolean;
}

export interface MintingKeyText {
	/** One unencrypted PEM block, or the text of a private JWK. */
	readonly text: string;
	/** Default: that of the JWK, else the thumbprint. */
	readonly kid?: string | undefined;
}

/** Throws a readable Error, which quotes nothing of the key, for one that cannot sign as minted tokens are signed. */
export function importMintingKey(
	{ text, kid }: MintingKeyText,
	{ importPrivateKey, digest }: Pick<Cryptography, 'importPrivateKey' | 'digest'>,
): MintingKey {
	const key = importPrivateKey(text);
	const algorithm = mintingAlgorithms.find((each) => key.algorithms.includes(each));
	if (algorithm === undefined) {
		throw new Error(`minted tokens are signed with ${mintingAlgorithms.join(', ')}; this key is for another algorithm`);
	}
	const { publicJwk } = key;
	const canonical = publicJwk === undefined ? undefined : thumbprintInput(publicJwk);
	if (publicJwk === undefined || canonical === undefined) throw new Error('the key has no public half to publish');
	const name = kid ?? key.kid ?? digest(canonical);
	return { kid: name, algorithm, key, jwk: { ...publicJwk, kid: name, alg: algorithm, use: 'sig' }, retired: false };
}

/** Parameters of WebCrypto §18. */
interface Generated {
	readonly name: string;
	readonly namedCurve?: string;
	readonly modulusLength?: number;
	readonly publicExponent?: Uint8Array<ArrayBuffer>;
	readonly hash?: string;
}

const generated: Readonly<Record<MintingAlgorithm, Generated>> = {
	ES256: { name: 'ECDSA', namedCurve: 'P-256' },
	EdDSA: { name: 'Ed25519' },
	RS256: {
		name: 'RSASSA-PKCS1-v1_5',
		modulusLength: 2048,
		publicExponent: Uint8Array.of(1, 0, 1),
		hash: 'SHA-256',
	},
};

/** A new key of this algorithm, as the text of a private JWK: what `importMintingKey` takes. */
export async function generateMintingKey(algorithm: MintingAlgorithm): Promise<string> {
	const pair = await crypto.subtle.generateKey(generated[algorithm], true, ['sign', 'verify']);
	if (!('privateKey' in pair)) throw new Error(`no key pair for ${algorithm}`);
	const { key_ops: _, ext: __, ...jwk } = await crypto.subtle.exportKey('jwk', pair.privateKey);
	return JSON.stringify({ ...jwk, alg: algorithm });
}

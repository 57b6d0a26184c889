/** The assertion by which a client authenticates (RFC 7523 §3): signed by us, short-lived, never the same twice. */
import type { Algorithm, Cryptography, SigningKey } from '#core/index';
import { encodeBase64url } from '#formats/base64url';
import { jwsSigningInput } from '#formats/jws-signing-input';
import { encodeUtf8 } from '#formats/utf8';

export interface AssertionDefinition {
	/** `iss` and `sub` (RFC 7523 §3). */
	readonly id: string;
	readonly key: SigningKey;
	/** One of the key's. */
	readonly algorithm: Algorithm;
	readonly keyId: string | undefined;
	readonly audience: string;
}

/** Seconds. Long enough for clocks that differ a little, too short to be worth stealing. */
const lifetime = 60;

/** `now`: seconds since the epoch. The compact JWS, with a random `jti`, `iat` and `nbf` now, and `exp` in a minute. */
export async function signAssertion(
	{ id, key, algorithm, keyId, audience }: AssertionDefinition,
	now: number,
	{ randomBytes }: Pick<Cryptography, 'randomBytes'>,
): Promise<string> {
	const issuedAt = Math.floor(now);
	const header = { alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) };
	const claims = {
		iss: id,
		sub: id,
		aud: audience,
		jti: encodeBase64url(randomBytes(16)),
		iat: issuedAt,
		nbf: issuedAt,
		exp: issuedAt + lifetime,
	};
	const signingInput = jwsSigningInput(header, claims);
	const signature = await key.sign(algorithm, encodeUtf8(signingInput));
	return `${signingInput}.${encodeBase64url(signature)}`;
}

/** The canonical text whose digest is a JWK's thumbprint (RFC 7638 §3). */
import { type JsonObject, member } from '#core/index';

/** Required members by `kty`, in lexicographic order (RFC 7638 §3.2, RFC 8037 §2). */
const requiredMembers: ReadonlyMap<unknown, readonly string[]> = new Map([
	['RSA', ['e', 'kty', 'n']],
	['EC', ['crv', 'kty', 'x', 'y']],
	['OKP', ['crv', 'kty', 'x']],
	['oct', ['k', 'kty']],
]);

/**
 * JSON of the key's required members and nothing else; undefined when `kty` is unknown or a required member is not a
 * string. The caller digests its UTF-8. Not checked: that the members are a usable key, or canonically encoded.
 */
export function thumbprintInput(jwk: JsonObject): string | undefined {
	const names = requiredMembers.get(member(jwk, 'kty'));
	if (names === undefined) return undefined;
	const members: string[] = [];
	for (const name of names) {
		const value = member(jwk, name);
		if (typeof value !== 'string') return undefined;
		members.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
	}
	return `{${members.join(',')}}`;
}

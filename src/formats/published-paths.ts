/** Where the documents of an issuer stand: below its path (OpenID Connect Discovery §4). */

const keySet = '/.well-known/jwks.json';
const metadata = '/.well-known/openid-configuration';

/** Path of the key set and of the metadata, for the issuer as it is written; a slash at its end counts for nothing. */
export function publishedPaths(issuer: string): readonly [keySet: string, metadata: string] {
	const base = new URL(issuer).pathname.replace(/\/$/, '');
	return [base + keySet, base + metadata];
}

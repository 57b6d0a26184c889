/**
 * What a token is told by when it is revoked as such: the part that nobody but its issuer can write otherwise. The text
 * itself will not do. An ES256 signature (r, s) has a valid twin (r, n − s), so of a JWT it is the signing input; the
 * fields of a shared access signature may be put in another order, so of those it is what was signed, and the key's name.
 */
import type { CredentialKind } from '#core/index';
import { readSharedAccess } from '#formats/shared-access/shared-access';
import { decodeUtf8 } from '#formats/utf8';

/** The digest of a revoked token is that of this text. `scheme`: lower-case, of the `Authorization` field. */
export function tokenIdentity(kind: CredentialKind, token: string, scheme: string): string {
	switch (kind) {
		case 'jwt': {
			const end = token.lastIndexOf('.');
			// Without a second dot it is no JWS; of a JWE, five parts, all but its tag is authenticated and alike.
			return end < 0 ? token : token.slice(0, end);
		}
		case 'shared_access': {
			const parsed = readSharedAccess(scheme, token);
			if (typeof parsed === 'string') return token;
			return JSON.stringify([parsed.keyName ?? '', decodeUtf8(parsed.signingInput) ?? '']);
		}
		case 'opaque':
		case 'session':
			return token;
	}
}

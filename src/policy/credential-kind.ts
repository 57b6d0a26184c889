/**
 * Which authenticator a credential belongs to (design: scheme first, then shape). It is a matter of what the client sent
 * and of which kinds the route takes, never of trying: a credential that fails its authenticator is offered to no other.
 */
import type { CredentialKind, Evidence } from '#core/index';
import { looksLikeCompactJws } from '#formats/compact-jws';
import { sharedAccessSchemes } from '#formats/shared-access/shared-access';

/** `kinds`: those that the route's providers issue; at least one. */
export function createKindOf(kinds: ReadonlySet<CredentialKind>): (evidence: Evidence) => CredentialKind {
	return (evidence) => {
		const { scheme = '', token = '' } = evidence.credential ?? {};
		if (sharedAccessSchemes.has(scheme)) return 'shared_access';
		// Without opaque tokens a bearer token can only be meant as a JWT, and is refused for what is wrong with it.
		if (kinds.has('jwt') && (!kinds.has('opaque') || looksLikeCompactJws(token))) return 'jwt';
		return kinds.has('opaque') ? 'opaque' : 'jwt';
	};
}

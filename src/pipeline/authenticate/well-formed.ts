/**
 * The first check of every authenticator: may what was sent be a credential of its scheme at all (RFC 6750 §2.1, RFC 9449
 * §7.1)? It stands here and not in `extract` because a token that is known to be genuine passed it when it became known, and
 * reading a thousand characters one by one is a good part of what a request with a known token costs.
 */
import type { Check } from '#core/index';
import { isWellFormed } from '#formats/authorization';

/** `credential_malformed`. */
export const wellFormed: Check = {
	name: 'credential_form',
	needs: 'credential',
	judge: ({ credential }) => (credential !== undefined && isWellFormed(credential) ? null : 'credential_malformed'),
	expected: () => 'a bearer or DPoP token of letters, digits and -._~+/ with = at its end only',
	found: ({ credential }) =>
		credential !== undefined && isWellFormed(credential) ? 'such a token' : 'other characters, or nothing',
};

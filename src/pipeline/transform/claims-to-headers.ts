/**
 * Claims as request headers. Values are encoded so that every octet is visible ASCII (invariant 9); a claim that the
 * token does not have gives no header, and the client's own copy was removed before.
 */
import type { HeaderList, Principal } from '#core/index';
import { compileClaimPath } from '#formats/claim-path';
import { encodeClaimValue } from '#formats/header-value';

export interface HeaderMapping {
	/** As it goes on the wire. */
	readonly header: string;
	/** A literal claim name, or a JSON Pointer when it starts with `/`. */
	readonly claim: string;
}

/** Octets of one value; a backend's own limit is usually 8 KiB for all headers together. */
const maxValueLength = 4096;

/**
 * Compiles the mapping. The result is a pure function of the claims, so it is made once for a cached token. A value over
 * 4 KiB is left out rather than cut: a cut list of roles is another list.
 */
export function compileClaimsToHeaders(mappings: readonly HeaderMapping[]): (principal: Principal) => HeaderList {
	const compiled = mappings.map(({ header, claim }) => ({ header, read: compileClaimPath(claim) }));
	return ({ claims }) => {
		const fields: (readonly [string, string])[] = [];
		for (const { header, read } of compiled) {
			const value = read(claims);
			const encoded = value === undefined ? undefined : encodeClaimValue(value);
			if (encoded !== undefined && encoded.length <= maxValueLength) fields.push([header, encoded]);
		}
		return fields;
	};
}

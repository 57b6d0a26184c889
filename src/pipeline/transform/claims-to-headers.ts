/**
 * Claims as request headers. Values are encoded so that every octet is visible ASCII (invariant 9); a claim that the
 * token does not have gives no header, and the client's own copy was removed before.
 */
import type { HeaderList, Principal } from '#core/index';
import { encodeHeaderValue, type HeaderEncoding, isFieldValue } from '#formats/header-value';
import { compileMapping, usesParameters, type ValueMapping } from '#formats/value-mapping';

export type HeaderMapping = ValueMapping & {
	/** As it goes on the wire. */
	readonly header: string;
	/** Default: plain. */
	readonly encoding?: HeaderEncoding;
};

/** Octets of one value; a backend's own limit is usually 8 KiB for all headers together. */
const maxValueLength = 4096;

export type MappedHeaders = (principal: Principal, parameters: readonly string[]) => HeaderList;

/**
 * Compiles the mappings; `names` are those of the route's parameters. A value over 4 KiB is left out rather than cut: a
 * cut list of roles is another list. Where no parameter is in them, the headers of a cached token are made once.
 */
export function compileClaimsToHeaders(mappings: readonly HeaderMapping[], names: readonly string[]): MappedHeaders {
	const compiled = mappings.map((mapping) => ({
		header: mapping.header,
		encoding: mapping.encoding ?? 'plain',
		read: compileMapping(mapping, names),
	}));
	const map: MappedHeaders = ({ claims }, parameters) => {
		const fields: (readonly [string, string])[] = [];
		for (const { header, encoding, read } of compiled) {
			const value = read(claims, parameters);
			const encoded = value === undefined ? undefined : encodeHeaderValue(value, encoding);
			if (encoded !== undefined && encoded.length <= maxValueLength && isFieldValue(encoded)) {
				fields.push([header, encoded]);
			}
		}
		return fields;
	};
	return mappings.some(usesParameters) ? map : remembered(map);
}

/** A principal of the cache keeps its headers: they depend on nothing else. */
function remembered(map: MappedHeaders): MappedHeaders {
	const known = new WeakMap<Principal, HeaderList>();
	return (principal, parameters) => {
		let headers = known.get(principal);
		if (headers === undefined) {
			headers = map(principal, parameters);
			known.set(principal, headers);
		}
		return headers;
	};
}

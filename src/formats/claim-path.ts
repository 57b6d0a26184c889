/** How a configuration names a claim: a literal name, dots and URLs included, or a JSON Pointer (RFC 6901) from the root. */
import { type JsonObject, type JsonValue, member } from '#core/index';
import { compilePointer, resolvePointer } from './json-pointer.ts';

export type ClaimReader = (claims: JsonObject) => JsonValue | undefined;

/** Starts with `/`: a pointer; else literal. Reads own members only. Throws an Error for a malformed pointer. */
export function compileClaimPath(claim: string): ClaimReader {
	if (!claim.startsWith('/')) return (claims) => member(claims, claim);
	const pointer = compilePointer(claim);
	if (pointer === undefined) throw new Error(`${claim} is not a JSON Pointer`);
	return (claims) => resolvePointer(claims, pointer);
}

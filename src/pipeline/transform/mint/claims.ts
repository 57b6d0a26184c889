/**
 * What a minted token says: whose it is and for whom, by the gateway's own word, and of the client's token only what is
 * mapped. Names that decide how a token is judged are never mapped (RFC 7519 §4.1, RFC 7800 §3.1, RFC 8693 §4).
 */
import {
	isJsonObject,
	type JsonObject,
	type JsonValue,
	member,
	type Principal,
	reservedMintedClaims,
} from '#core/index';
import { mayAct } from '#formats/actor';
import { compileTemplate, templateNames } from '#formats/template';
import { compileMapping, mappingParameters, type ValueMapping } from '#formats/value-mapping';

export interface MintedClaimTerms {
	readonly issuer: string;
	/** Texts with parameters of the route in them; one at least. */
	readonly audience: readonly string[];
	readonly claims: readonly MappedClaim[];
	/** Name of the gateway as the one who acts for the subject; undefined: it does not say that it acts. */
	readonly actor: string | undefined;
	/** In the order of `evidence.parameters`. */
	readonly parameterNames: readonly string[];
}

export interface MappedClaim {
	/** Literal, of the minted token. */
	readonly name: string;
	readonly mapping: ValueMapping;
}

export type MintedClaims =
	/** Without `iat`, `exp` and `jti`. */
	| { readonly kind: 'claims'; readonly claims: JsonObject }
	/** The client's token does not allow it. */
	| {
			readonly kind: 'refused';
			readonly reason: 'claim_missing' | 'claim_mismatch';
			readonly expected: string;
			readonly found: string;
	  };

export interface MintedClaimsOf {
	(principal: Principal, parameters: readonly string[]): MintedClaims;
	/** Positions of the parameters on which the result depends. */
	readonly uses: readonly number[];
}

/** Throws an Error for a mapping of a reserved claim, and for a parameter that the route has not got. */
export function compileMintedClaims(terms: MintedClaimTerms): MintedClaimsOf {
	const { issuer, actor, parameterNames: names } = terms;
	const audience = terms.audience.map((text) => compileTemplate(text, names));
	const mapped = terms.claims.map(({ name, mapping }) => {
		if (reservedMintedClaims.some((reserved) => reserved === name)) throw new Error(`the claim ${name} is not mapped`);
		return [name, compileMapping(mapping, names)] as const;
	});
	const isClientMapped = terms.claims.some(({ name }) => name === 'client_id');
	const used = new Set([
		...terms.audience.flatMap(templateNames),
		...terms.claims.flatMap(({ mapping }) => mappingParameters(mapping)),
	]);

	function claimsOf(principal: Principal, parameters: readonly string[]): MintedClaims {
		const { subject, client, claims } = principal;
		// RFC 9068 §2.2: where no user takes part, the subject is the client.
		const sub = subject ?? client;
		if (sub === undefined) {
			return { kind: 'refused', reason: 'claim_missing', expected: 'a subject or a client', found: 'neither' };
		}
		const acts = actorOf(claims, actor);
		if ('kind' in acts) return acts;
		const [first, second] = audience;
		const members: (readonly [string, JsonValue])[] = [
			['iss', issuer],
			['sub', sub],
			['aud', second === undefined ? (first?.(parameters) ?? '') : audience.map((fill) => fill(parameters))],
		];
		if (client !== undefined && !isClientMapped) members.push(['client_id', client]);
		for (const [name, read] of mapped) {
			const value = read(claims, parameters);
			if (value !== undefined) members.push([name, value]);
		}
		if (acts.act !== undefined) members.push(['act', acts.act]);
		return { kind: 'claims', claims: Object.fromEntries(members) };
	}

	const uses = names.flatMap((name, position) => (used.has(name) ? position : []));
	return Object.assign(claimsOf, { uses });
}

type Refused = Extract<MintedClaims, { readonly kind: 'refused' }>;

/** RFC 8693 §4.1: who acts now stands outermost, and who acted before within. */
function actorOf(claims: JsonObject, actor: string | undefined): { readonly act: JsonObject | undefined } | Refused {
	const before = member(claims, 'act');
	if (before !== undefined && !isJsonObject(before)) {
		return { kind: 'refused', reason: 'claim_mismatch', expected: 'act to be an object', found: 'another act' };
	}
	if (actor === undefined) return { act: before };
	if (!mayAct(claims, [actor])) {
		return {
			kind: 'refused',
			reason: 'claim_mismatch',
			expected: `may_act to name ${actor}`,
			found: 'may_act names somebody else',
		};
	}
	return { act: { sub: actor, ...(before === undefined ? {} : { act: before }) } };
}

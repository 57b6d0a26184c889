/**
 * What an introspection answer says (RFC 7662 §2.2). Only `active: true` is a yes; everything else, `"true"` and `1` and
 * nothing included, is a no. An answer that is none at all is the server's failure and never judged here.
 */
import { type JsonObject, member, type Principal } from '#core/index';
import { type ClaimsProvider, claimsPrincipal } from '../claims-principal.ts';
import { registeredClaimsFault } from '../registered-claims.ts';

export interface IntrospectedProvider extends ClaimsProvider {
	/** Exact `iss` values; the first one is taken where the answer names none. */
	readonly issuers: readonly string[];
}

export type Judged =
	| { readonly kind: 'active'; readonly principal: Principal }
	| { readonly kind: 'refused'; readonly reason: 'token_inactive' | 'token_malformed'; readonly found: string };

/** Members that servers write as `null` where they have nothing to say. Not `cnf`: a binding is never explained away. */
const nullable: ReadonlySet<string> = new Set(
	'exp nbf iat iss sub aud jti client_id azp scope username token_type'.split(' '),
);

export function judgeAnswer(answer: JsonObject, provider: IntrospectedProvider): Judged {
	const active = member(answer, 'active');
	if (active !== true) return { kind: 'refused', reason: 'token_inactive', found: `active: ${inWords(active)}` };
	const claims = Object.fromEntries(
		Object.entries(answer).filter(([name, value]) => name !== 'active' && !(value === null && nullable.has(name))),
	);
	const fault = registeredClaimsFault(claims) ?? typeFault(claims);
	if (fault !== undefined) return { kind: 'refused', reason: 'token_malformed', found: fault };
	const issuer = member(claims, 'iss');
	const type = member(claims, 'token_type');
	return {
		kind: 'active',
		principal: claimsPrincipal(claims, provider, {
			kind: 'opaque',
			issuer: typeof issuer === 'string' ? issuer : (provider.issuers[0] ?? ''),
			type: typeof type === 'string' ? type.toLowerCase() : undefined,
		}),
	};
}

function typeFault(claims: JsonObject): string | undefined {
	for (const name of ['token_type', 'username'] as const) {
		const value = member(claims, name);
		if (value !== undefined && typeof value !== 'string') return `the member ${name} is not a string`;
	}
	return undefined;
}

function inWords(value: unknown): string {
	if (value === undefined) return 'missing';
	return typeof value === 'boolean' ? String(value) : 'not a boolean';
}

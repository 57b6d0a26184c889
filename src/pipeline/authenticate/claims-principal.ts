/**
 * Claims as a principal: those of a JWT, and those of an introspection answer, which are the same (RFC 7662 §2.2). Nothing
 * is verified here: whoever calls this decides what the result is worth.
 */
import {
	type CredentialKind,
	type JsonObject,
	type JsonValue,
	member,
	type Principal,
	type UnverifiedJws,
} from '#core/index';
import { KnownTexts } from '#formats/known-texts';

/** One reading for all tokens that say the same: a hundred thousand live tokens have a handful of scopes and audiences. */
class Shared<T extends object> {
	readonly #known = new KnownTexts<T>(1_000);
	readonly #read: (text: string) => T;

	/** `read` must depend on the text alone, and nobody may change what it gives. */
	constructor(read: (text: string) => T) {
		this.#read = read;
	}

	of(text: string): T {
		let value = this.#known.find(text);
		if (value === undefined) {
			value = this.#read(text);
			this.#known.keep(text, value);
		}
		return value;
	}
}

/** How a provider writes what has no registered claim, or several. */
export interface ClaimsProvider {
	readonly name: string;
	/** Claims that hold scopes: the first one present counts. */
	readonly scopeClaims: readonly string[];
	/** Claims whose values count as scopes beside those. */
	readonly extraScopeClaims: readonly string[];
	/** Claims that name the client: the first one present counts. */
	readonly clientClaims: readonly string[];
}

/** The claims must have passed `registeredClaimsFault`. */
export function jwtPrincipal({ claims, header }: UnverifiedJws, provider: ClaimsProvider): Principal {
	return claimsPrincipal(claims, provider, {
		kind: 'jwt',
		issuer: text(member(claims, 'iss')) ?? '',
		type: mediaType(text(member(header, 'typ'))),
	});
}

/** The same for claims of any origin; `besides`: what does not stand in them. */
export function claimsPrincipal(
	claims: JsonObject,
	provider: ClaimsProvider,
	besides: { readonly kind: CredentialKind; readonly issuer: string; readonly type: string | undefined },
): Principal {
	return {
		provider: provider.name,
		kind: besides.kind,
		issuer: besides.issuer,
		subject: text(member(claims, 'sub')),
		client: firstText(claims, provider.clientClaims),
		audiences: audiences(member(claims, 'aud')),
		scopes: scopes(claims, provider),
		claims,
		expiresAt: number(member(claims, 'exp')),
		notBefore: number(member(claims, 'nbf')),
		issuedAt: number(member(claims, 'iat')),
		confirmation: member(claims, 'cnf'),
		type: besides.type,
	};
}

/** RFC 7515 §4.1.9: `application/` may be left out, and media types do not depend on case. */
function mediaType(typ: string | undefined): string | undefined {
	return typ?.toLowerCase().replace(/^application\/(?=[^/]+$)/, '');
}

/**
 * The first scope claim that is present counts, whatever the others say, so that a token with both `scope` and `scp`
 * has one reading. A string is split at U+0020 alone (RFC 6749 §3.3), a list is taken as it is.
 */
function scopes(claims: JsonObject, provider: ClaimsProvider): ReadonlySet<string> {
	const first = firstPresent(claims, provider.scopeClaims);
	const extra = provider.extraScopeClaims.flatMap((name) => texts(member(claims, name)));
	if (extra.length === 0 && typeof first === 'string') return scopeSets.of(first);
	return new Set([...(first === undefined ? [] : scopeList(first)), ...extra]);
}

function firstPresent(claims: JsonObject, names: readonly string[]): JsonValue | undefined {
	for (const name of names) {
		const value = member(claims, name);
		if (value !== undefined) return value;
	}
	return undefined;
}

const scopeSets = new Shared((text): ReadonlySet<string> => new Set(scopeList(text)));
const audienceLists = new Shared((text): readonly string[] => [text]);

function audiences(value: JsonValue | undefined): readonly string[] {
	return typeof value === 'string' ? audienceLists.of(value) : texts(value);
}

function scopeList(value: JsonValue): readonly string[] {
	return typeof value === 'string' ? value.split(' ').filter((scope) => scope !== '') : texts(value);
}

function firstText(claims: JsonObject, names: readonly string[]): string | undefined {
	for (const name of names) {
		const value = text(member(claims, name));
		if (value !== undefined) return value;
	}
	return undefined;
}

function text(value: JsonValue | undefined): string | undefined {
	return typeof value === 'string' ? value : undefined;
}

function number(value: JsonValue | undefined): number | undefined {
	return typeof value === 'number' ? value : undefined;
}

function texts(value: JsonValue | undefined): readonly string[] {
	if (typeof value === 'string') return [value];
	return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

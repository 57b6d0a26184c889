/**
 * Is what the server gave what was asked for? A token of another type, for somebody else, or one that allows more, is
 * not handed on, whatever the server's reasons were (RFC 8693 §2.2.1, §5).
 */
import { type JsonObject, member } from '#core/index';
import { type IssuedToken, scopesIn } from '#keys/authorization-server/token-answer';
import { accessTokenType, type ExchangeTarget, type ExchangeTerms, jwtType } from './parameters.ts';

/**
 * Undefined when it is; else what is wrong, without a value of the answer. `held`: scopes of the client's token, the most
 * that is taken where the route asks for none. Not checked: the signature, and what an opaque token says.
 */
export function faultOfExchanged(
	issued: IssuedToken,
	terms: ExchangeTerms,
	target: ExchangeTarget,
	held: ReadonlySet<string>,
): string | undefined {
	const { claims } = issued;
	return (
		faultOfType(issued, terms) ??
		(issued.hasRefreshToken ? 'the server issued a refresh token along with it' : undefined) ??
		faultOfScope(issued, terms, target, held) ??
		(claims === undefined ? undefined : faultOfAudience(claims, target))
	);
}

function faultOfType({ type }: IssuedToken, { grant, requestedType }: ExchangeTerms): string | undefined {
	// The JWT bearer grant knows no issued_token_type (RFC 7523 §2.1).
	if (grant === 'on_behalf_of') return undefined;
	if (type === undefined) return 'issued_token_type is missing in the answer';
	const accepted = requestedType === undefined ? [accessTokenType, jwtType] : [requestedType];
	return accepted.includes(type) ? undefined : 'the server issued a token of another type';
}

function faultOfScope(
	{ scopes, claims }: IssuedToken,
	{ grant }: ExchangeTerms,
	{ scope }: ExchangeTarget,
	held: ReadonlySet<string>,
): string | undefined {
	if (grant === 'on_behalf_of') {
		return scopes?.every((each) => isEntraScope(each, scope)) === false ? wider : undefined;
	}
	const allowed = scope.length === 0 ? held : new Set(scope);
	const given = [...(scopes ?? []), ...(claims === undefined ? [] : scopesOf(claims))];
	return given.every((each) => allowed.has(each)) ? undefined : wider;
}

const wider = 'the server issued a token with more scopes than asked for';

/** As our own reading of a JWT access token has it: a text, or a list (RFC 9068 §2.2.3). */
function scopesOf(claims: JsonObject): readonly string[] {
	const scope = member(claims, 'scope') ?? member(claims, 'scp');
	if (typeof scope === 'string') return scopesIn(scope);
	return Array.isArray(scope) ? scope.map(String) : [];
}

const openIdScopes: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

/** Entra compares without regard to case, adds those of OpenID Connect, and fills in what `.default` stands for. */
function isEntraScope(given: string, asked: readonly string[]): boolean {
	const scope = given.toLowerCase();
	if (openIdScopes.has(scope)) return true;
	return asked.some((each) => {
		const wanted = each.toLowerCase();
		if (wanted === scope) return true;
		return wanted.endsWith('/.default') && scope.startsWith(wanted.slice(0, -'.default'.length));
	});
}

/** Every one that it is for must be one that was asked for: else whoever gets it could use it elsewhere. */
function faultOfAudience(claims: JsonObject, { audience, resource }: ExchangeTarget): string | undefined {
	const asked = [...audience, ...resource];
	if (asked.length === 0) return undefined;
	const stated = member(claims, 'aud');
	const audiences: readonly unknown[] = Array.isArray(stated) ? stated : stated === undefined ? [] : [stated];
	if (audiences.length === 0) return 'the server issued a token without an audience';
	const isAsked = audiences.every((each) => typeof each === 'string' && asked.includes(each));
	return isAsked ? undefined : 'the server issued a token for another audience';
}

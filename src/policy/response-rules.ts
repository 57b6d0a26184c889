/**
 * What becomes of what a route's upstream says: decided once, when the route is compiled. A response then costs what it
 * cost before, plus two looks for a name.
 */
import type { UpstreamResponseDefinition } from '#config/definition';
import type { Challenge, CredentialLocation, HeaderList, ResponseRules } from '#core/index';
import { formatChallenge } from '#formats/challenge';
import { rewriteSetCookie, setCookieName } from '#formats/set-cookie';

export interface ResponseRulesContent {
	readonly definition: UpstreamResponseDefinition;
	/** Undefined on a public route. */
	readonly guard: { readonly challenge: Challenge; readonly locations: readonly CredentialLocation[] } | undefined;
	readonly stripPrefix: string | undefined;
	readonly addPrefix: string;
	/** Names of cookies that no upstream sets: those of the gateway's sessions. */
	readonly ownCookies: readonly string[];
}

/** By which the upstream would negotiate credentials that are the gateway's affair (RFC 9110 §11.6, RFC 9449 §8). */
const authenticationFields = ['www-authenticate', 'authentication-info', 'dpop-nonce'] as const;

export function compileResponseRules({
	definition,
	guard,
	stripPrefix,
	addPrefix,
	ownCookies,
}: ResponseRulesContent): ResponseRules {
	const { wwwAuthenticate, setCookie, tokenEcho, remove, sharedCache } = definition;
	const dropped = new Set(remove);
	if (wwwAuthenticate !== 'pass') for (const name of authenticationFields) dropped.add(name);
	if (setCookie === 'strip') dropped.add('set-cookie');
	const mapPath = cookiePathOf(stripPrefix, addPrefix);
	return {
		dropped,
		rewriteCookie: withoutOwn(
			ownCookies,
			setCookie === 'rewrite' ? (value) => rewriteSetCookie(value, mapPath) : undefined,
		),
		challenge: wwwAuthenticate === 'rewrite' && guard !== undefined ? plainChallengeOf(guard.challenge) : [],
		caching: guard === undefined || sharedCache ? undefined : { vary: varyOf(guard.locations) },
		echo: tokenEcho,
	};
}

/** A backend that sets the cookie of a session could put its visitors into somebody else's. */
function withoutOwn(
	names: readonly string[],
	rewrite: ((value: string) => string) | undefined,
): ((value: string) => string) | undefined {
	if (names.length === 0) return rewrite;
	const own = new Set(names);
	return (value) => {
		if (own.has(setCookieName(value))) return '';
		return rewrite === undefined ? value : rewrite(value);
	};
}

/** Without an error: the client's token was good, and it was not the client who was refused (RFC 6750 §3.1). */
function plainChallengeOf({ schemes, realm, proofAlgorithms }: Challenge): HeaderList {
	return schemes.map((scheme) => [
		'www-authenticate',
		formatChallenge(scheme, [
			['realm', realm],
			['algs', scheme === 'DPoP' ? proofAlgorithms : undefined],
		]),
	]);
}

/** The fields from which the route takes tokens; what stands in the URL is the cache's key already. */
function varyOf(locations: readonly CredentialLocation[]): readonly string[] {
	const names = new Set<string>();
	for (const location of locations) {
		if (location.in === 'cookie') names.add('Cookie');
		else if (location.in === 'header') names.add(location.name === 'authorization' ? 'Authorization' : location.name);
	}
	return [...names];
}

/** From a path of the upstream to the one that the client sees: the way of a request's path back. */
function cookiePathOf(stripped: string | undefined, added: string): (path: string) => string {
	const prefix = stripped?.replace(/\/+$/, '') ?? '';
	const front = added.replace(/\/+$/, '');
	return (path) => {
		if (path === front || path.startsWith(`${front}/`)) return `${prefix}${path.slice(front.length)}` || '/';
		// A path above everything that this route reaches.
		return prefix === '' ? '/' : prefix;
	};
}

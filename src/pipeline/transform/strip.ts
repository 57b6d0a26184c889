/**
 * What never travels on to an upstream, on any route: the client's credentials, and every header by which a backend
 * might recognise a caller (invariants 1 and 4). Names are canonical: lower-case, and `-` for whatever is neither letter
 * nor digit, because CGI, WSGI and PHP backends read several spellings as one.
 */
import type { CredentialLocation, HeaderStrip } from '#core/index';

/** Headers that carry or follow from the client's own credential (RFC 9110 §11.6, RFC 9449, RFC 9440). */
const credentialHeaders = [
	'authorization',
	'proxy-authorization',
	'dpop',
	'client-cert',
	'client-cert-chain',
	'x-forwarded-client-cert',
	'x-arr-clientcert',
	'x-client-cert',
	'x-ssl-cert',
	'x-ssl-client-cert',
	'ssl-client-cert',
] as const;

/** Headers by which widespread gateways and identity proxies name the caller; nobody outside may set them. */
const identityHeaders = [
	'remote-user',
	'x-remote-user',
	'x-forwarded-user',
	'x-forwarded-email',
	'x-forwarded-groups',
	'x-forwarded-preferred-username',
	'x-forwarded-access-token',
	'x-user',
	'x-userinfo',
	'x-authenticated-userid',
	'x-authenticated-scope',
	'x-authenticated-groups',
	'x-credential-identifier',
	'x-anonymous-consumer',
	'x-id-token',
	'x-access-token',
] as const;
const identityPrefixes = [
	'x-ms-client-principal',
	'x-ms-token-',
	'x-consumer-',
	'x-jwt-claim-',
	'x-auth-request-',
	'x-remote-',
] as const;

export function canonicalHeader(name: string): string {
	return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
}

/**
 * `written`: every header that any route of the configuration writes. `locations`: every place from which any provider
 * takes tokens. One set for all routes: what one backend trusts must not be settable through another route.
 */
export function stripFor(written: readonly string[], locations: readonly CredentialLocation[]): HeaderStrip {
	const tokenHeaders = locations.filter((location) => location.in === 'header').map((location) => location.name);
	return {
		names: new Set([...credentialHeaders, ...identityHeaders, ...written, ...tokenHeaders].map(canonicalHeader)),
		prefixes: identityPrefixes,
	};
}

/**
 * The same with the places let through from which this route takes its tokens: only for `insecure_passthrough`. A
 * credential that stands elsewhere was not looked at, and stays behind.
 */
export function withPassthrough(strip: HeaderStrip, own: readonly CredentialLocation[]): HeaderStrip {
	const names = new Set(strip.names);
	for (const location of own) if (location.in === 'header') names.delete(canonicalHeader(location.name));
	if (!names.has('authorization')) names.delete('dpop');
	return { names, prefixes: strip.prefixes };
}

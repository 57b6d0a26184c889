/**
 * Finds the one credential of a request (RFC 6750 §2). Where the route's providers look for it is configuration; that
 * there is exactly one is not: a request with two is refused rather than read in one of two ways.
 */
import type { Check, Credential, CredentialLocation, Evidence, Reason, RequestView } from '#core/index';
import { isWellFormed, splitAuthorization } from '#formats/authorization';
import { cookieValues } from '#formats/cookie';
import { queryValues } from '#formats/query';
import { looksLikeSharedAccess, sharedAccessSchemes } from '#formats/shared-access/shared-access';

export interface CredentialOptions {
	/** Every place in which a provider of this route expects its tokens. */
	readonly locations: readonly CredentialLocation[];
	/** Authentication schemes accepted in `Authorization`, lower-case. */
	readonly schemes: ReadonlySet<string>;
	/** Characters; a longer token is refused unread. */
	readonly maxTokenLength: number;
}

/** RFC 6750 §2.1 b64token: what a token may consist of wherever it stands. */
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The scheme of a shared access signature that stands without one. */
const bareSignature = 'sharedaccesssignature';

type Found = Credential | Reason | null;

/** `credential_missing`, `scheme_unsupported`, `credential_malformed`, `credential_repeated`, and `token_malformed` for one over the limit. */
export function createCredentialCheck(options: CredentialOptions): Check {
	const { locations, schemes, maxTokenLength } = options;
	const onlyAuthorization = locations.length === 1 && isAuthorization(locations[0]);
	const readsAuthorization = locations.some(isAuthorization);

	function judge(evidence: Evidence): Reason | null {
		let found: Found = null;
		for (const location of locations) {
			const here = readLocation(location, evidence, schemes);
			if (here === null) continue;
			// A scheme that is not ours is only worth a complaint when nothing else was sent.
			if (here === 'scheme_unsupported') {
				found ??= here;
				continue;
			}
			if (typeof here === 'string') return here;
			if (found !== null && typeof found !== 'string') return 'credential_repeated';
			found = here;
		}
		if (found === null) return 'credential_missing';
		if (typeof found === 'string') return found;
		// RFC 6750 §2: never more than one method, even where this route would not read the second one.
		if (readsAuthorization && found.location.in === 'header' && evidence.query !== '') {
			if (queryValues(evidence.query, 'access_token').length > 0) return 'credential_repeated';
		}
		if (found.token.length > maxTokenLength) return 'token_malformed';
		evidence.credential = found;
		return null;
	}

	return {
		name: 'credential',
		needs: 'request',
		judge,
		expected: () =>
			onlyAuthorization
				? `one token in the Authorization header, at most ${maxTokenLength} characters`
				: `one token in ${locations.map(describeLocation).join(' or ')}, at most ${maxTokenLength} characters`,
		found: (evidence) => describeFound(evidence, locations),
	};
}

function isAuthorization(location: CredentialLocation | undefined): boolean {
	return location?.in === 'header' && location.name === 'authorization';
}

function readLocation(location: CredentialLocation, evidence: Evidence, schemes: ReadonlySet<string>): Found {
	const { request } = evidence;
	switch (location.in) {
		case 'header':
			return isAuthorization(location)
				? readAuthorization(location, request, schemes)
				: readHeader(location, request, schemes);
		case 'cookie': {
			const count = request.headerCount('cookie');
			if (count === 0) return null;
			const values = count === 1 ? cookieValues(request.header('cookie') ?? '', location.name) : undefined;
			// Several Cookie lines can be put together in more than one way (RFC 6265bis §5.8.1 sends one).
			if (values === undefined) return 'credential_repeated';
			return readOnly(values, location, schemes);
		}
		case 'query':
			return evidence.query === '' ? null : readOnly(queryValues(evidence.query, location.name), location, schemes);
	}
}

function readAuthorization(location: CredentialLocation, request: RequestView, schemes: ReadonlySet<string>): Found {
	const count = request.headerCount('authorization');
	if (count === 0) return null;
	if (count > 1) return 'credential_repeated';
	if (location.scheme === 'any') return readAnyScheme(location, request.header('authorization') ?? '');
	// Whether the credential is well formed is asked in `authenticate/well-formed`: of a token that is known it has been.
	const parsed = splitAuthorization(request.header('authorization') ?? '');
	if (parsed === 'malformed') return 'credential_malformed';
	const isTaken = schemes.has(parsed.scheme) && (location.scheme === undefined || location.scheme === parsed.scheme);
	if (!isTaken) return isWellFormed(parsed) ? 'scheme_unsupported' : 'credential_malformed';
	if (parsed.token === '') return 'credential_malformed';
	return { scheme: parsed.scheme, token: parsed.token, location };
}

/** A scheme that means nothing to us is one word before the token; DPoP alone says how the token is to be used. */
function readAnyScheme(location: CredentialLocation, value: string): Found {
	const match = /^(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]+)?(\S+)$/.exec(value);
	if (match === null) return value === '' ? null : 'credential_malformed';
	const [, scheme = '', token = ''] = match;
	return { scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token, location };
}

function readHeader(location: CredentialLocation, request: RequestView, schemes: ReadonlySet<string>): Found {
	const count = request.headerCount(location.name);
	if (count === 0) return null;
	if (count > 1) return 'credential_repeated';
	const value = request.header(location.name) ?? '';
	return readText(value.replace(/^bearer +/i, ''), location, schemes);
}

function readOnly(values: readonly string[], location: CredentialLocation, schemes: ReadonlySet<string>): Found {
	const [value] = values;
	if (value === undefined) return null;
	return values.length > 1 ? 'credential_repeated' : readText(value, location, schemes);
}

/** A value that stands alone: a shared access signature with its scheme or recognised by its shape, else a b64token. */
function readText(value: string, location: CredentialLocation, schemes: ReadonlySet<string>): Found {
	const [, named = '', rest = ''] = /^([A-Za-z]+) +([^ ][^]*)$/.exec(value) ?? [];
	const scheme = named.toLowerCase();
	if (sharedAccessSchemes.has(scheme) && schemes.has(scheme)) return { scheme, token: rest, location };
	if (schemes.has(bareSignature) && looksLikeSharedAccess(value)) {
		return { scheme: bareSignature, token: value, location };
	}
	if (!b64token.test(value)) return 'credential_malformed';
	return schemes.has('bearer') ? { scheme: 'bearer', token: value, location } : 'scheme_unsupported';
}

function describeLocation(location: CredentialLocation): string {
	switch (location.in) {
		case 'header':
			return `the ${location.name} header`;
		case 'cookie':
			return `the cookie ${location.name}`;
		case 'query':
			return `the query parameter ${location.name}`;
	}
}

function describeFound(evidence: Evidence, locations: readonly CredentialLocation[]): string {
	const { credential, request } = evidence;
	if (credential !== undefined) return `a ${credential.scheme} token of ${credential.token.length} characters`;
	const lines = locations
		.filter((location) => location.in === 'header')
		.map((location) => `${request.headerCount(location.name)} ${location.name} header(s)`);
	return lines.length > 0 ? lines.join(', ') : 'no readable credential';
}

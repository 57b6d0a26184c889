/**
 * `validate-jwt` and `validate-azure-ad-token` as providers and rules of a route. Every default that differs is written out,
 * so that both decide alike; where rules would take what the policy refuses, the policy is kept.
 */
import { defaults } from '#config/defaults';
import { canHoldToken } from '#config/header-names';
import type { ProviderFile, RouteFile } from '#config/schema';
import type { Algorithm, DenyReason } from '#core/index';
import { isFieldName } from '#formats/header-value';
import type { Statement } from '../statements/statement.ts';
import type { TextValue } from '../statements/value.ts';
import { translateClaims } from './claims.ts';
import { type Discovered, discoveredIssuers, entraTenant } from './issuers.ts';
import { type KeySurroundings, type KnownCertificate, translateDecryptionKeys, translateSigningKeys } from './keys.ts';
import { issuesIdTokens } from './known-issuers.ts';
import type { Notes, Spot } from './notes.ts';
import type { References } from './references.ts';

export type Validation = Statement & { readonly kind: 'validate-jwt' | 'validate-azure-ad-token' };

export interface ValidationSurroundings {
	readonly certificates: ReadonlyMap<string, KnownCertificate>;
	/** What metadata documents name, by their URL. */
	readonly issuers: ReadonlyMap<string, string>;
	readonly references: References;
	readonly notes: Notes;
	/** Status that `on-error` gives every refusal; undefined: that of the statement. */
	readonly status: number | undefined;
}

export interface TranslatedValidation {
	readonly providers: readonly ProviderFile[];
	readonly rules: Pick<RouteFile, 'audience' | 'insecure_any_audience' | 'clients' | 'claims' | 'scopes' | 'responses'>;
}

/** What a discovered key may sign with, of what policies take by default: a key that is fetched is no shared secret. */
const discoveredAlgorithms: readonly Algorithm[] = defaults.apimAlgorithms.filter((name) => !name.startsWith('HS'));

/** Undefined after saying why not. */
export function translateValidation(
	spec: Validation,
	around: ValidationSurroundings,
): TranslatedValidation | undefined {
	const { references, notes, certificates } = around;
	const { file } = spec.place;
	const marked = references.marked(spec);
	if (marked === undefined || !isValidation(marked)) {
		return notes.keep(spec.place, 'a named value stands where the statement cannot be read without it');
	}
	const keySurroundings: KeySurroundings = { file, certificates, references, notes };
	const claims = translateClaims(spec.claims, marked.claims, { file, references, notes });
	const status = readStatus(spec, around);
	const tokenFrom = readPlace(spec, marked, notes);
	const skew = readConstant(spec.clockSkew, 'clock-skew', spec, notes);
	const requiresExpiration = readConstant(spec.requireExpiration, 'require-expiration-time', spec, notes);
	if (requiresExpiration === false) notes.keep(spec.place, 'require-expiration-time="false": natively a token has exp');
	if (spec.message?.kind === 'expression') notes.keep(at(spec, spec.message), 'the message depends on the request');
	const trust = readTrust(spec, marked, keySurroundings, around);
	const audience = readAudience(spec, around);
	const clients = writtenList(spec.clients, 'client-application-ids', spec, around);
	const decryption = translateDecryptionKeys(spec.decryptionKeys, marked.decryptionKeys, keySurroundings);
	for (const issuer of trust?.flatMap((provider) => [provider.issuer ?? []].flat()) ?? []) {
		if (!issuesIdTokens(issuer, { hasAudience: audience.list !== undefined })) continue;
		notes.keep(spec.place, `the JWTs of ${issuer} are ID tokens: natively none opens a route`);
	}
	if (trust === undefined || tokenFrom === undefined || status === undefined || skew === undefined) return undefined;
	const own: ProviderFile = {
		clock_skew: `${skew}s`,
		...(spec.clients.length === 0 ? {} : { client_claims: ['azp', 'appid'] }),
		...(claims.scopeClaim === undefined ? {} : { scope_claims: [claims.scopeClaim], extra_scope_claims: [] }),
		...(claims.required.length === 0 ? {} : { required_claims: [...claims.required] }),
		...(decryption === undefined ? {} : { decryption_keys: decryption }),
		token_from: tokenFrom,
	};
	const backendClaim = audience.also === undefined ? {} : { aud: { any_of: [...audience.also] } };
	const allClaims = { ...claims.claims, ...backendClaim };
	const reads = { claims: Object.keys(allClaims).length + claims.required.length > 0, clients: clients.length > 0 };
	tellDifferences(spec, notes);
	return {
		providers: trust.map((provider) => ({ ...provider, ...own })),
		rules: {
			...(audience.list === undefined ? { insecure_any_audience: true } : { audience: oneOrMany(audience.list) }),
			...(clients.length === 0 ? {} : { clients: [...clients] }),
			...(claims.scopes === undefined ? {} : { scopes: claims.scopes }),
			...(Object.keys(allClaims).length === 0 ? {} : { claims: allClaims }),
			responses: statusesOf(status, { ...reads, scopes: claims.scopes !== undefined }),
		},
	};
}

function isValidation(statement: Statement): statement is Validation {
	return statement.kind === 'validate-jwt' || statement.kind === 'validate-azure-ad-token';
}

function at({ place: { file } }: Statement, { position }: TextValue): Spot {
	return { file, position };
}

function oneOrMany(list: readonly string[]): string | string[] {
	const [only, second] = list;
	return only !== undefined && second === undefined ? only : [...list];
}

function readConstant<T>(
	value: { readonly kind: 'constant'; readonly value: T } | (TextValue & { readonly kind: 'expression' }),
	name: string,
	spec: Validation,
	notes: Notes,
): T | undefined {
	if (value.kind === 'constant') return value.value;
	return notes.keep(at(spec, value), `${name} depends on the request`);
}

function readStatus(spec: Validation, { status, notes }: ValidationSurroundings): 401 | 403 | undefined {
	const own = status ?? readConstant(spec.status, 'failed-validation-httpcode', spec, notes);
	if (own === undefined || own === 401 || own === 403) return own;
	return notes.keep(spec.place, `the status ${own} of a refusal: natively it is 401 or 403`);
}

/** Statuses of the refusals that these rules come to, as far as they are not so by themselves. */
function statusesOf(
	status: 401 | 403,
	reads: { readonly claims: boolean; readonly clients: boolean; readonly scopes: boolean },
): RouteFile['responses'] {
	const unreadable: readonly DenyReason[] = ['credential_malformed', 'credential_repeated'];
	const moved: readonly DenyReason[] =
		status === 403
			? [...unreadable, ...tokenReasons]
			: [
					...unreadable,
					...(reads.claims ? (['claim_missing', 'claim_mismatch'] as const) : []),
					...(reads.clients ? (['client_not_allowed'] as const) : []),
					...(reads.scopes ? (['scope_insufficient'] as const) : []),
				];
	return Object.fromEntries(moved.map((reason) => [reason, status]));
}

/** Those of 401 that a route with JWTs comes to. */
const tokenReasons: readonly DenyReason[] = [
	'credential_missing',
	'scheme_unsupported',
	'token_malformed',
	'token_type_rejected',
	'algorithm_rejected',
	'issuer_unknown',
	'key_unknown',
	'signature_invalid',
	'token_expired',
	'token_not_yet_valid',
	'audience_mismatch',
	'token_revoked',
	'binding_missing',
	'binding_mismatch',
	'dpop_proof_invalid',
	'dpop_proof_replayed',
	'dpop_nonce_required',
];

function readPlace(spec: Validation, marked: Validation, notes: Notes): ProviderFile['token_from'] {
	const { token, requireScheme } = spec;
	if (token.in === 'value') return notes.keep(at(spec, token.value), 'token-value depends on the request');
	if (token.name.kind === 'expression')
		return notes.keep(at(spec, token.name), 'the place of the token depends on the request');
	const name = token.name.text;
	if (marked.token.in === 'value' || marked.token.name.kind === 'expression' || marked.token.name.text !== name) {
		return notes.keep(at(spec, token.name), 'the place of the token is a named value');
	}
	if (token.in === 'query') return { insecure_query: name };
	if (name.toLowerCase() !== 'authorization') {
		if (!isFieldName(name) || !canHoldToken(name))
			return notes.keep(at(spec, token.name), `natively no token stands in the header ${name}`);
		notes.add('stricter', at(spec, token.name), `in ${name} nothing but Bearer and a blank may stand before the token`);
		return { header: name };
	}
	if (requireScheme === undefined) return { header: name, scheme: 'any' };
	const isBearer = requireScheme.kind === 'constant' && requireScheme.text.toLowerCase() === 'bearer';
	if (isBearer) notes.add('stricter', at(spec, requireScheme), 'between Bearer and the token stand blanks, no tab');
	return isBearer
		? { header: name, scheme: 'bearer' }
		: notes.keep(at(spec, requireScheme), 'require-scheme: natively the scheme is Bearer, or any');
}

/** Texts as written; a note for each that cannot be written. */
function writtenList(
	values: readonly TextValue[],
	what: string,
	spec: Validation,
	{ references, notes }: ValidationSurroundings,
): readonly string[] {
	const { file } = spec.place;
	return values.flatMap((value) => {
		if (value.kind === 'expression') notes.keep(at(spec, value), `${what}: a value depends on the request`);
		const text = references.written({ ...value, file });
		if (value.kind === 'constant' && text === undefined)
			notes.keep(at(spec, value), `${what}: a value cannot be written`);
		return text === undefined ? [] : [text];
	});
}

/** `also`: what one of must be in `aud` besides. `list` undefined: whomever a token is for. */
function readAudience(
	spec: Validation,
	around: ValidationSurroundings,
): { readonly list: readonly string[] | undefined; readonly also: readonly string[] | undefined } {
	const { notes } = around;
	const braced = [...spec.audiences, ...spec.backends].find(
		(value) => value.kind === 'constant' && /[{}]/.test(value.text),
	);
	if (braced !== undefined)
		notes.keep(at(spec, braced), 'an audience with braces, which are parameters of the path natively');
	const own = writtenList(spec.audiences, 'audiences', spec, around);
	const backends = writtenList(spec.backends, 'backend-application-ids', spec, around).flatMap((id) => [
		id,
		`api://${id}`,
	]);
	if (spec.audiences.length > 0 && spec.backends.length > 0) {
		if (spec.claims.some(({ name }) => name === 'aud')) notes.keep(spec.place, 'aud is judged in three places');
		return { list: own, also: backends };
	}
	if (spec.audiences.length > 0) return { list: own, also: undefined };
	return { list: spec.backends.length > 0 ? backends : undefined, also: undefined };
}

type Trust = readonly ProviderFile[];

/** Whose tokens count: a provider for each metadata document, or one for the keys of the policy. */
function readTrust(
	spec: Validation,
	marked: Validation,
	keySurroundings: KeySurroundings,
	around: ValidationSurroundings,
): Trust | undefined {
	const { notes } = around;
	if (spec.kind === 'validate-azure-ad-token') {
		const provider = entraTenant(spec, around);
		return provider === undefined ? undefined : [{ ...provider, algorithms: [...discoveredAlgorithms] }];
	}
	const issuers = [...new Set(writtenList(spec.issuers, 'issuers', spec, around))];
	const [first, second] = spec.configurations;
	if (first === undefined) {
		if (spec.signingKeys.length === 0) return notes.keep(spec.place, 'neither openid-config nor a key');
		if (spec.issuers.length === 0) {
			return notes.keep(spec.place, 'no issuers: natively a token is of a provider by its iss');
		}
		const keys = translateSigningKeys(spec.signingKeys, marked.signingKeys, keySurroundings);
		if (keys === undefined) return undefined;
		return [{ issuer: oneOrMany(issuers), ...keys.source, algorithms: [...keys.algorithms] }];
	}
	if (spec.signingKeys.length > 0) {
		return notes.keep(spec.place, 'openid-config and keys together: natively a provider has one source of keys');
	}
	const discovered = discoveredIssuers(spec, around);
	if (discovered === undefined) return undefined;
	return second === undefined
		? oneSource(discovered, issuers, at(spec, first), notes)
		: sources(discovered, issuers, spec, notes);
}

function oneSource(
	[found]: readonly Discovered[],
	issuers: readonly string[],
	spot: Spot,
	notes: Notes,
): Trust | undefined {
	if (found === undefined) return undefined;
	if (found.kind === 'exact') return [discoveredProvider(found, issuers)];
	if (issuers.length > 0) return notes.keep(spot, 'issuers beside metadata of every tenant');
	const { jwksUri } = found;
	return [{ preset: 'entra', insecure_any_tenant: true, jwks_uri: jwksUri, algorithms: [...discoveredAlgorithms] }];
}

/** Several documents: natively the keys of each vouch for its own issuer alone. */
function sources(
	found: readonly Discovered[],
	issuers: readonly string[],
	spec: Validation,
	notes: Notes,
): Trust | undefined {
	const exact = found.flatMap((each) => (each.kind === 'exact' ? [each] : []));
	const known = new Set(exact.map(({ issuer }) => issuer));
	if (exact.length < found.length || known.size < found.length) {
		return notes.keep(spec.place, 'several openid-config, and not each has one issuer of its own');
	}
	if (issuers.some((issuer) => !known.has(issuer))) {
		return notes.keep(
			spec.place,
			'several openid-config, and an issuer that is of none of them: any of their keys may sign for it',
		);
	}
	if (issuers.length > 0) {
		notes.add('stricter', spec.place, 'the keys of one openid-config no longer sign for the issuer of another');
	}
	return exact.map((each) => discoveredProvider(each, []));
}

/** The issuer of the metadata comes first: it is the one that the gateway holds the document against. */
function discoveredProvider({ issuer, url }: Discovered & { kind: 'exact' }, more: readonly string[]): ProviderFile {
	return {
		issuer: oneOrMany([...new Set([issuer, ...more])]),
		discovery_uri: url,
		algorithms: [...discoveredAlgorithms],
	};
}

/** What is so for every translation. */
function tellDifferences(spec: Validation, notes: Notes): void {
	const { place, token, message } = spec;
	const lost = message?.kind === 'constant' ? `, without the words ${JSON.stringify(message.text)}` : '';
	notes.add('answer', place, `the body of a refusal is application/problem+json (RFC 9457)${lost}`);
	notes.add('stricter', place, 'refuses ID tokens, and tokens whose typ is neither JWT nor at+jwt nor absent');
	notes.add('stricter', place, 'refuses tokens whose iat lies ahead, or after exp');
	const isAuthorization =
		token.in === 'header' && token.name.kind === 'constant' && /^authorization$/i.test(token.name.text);
	if (isAuthorization) {
		notes.add('stricter', place, 'refuses requests that have a parameter access_token beside Authorization');
	}
}

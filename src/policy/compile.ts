/** From the definition to the policy: every rule becomes a check in its place, every list a set, every template a function. */

import type { CorsRules } from '#answers/cors';
import type {
	Definition,
	ProviderDefinition,
	ProviderRules,
	RouteDefinition,
	UpstreamDefinition,
} from '#config/definition';
import type {
	BackendToken,
	Check,
	Clock,
	CredentialLocation,
	DecryptionKey,
	Effect,
	HeaderStrip,
	ResponseRules,
	RouteProgram,
	SessionPages,
	SessionSource,
	Upstream,
} from '#core/index';
import { compileBlocks } from '#formats/ip';
import { readPathPattern } from '#formats/route-pattern';
import { sharedAccessTraits } from '#formats/shared-access/format';
import type { KeyPairs } from '#keys/pairs/key-pairs';
import { admitJwk } from '#keys/verification/jwk';
import type { KeySource } from '#keys/verification/key-source';
import type { Introspector } from '#pipeline/authenticate/introspection/introspector';
import { createSessionCheck } from '#pipeline/authenticate/session';
import { createAudienceCheck } from '#pipeline/authorize/audience';
import { createAuthenticationContextCheck } from '#pipeline/authorize/authentication-context';
import { createBindingCheck } from '#pipeline/authorize/binding';
import type { ProofRules } from '#pipeline/authorize/binding-proof';
import { createClaimsCheck } from '#pipeline/authorize/claims';
import { createClientCheck } from '#pipeline/authorize/client';
import { createIssuerCheck } from '#pipeline/authorize/issuer';
import { createLifetimeCheck } from '#pipeline/authorize/lifetime';
import { createRemainingLifetimeCheck } from '#pipeline/authorize/remaining-lifetime';
import { createReplayEffect } from '#pipeline/authorize/replay';
import { createResourceCheck } from '#pipeline/authorize/resource';
import { createRevocationCheck, type Revoked } from '#pipeline/authorize/revocation';
import { createScopesCheck } from '#pipeline/authorize/scopes';
import { createTimeCheck } from '#pipeline/authorize/time';
import { createTypeCheck } from '#pipeline/authorize/type';
import { type CertificateOf, createCertificateOf } from '#pipeline/extract/client-certificate';
import { createCredentialCheck } from '#pipeline/extract/credential';
import type { RateLimit } from '#pipeline/limit/rate-limit';
import { compileClaimsToHeaders, type MappedHeaders } from '#pipeline/transform/claims-to-headers';
import { stripFor, withPassthrough } from '#pipeline/transform/strip';
import { compileAuthenticators, type ProviderUse } from './authenticators.ts';
import { type ChallengeSettings, compileChallenge, plainChallenge, schemesOf } from './challenge.ts';
import { createKindOf } from './credential-kind.ts';
import { createGenuineTokens, type GenuineTokens } from './genuine-tokens.ts';
import { compileHost } from './host-matcher.ts';
import { oncePerContent } from './once-per-content.ts';
import type { OwnDocuments } from './own-documents.ts';
import type { Policy, PolicyCryptography, ProofSupport } from './policy.ts';
import { createProofKeys } from './proof-keys.ts';
import { createUrlOf, hostOfUrls } from './request-url.ts';
import { compileResponseRules, type ResponseRulesContent } from './response-rules.ts';
import { compileRouteLimits, type RouteLimits } from './route-limits.ts';
import type { Guard, GuardProgram, ProviderPolicy, RoutePolicy } from './route-policy.ts';
import { createRouteTable } from './route-table.ts';

export interface CompileOptions {
	/** Key source of each provider that has one, by name. */
	readonly keys: ReadonlyMap<string, KeySource>;
	/** Key pairs of each provider of shared access signatures, by name. */
	readonly pairs: ReadonlyMap<string, KeyPairs>;
	/** What asks each provider that is asked about its tokens, by name. */
	readonly introspectors: ReadonlyMap<string, Introspector>;
	/** Keys of each provider whose tokens may be encrypted, by name. */
	readonly decryption: ReadonlyMap<string, readonly DecryptionKey[]>;
	/** What each route's upstream gets in place of the client's token, where that is anything. */
	readonly backendTokens?: ReadonlyMap<RouteDefinition, BackendToken>;
	/** What decides on each route that has a program of its own. */
	readonly programs?: ReadonlyMap<RouteDefinition, RouteProgram>;
	/** What the gateway serves itself, before any route. Default: nothing. */
	readonly ownDocuments?: OwnDocuments | undefined;
	/** Rate limits, by name. */
	readonly rateLimits: ReadonlyMap<string, RateLimit>;
	/** Browser sessions, by name, and their pages; default none. */
	readonly sessions?: { readonly sources: ReadonlyMap<string, SessionSource>; readonly pages: SessionPages };
	/** What has been revoked. */
	readonly revoked: Revoked;
	/** What proofs of possession need beside the request. */
	readonly proofs: ProofSupport;
	readonly clock: Clock;
	readonly cryptography: PolicyCryptography;
	/** Keyed digest of a token's digest, for audit records. */
	readonly tokenId: (digest: string) => string;
	/** Genuine tokens to carry over from the policy before; entries of changed providers do not count there. */
	readonly genuine?: GenuineTokens;
}

/** Throws an Error that names the route for a definition that contradicts itself; `loadConfig` reports those before. */
export function compilePolicy(definition: Definition, options: CompileOptions): Policy {
	const providers = new Map(definition.providers.map((provider) => [provider.name, provider]));
	const locations = definition.providers.flatMap((provider) => provider.tokenFrom);
	const ruleLocations = definition.routes.flatMap((route) => route.rules.flatMap((rules) => rules.tokenFrom));
	const everywhere = [...locations, ...ruleLocations];
	const written = definition.routes.flatMap((route) => route.claimsToHeaders.map(({ header }) => header));
	const { clientCertificateHeader: told } = definition;
	if (told !== undefined) written.push(told.field);
	for (const { writes } of options.programs?.values() ?? []) written.push(...writes);
	for (const { backendToken } of definition.routes) if ('header' in backendToken) written.push(backendToken.header);
	const sessions = options.sessions?.sources ?? noSessions;
	const sessionCookies = [...sessions.values()].flatMap(({ cookies }) => cookies);
	const shared: Shared = {
		definition,
		providers,
		keys: options.keys,
		pairs: options.pairs,
		introspectors: options.introspectors,
		decryption: options.decryption,
		backendTokens: options.backendTokens ?? new Map(),
		programs: options.programs ?? new Map(),
		revoked: options.revoked,
		certificateOf: compileCertificateOf(definition, options.cryptography),
		proof: compileProofRules(definition, options),
		settings: { realm: definition.errors.realm, dpop: definition.dpop },
		effects: [createReplayEffect(options.proofs.claim)],
		strip: stripFor(written, everywhere),
		stripCookies: [...new Set([...namesIn('cookie', everywhere), ...sessionCookies])],
		sessionCookies,
		sessions,
		stripParameters: namesIn('query', everywhere),
	};
	const parts: Parts = {
		limits: compileRouteLimits(definition, options.rateLimits, options.cryptography.hexDigest),
		guard: oncePerContent((content) => compileGuard(content, shared)),
		upstream: oncePerContent(compileUpstream),
		response: oncePerContent(compileResponseRules),
	};
	const routes = definition.routes.map((route) => compileRoute(route, shared, parts));
	return {
		routes,
		publicUrl: definition.publicUrl,
		table: createRouteTable(
			definition.routes.map((route, i) => {
				const compiled = routes[i];
				if (compiled === undefined) throw new Error(`route ${route.name} was not compiled`);
				return { pattern: route, route: compiled };
			}),
		),
		ownDocuments: options.ownDocuments,
		encodedSlash: routes.some((route) => route.encodedSlash),
		sessions: options.sessions?.pages,
		loginLimits: new Map(definition.sessions.map(({ name, rateLimits }) => [name, parts.limits.effects(rateLimits)])),
		genuine: options.genuine ?? createGenuineTokens(definition.tokenCacheBytes),
		clock: options.clock,
		cryptography: options.cryptography,
		proofs: options.proofs,
		digest: options.cryptography.hexDigest,
		tokenId: options.tokenId,
		statuses: definition.responses,
	};
}

function compileCertificateOf(
	{ clientCertificateHeader: told, trustedProxies }: Definition,
	{ digestOctets: digest }: PolicyCryptography,
): CertificateOf {
	if (told === undefined) return createCertificateOf(undefined);
	const { field, format } = told;
	return createCertificateOf({ field: field.toLowerCase(), format, isTrusted: compileBlocks(trustedProxies), digest });
}

function compileProofRules({ dpop, publicUrl }: Definition, { proofs, cryptography }: CompileOptions): ProofRules {
	const { algorithms, maxAge, clockSkew } = dpop;
	return {
		algorithms: new Set(algorithms),
		maxAge,
		clockSkew,
		digest: cryptography.digest,
		keyOf(jwk) {
			const admitted = admitJwk(jwk, cryptography);
			return typeof admitted === 'string' ? admitted : admitted.key;
		},
		known: createProofKeys(),
		nonces: proofs.nonces,
		urlOf: createUrlOf(publicUrl),
	};
}

/** A script sends proofs, and reads why one was refused and which nonce the next one needs. */
function withProofs(cors: CorsRules): CorsRules {
	const headers = new Set([...cors.headers, 'dpop']);
	const named = cors.exposeHeaders.map((name) => name.toLowerCase());
	const more = ['WWW-Authenticate', 'DPoP-Nonce'].filter((name) => !named.includes(name.toLowerCase()));
	return { ...cors, headers: [...headers], exposeHeaders: [...cors.exposeHeaders, ...more] };
}

const noEffects: readonly Effect[] = [];
const noSessions: ReadonlyMap<string, SessionSource> = new Map();

/** Proofs before limits: a proof that was used before is no request of whoever holds the key. */
function inOrder(proofs: readonly Effect[], limits: readonly Effect[]): readonly Effect[] {
	if (limits.length === 0) return proofs;
	return proofs.length === 0 ? limits : [...proofs, ...limits];
}

function pathParameterNames(path: string): readonly string[] {
	const pattern = readPathPattern(path, { encodedSlash: true });
	if (typeof pattern === 'string') throw new Error(`path ${path}: ${pattern}`);
	return pattern.names;
}

interface Shared {
	readonly definition: Definition;
	readonly providers: ReadonlyMap<string, ProviderDefinition>;
	readonly keys: ReadonlyMap<string, KeySource>;
	readonly pairs: ReadonlyMap<string, KeyPairs>;
	readonly introspectors: ReadonlyMap<string, Introspector>;
	readonly decryption: ReadonlyMap<string, readonly DecryptionKey[]>;
	readonly backendTokens: ReadonlyMap<RouteDefinition, BackendToken>;
	readonly programs: ReadonlyMap<RouteDefinition, RouteProgram>;
	readonly revoked: Revoked;
	readonly certificateOf: CertificateOf;
	readonly proof: ProofRules;
	readonly settings: ChallengeSettings;
	/** Of a route that takes tokens. */
	readonly effects: readonly Effect[];
	readonly sessions: ReadonlyMap<string, SessionSource>;
	readonly strip: HeaderStrip;
	readonly stripCookies: readonly string[];
	readonly sessionCookies: readonly string[];
	readonly stripParameters: readonly string[];
}

/** All that the guard of a route is made of: routes in which it is equal have one guard. */
interface GuardContent extends Pick<RouteDefinition, 'rules' | 'claimsToHeaders' | 'sessions'> {
	/** Names of the route's parameters. */
	readonly parameters: readonly string[];
}

interface Parts {
	readonly limits: RouteLimits;
	readonly guard: (content: GuardContent) => Guard;
	readonly upstream: (content: UpstreamDefinition) => Upstream;
	readonly response: (content: ResponseRulesContent) => ResponseRules;
}

function namesIn(where: CredentialLocation['in'], locations: readonly CredentialLocation[]): readonly string[] {
	return [...new Set(locations.filter((location) => location.in === where).map((location) => location.name))];
}

function isSessionCookie({ in: where, name }: CredentialLocation, { sessions }: Shared): boolean {
	return where === 'cookie' && [...sessions.values()].some(({ cookies }) => cookies.includes(name));
}

function without(names: readonly string[], dropped: readonly string[]): readonly string[] {
	return names.filter((name) => !dropped.includes(name));
}

/** The cookie itself never goes on: what stands for it is what passes. A token that the client sent itself is there already. */
const passSessionToken: BackendToken = {
	look: () => null,
	provide: ({ session, credential, tokenId }) => ({
		set: session === undefined || credential === undefined ? [] : [['authorization', `Bearer ${credential.token}`]],
		tokenId: session === undefined ? undefined : tokenId,
		renew: undefined,
	}),
};

/** A route whose upstream would go without what the configuration promises it is a bug. */
function compileBackendToken(route: RouteDefinition, { backendTokens }: Shared): BackendToken | undefined {
	const { type } = route.backendToken;
	const token = backendTokens.get(route);
	if (type === 'insecure_passthrough' && route.sessions.length > 0) return passSessionToken;
	if (token === undefined && type !== 'none' && type !== 'insecure_passthrough') {
		throw new Error(`route ${route.name} has no source for its backend token`);
	}
	return token;
}

function compileRoute(route: RouteDefinition, shared: Shared, parts: Parts): RoutePolicy {
	const host = route.host === undefined ? undefined : compileHost(route.host);
	const parameterNames = [
		...pathParameterNames(route.path),
		...(host?.parameter === undefined ? [] : [host.parameter]),
	];
	const passed =
		route.backendToken.type === 'insecure_passthrough'
			? route.rules.flatMap((rules) => rules.tokenFrom.filter((place) => !isSessionCookie(place, shared)))
			: [];
	const { rules, claimsToHeaders, sessions } = route;
	const program = compileProgram(route, shared);
	if (!route.public && rules.length === 0 && program === undefined) {
		throw new Error(`route ${route.name} is neither public nor guarded by a provider`);
	}
	const guard =
		route.public || program !== undefined
			? undefined
			: parts.guard({ rules, claimsToHeaders, sessions, parameters: parameterNames });
	const locations = uniqueLocations(rules.flatMap(({ tokenFrom }) => tokenFrom));
	// Two that answer for CORS would be two opinions.
	const cors = program?.program.preflight === undefined ? (route.cors ?? shared.definition.cors) : undefined;
	return {
		name: route.name,
		urlHost: hostOfUrls(host, shared.definition.publicUrl),
		parameterNames,
		encodedSlash: route.encodedSlash,
		guard,
		program,
		attempts: parts.limits.attempts(route.rateLimits),
		commit: inOrder(guard === undefined ? noEffects : shared.effects, parts.limits.effects(route.rateLimits)),
		upstream: parts.upstream(route.upstream),
		backendToken: compileBackendToken(route, shared),
		rewrite: compileRewrite(route.upstream.stripPrefix, route.upstream.addPrefix),
		relativePath: compileRewrite(route.upstream.stripPrefix, ''),
		prefix: route.upstream.addPrefix.replace(/\/+$/, ''),
		strip: passed.length > 0 ? withPassthrough(shared.strip, passed) : shared.strip,
		stripCookies: passed.length > 0 ? without(shared.stripCookies, namesIn('cookie', passed)) : shared.stripCookies,
		stripParameters:
			passed.length > 0 ? without(shared.stripParameters, namesIn('query', passed)) : shared.stripParameters,
		response: parts.response({
			definition: route.upstreamResponse,
			guard: guardForResponses(guard, program, locations),
			stripPrefix: route.upstream.stripPrefix,
			addPrefix: route.upstream.addPrefix,
			ownCookies: shared.sessionCookies,
		}),
		passesToken: passed.length > 0,
		cors: cors !== undefined && guard?.challenge.schemes.includes('DPoP') === true ? withProofs(cors) : cors,
		endsResponses: route.endAtExpiry === 'all',
		statuses:
			Object.keys(route.responses).length === 0
				? shared.definition.responses
				: { ...shared.definition.responses, ...route.responses },
	};
}

function guardForResponses(
	guard: Guard | undefined,
	program: GuardProgram | undefined,
	locations: readonly CredentialLocation[],
): ResponseRulesContent['guard'] {
	if (program !== undefined) return { challenge: program.challenge, locations: program.locations };
	return guard === undefined ? undefined : { challenge: guard.challenge, locations };
}

/** Undefined for a route whose rules are a fixed list. A route that goes without the program it was promised is a bug. */
function compileProgram(route: RouteDefinition, shared: Shared): GuardProgram | undefined {
	if (route.apimPolicy === undefined) return undefined;
	const program = shared.programs.get(route);
	if (program === undefined || route.public || route.rules.length > 0) {
		throw new Error(`route ${route.name} has no program, or rules beside it`);
	}
	const { certificateOf, proof, settings, effects } = shared;
	const binding = createBindingCheck({ binding: 'if_bound', certificateOf, proof });
	return {
		program,
		tokenChecks: [createRevocationCheck(shared.revoked), binding, ...effects],
		challenge: plainChallenge(settings.dpop.isOffered ? ['Bearer', 'DPoP'] : ['Bearer'], settings),
		locations: [{ in: 'header', name: 'authorization' }],
	};
}

function compileGuard(content: GuardContent, shared: Shared): Guard {
	const locations = uniqueLocations(content.rules.flatMap((rules) => rules.tokenFrom));
	const placed = (list: readonly CredentialLocation[]) =>
		list.flatMap((wanted) => locations.filter((location) => sameLocation(location, wanted)));

	const { settings } = shared;
	const schemes = new Set<string>();
	const accepted = new Set<string>();
	const uses: ProviderUse[] = [];
	const rules = new Map<string, ProviderPolicy>();
	for (const rule of content.rules) {
		const provider = shared.providers.get(rule.provider);
		if (provider === undefined) throw new Error(`a route names the unknown provider ${rule.provider}`);
		const tokenFrom = placed(rule.tokenFrom);
		uses.push({ provider, tokenFrom });
		rules.set(provider.name, compileRules(content, rule, provider, tokenFrom, shared));
		for (const scheme of schemesOf(provider, rule.binding, settings.dpop)) schemes.add(scheme);
		accepted.add(
			provider.sharedAccess === undefined
				? 'bearer'
				: sharedAccessTraits[provider.sharedAccess.format].scheme.toLowerCase(),
		);
	}
	// A bound token says itself how it wants to be used, wherever tokens of its kind are taken.
	if (accepted.has('bearer')) accepted.add('dpop');
	const sources = content.sessions.map((name) => sessionSource(name, shared));
	const [first] = sources;
	if (first !== undefined) schemes.add('Session');
	return {
		extract: [
			createCredentialCheck({
				locations,
				schemes: accepted,
				maxTokenLength: shared.definition.limits.token,
			}),
			...(first === undefined ? [] : [createSessionCheck(sources)]),
		],
		login: first?.loginUrl,
		kindOf: createKindOf(
			uses.map(({ provider: { tokens, issuers, decryptionKeys } }) => ({
				tokens,
				issuers,
				decrypts: decryptionKeys.length > 0,
			})),
		),
		authenticate: compileAuthenticators(uses, shared),
		rules,
		challenge: plainChallenge([...schemes], settings),
	};
}

function sessionSource(name: string, { sessions }: Shared): SessionSource {
	const source = sessions.get(name);
	if (source === undefined) throw new Error(`a route names the unknown sessions ${name}`);
	return source;
}

function compileRules(
	{ claimsToHeaders, parameters }: GuardContent,
	rule: ProviderRules,
	provider: ProviderDefinition,
	tokenFrom: readonly CredentialLocation[],
	shared: Shared,
): ProviderPolicy {
	const { clockSkew } = provider;
	const { acrValues, maxAge: authenticationAge } = rule.authentication;
	const claims = [...provider.claims, ...rule.claims];
	const { certificateOf, proof, settings } = shared;

	// The documented order of the decision, from here to the end. A check that a route has no rule for is left out.
	const signed = provider.sharedAccess !== undefined;
	const authorize: Check[] = [];
	if (!signed) {
		authorize.push(createTypeCheck(provider.typ), createIssuerCheck(provider.issuers, provider.issuerTemplate));
	}
	authorize.push(createTimeCheck(clockSkew));
	if (rule.maxLifetime !== undefined || rule.maxAge !== undefined) authorize.push(lifetimeCheck(rule, provider));
	authorize.push(createRevocationCheck(shared.revoked));
	authorize.push(createBindingCheck({ binding: rule.binding, certificateOf, proof }));
	if (rule.audience !== undefined) {
		authorize.push((signed ? createResourceCheck : createAudienceCheck)(rule.audience, parameters));
	}
	if (rule.clients.length > 0) authorize.push(createClientCheck(rule.clients));
	if (rule.scopes.allOf.length + rule.scopes.anyOf.length > 0)
		authorize.push(createScopesCheck(rule.scopes, parameters));
	if (claims.length + provider.requiredClaims.length > 0) {
		authorize.push(createClaimsCheck(claims, provider.requiredClaims, parameters));
	}
	if (acrValues.length > 0 || authenticationAge !== undefined) {
		authorize.push(createAuthenticationContextCheck({ acrValues, maxAge: authenticationAge, clockSkew }));
	}

	return {
		generation: provider.generation,
		clockSkew,
		tokenFrom,
		authorize,
		headers: claimsToHeaders.length === 0 ? noHeaders : compileClaimsToHeaders(claimsToHeaders, parameters),
		challenge: compileChallenge(rule, schemesOf(provider, rule.binding, settings.dpop), parameters, settings),
	};
}

/** A signature has no `iat`: where its age is bounded it is refused like a JWT without one. */
function lifetimeCheck(rule: ProviderRules, { sharedAccess, clockSkew }: ProviderDefinition): Check {
	const { maxLifetime, maxAge } = rule;
	return sharedAccess === undefined || maxLifetime === undefined || maxAge !== undefined
		? createLifetimeCheck({ maxLifetime, maxAge, clockSkew })
		: createRemainingLifetimeCheck(maxLifetime);
}

const noHeaders: MappedHeaders = () => [];

function compileUpstream(upstream: UpstreamDefinition): Upstream {
	const { stripPrefix: _, addPrefix: __, ...rest } = upstream;
	return { name: upstream.endpoints.join(','), ...rest };
}

const asItIs = (path: string): string => path;

function compileRewrite(strip: string | undefined, add: string): (path: string) => string {
	const prefix = strip?.replace(/\/+$/, '') ?? '';
	const front = add.replace(/\/+$/, '');
	if (prefix === '' && front === '') return asItIs;
	return (path) => {
		const under = path === prefix || path.startsWith(`${prefix}/`);
		const rest = prefix !== '' && under ? path.slice(prefix.length) : path;
		return `${front}${rest}` || '/';
	};
}

function sameLocation(a: CredentialLocation, b: CredentialLocation): boolean {
	return a.in === b.in && a.name === b.name;
}

function uniqueLocations(all: readonly CredentialLocation[]): readonly CredentialLocation[] {
	return all.filter((location, i) => all.findIndex((other) => sameLocation(location, other)) === i);
}

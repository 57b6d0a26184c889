/** The routes of the file → their definitions. */

import { type HostPattern, type PathPattern, readHostPattern, readPathPattern } from '#formats/route-pattern';
import { sharedAccessTraits } from '#formats/shared-access/format';
import { readApimContext, readApimPolicy } from './apim.ts';
import { readBackendToken } from './backend-token.ts';
import { readCors } from './cors.ts';
import type { ApimDefinition, ProviderRules, RouteDefinition, SessionsDefinition } from './definition.ts';
import { type ConfigPath, listWords, suggest } from './diagnostics.ts';
import { readClaimsToHeaders } from './identity-headers.ts';
import type { ReadProvider } from './providers.ts';
import { type ReadRateLimits, rateLimitsOf } from './rate-limits.ts';
import { asList, type Reading } from './reading.ts';
import { checkRouteRules, readRules } from './rules.ts';
import type { RouteFile, RuleFile } from './schema.ts';
import type { UpstreamResponseFile } from './schema-upstream-response.ts';
import { readRouteSessions } from './sessions.ts';
import type { Shaped, ShapedProvider } from './shape.ts';
import { checkSchemes } from './token-from.ts';
import type { TokenServers } from './token-server.ts';
import { readUpstreamResponse } from './upstream-response.ts';
import { readUpstream } from './upstreams.ts';

/** A route as far as it could be read, for comparisons with others. */
export interface ReadRoute {
	readonly path: ConfigPath;
	/** As written, or made from methods, host and path. */
	readonly name: string;
	readonly named: boolean;
	readonly methods: readonly string[];
	readonly pattern: PathPattern | undefined;
	readonly host: HostPattern | undefined;
	readonly hostBroken: boolean;
	/** Undefined when something that it cannot do without is broken; that was reported. */
	readonly definition: RouteDefinition | undefined;
}

export interface RouteSurroundings {
	readonly apim: ApimDefinition;
	readonly providers: ReadonlyMap<string, ReadProvider>;
	readonly shapedProviders: readonly ShapedProvider[];
	readonly tokenServers: TokenServers;
	/** Whether the file says how tokens are minted. */
	readonly minting: boolean;
	/** Of the whole file; a route's own come on top. */
	readonly upstreamResponse: UpstreamResponseFile;
	readonly cors: RouteDefinition['cors'];
	readonly responses: RouteDefinition['responses'];
	readonly endAtExpiry: RouteDefinition['endAtExpiry'];
	readonly rateLimits: ReadRateLimits;
	readonly sessions: readonly SessionsDefinition[];
}

export function readRoute(route: Shaped<RouteFile>, around: RouteSurroundings, reading: Reading): ReadRoute {
	const { path, values, present } = route;
	const { report } = reading;
	const host = readHost(route, reading);
	const pattern = readPath(route, host, reading);
	const hostBroken = present.has('host') && host === undefined;
	const parameters =
		pattern === undefined || hostBroken
			? undefined
			: [...pattern.names, ...(host?.name === undefined ? [] : [host.name])];
	checkRouteRules(route, parameters, reading);
	const methods = readMethods(route, reading);
	const apimContext = readApimContext(values.apim_context, [...path, 'apim_context'], reading);
	const apimPolicy = readApimPolicy(
		values.apim_policy,
		[...path, 'apim_policy'],
		{ apim: around.apim, context: apimContext },
		reading,
	);
	if (present.has('apim_context') && !present.has('apim_policy')) {
		report.error([...path, 'apim_context'], 'only a route with apim_policy has expressions that read it', {
			at: 'key',
		});
	}
	const { rules, sessions } = readRouteSessions(
		route,
		readProviders(route, parameters, around, reading),
		around.sessions,
		report,
	);
	const upstream =
		values.upstream === undefined ? undefined : readUpstream(values.upstream, [...path, 'upstream'], pattern, reading);
	if (!present.has('upstream'))
		report.error(path, 'upstream is missing', { fix: 'For example: upstream: http://127.0.0.1:9001' });
	const claimsToHeaders = readClaimsToHeaders(values.claims_to_headers ?? {}, [...path, 'claims_to_headers'], {
		parameters,
		report,
	});
	const cors = values.cors === undefined ? around.cors : readCors(values.cors, [...path, 'cors'], report);
	const backendToken = readBackendToken(
		values.backend_token,
		[...path, 'backend_token'],
		{
			accepted: rules.map(({ provider }) => provider),
			parameters,
			servers: around.tokenServers,
			minting: around.minting,
		},
		reading,
	);
	const upstreamResponse = readUpstreamResponse(
		around.upstreamResponse,
		values.upstream_response ?? {},
		{ isPublic: values.public === true, passesToken: backendToken.type === 'insecure_passthrough' },
		[...path, 'upstream_response'],
		report,
	);
	const rateLimits = rateLimitsOf({ path, values, isPublic: values.public === true }, around.rateLimits, report);
	warnOfWeakenings(route, reading);

	const written = methods.length === 0 ? '' : `${asList(values.methods).join(',')} `;
	const name = values.name ?? `${written}${host?.text ?? ''}${values.path ?? ''}`;
	const read = { path, name, named: present.has('name'), methods, pattern, host, hostBroken };
	if (pattern === undefined || upstream === undefined || values.path === undefined)
		return { ...read, definition: undefined };
	const definition: RouteDefinition = {
		name,
		host: host?.text,
		path: values.path,
		methods,
		public: values.public === true,
		rules,
		upstream,
		backendToken,
		claimsToHeaders,
		upstreamResponse,
		cors,
		responses: { ...around.responses, ...values.responses },
		sessions,
		rateLimits,
		endAtExpiry: values.end_at_expiry ?? around.endAtExpiry,
		encodedSlash: values.insecure_encoded_slash === true,
		apimPolicy,
		apimContext,
	};
	return { ...read, definition };
}

function readHost({ values, path }: Shaped<RouteFile>, { report }: Reading): HostPattern | undefined {
	if (values.host === undefined) return undefined;
	const host = readHostPattern(values.host);
	if (typeof host !== 'string') return host;
	report.error([...path, 'host'], host);
	return undefined;
}

function readPath(
	{ values, path, present }: Shaped<RouteFile>,
	host: HostPattern | undefined,
	{ report }: Reading,
): PathPattern | undefined {
	if (!present.has('path')) report.error(path, 'path is missing', { fix: 'For example: path: /orders/**' });
	if (values.path === undefined) return undefined;
	const pattern = readPathPattern(values.path, { encodedSlash: values.insecure_encoded_slash === true });
	if (typeof pattern === 'string') {
		report.error([...path, 'path'], pattern);
		return undefined;
	}
	if (host?.name !== undefined && pattern.names.includes(host.name)) {
		report.error([...path, 'path'], `the parameter {${host.name}} is there twice: in the host and in the path`);
	}
	return pattern;
}

/** `GET` brings `HEAD` (RFC 9110 §9.3.2). */
function readMethods({ values, path }: Shaped<RouteFile>, { report }: Reading): readonly string[] {
	const methods = new Set<string>();
	for (const [index, method] of asList(values.methods).entries()) {
		const at = Array.isArray(values.methods) ? [...path, 'methods', index] : [...path, 'methods'];
		if (method !== method.toUpperCase()) {
			report.error(at, 'methods are case-sensitive', { fix: `Write ${method.toUpperCase()}.` });
		}
		if (method === 'CONNECT') report.error(at, 'CONNECT is never forwarded');
		methods.add(method);
		if (method === 'GET') methods.add('HEAD');
	}
	return [...methods];
}

const tokenKeys = [
	'providers',
	'audience',
	'scopes',
	'clients',
	'claims',
	'max_lifetime',
	'max_age',
	'binding',
	'acr_values',
	'auth_max_age',
	'token_from',
	'insecure_any_audience',
	'claims_to_headers',
	'backend_token',
	'end_at_expiry',
] as const;

interface Use {
	readonly provider: ReadProvider;
	readonly own: RuleFile | undefined;
	readonly path: ConfigPath;
}

function readProviders(
	route: Shaped<RouteFile>,
	parameters: readonly string[] | undefined,
	around: RouteSurroundings,
	reading: Reading,
): readonly ProviderRules[] {
	const { values, path, present } = route;
	const { report } = reading;
	if (values.public === true) {
		const pointless = [...tokenKeys, 'apim_policy' as const].filter((key) => present.has(key));
		if (pointless.length > 0) {
			report.error(
				[...path, 'public'],
				`a public route looks at no token, so it cannot have ${listWords(pointless, 'and')}`,
				{ at: 'key' },
			);
		}
		return [];
	}
	if (present.has('apim_policy')) {
		const pointless = tokenKeys.filter((key) => present.has(key) && key !== 'end_at_expiry');
		if (pointless.length > 0) {
			report.error(
				[...path, 'apim_policy'],
				`the policy decides here, so the route cannot have ${listWords(pointless, 'and')}`,
				{
					at: 'key',
				},
			);
		}
		return [];
	}
	if (values.insecure_any_audience === true && present.has('audience')) {
		report.error([...path, 'insecure_any_audience'], 'audience and insecure_any_audience exclude each other', {
			at: 'key',
		});
	}
	const uses = findProviders(route, around, reading);
	checkIssuers(uses, route, reading);
	checkKeyNames(uses, route, reading);
	checkOpaque(uses, route, reading);
	const audienceUsed = uses.some(({ provider, own }) => !provider.withoutAudience && own?.audience === undefined);
	const rules = uses.map(({ provider, own, path: ownPath }) =>
		readRules({ route, provider, own, ownPath, parameters, audienceUsed }, reading),
	);
	const signatures = uses.filter(({ provider }) => provider.definition.sharedAccess !== undefined);
	checkSchemes(rules, new Set(signatures.map(({ provider }) => provider.name)), path, report);
	return rules;
}

function findProviders(
	{ values, path, present }: Shaped<RouteFile>,
	around: RouteSurroundings,
	{ report }: Reading,
): readonly Use[] {
	const { providers, shapedProviders } = around;
	if (values.providers === undefined) {
		if (present.has('providers') || (present.has('public') && values.public === undefined)) return [];
		const [only, second] = [...providers.values()];
		if (only === undefined) {
			report.error(path, 'neither public nor a provider: who may call this route?', {
				fix: 'Add a provider under providers:, or say public: true.',
			});
			return [];
		}
		if (second === undefined) return [{ provider: only, own: undefined, path }];
		report.error(
			path,
			`providers is missing: with ${shapedProviders.length} providers, a route names those it accepts`,
			{
				fix: `For example: providers: [${only.name}]`,
			},
		);
		return [];
	}
	const at = [...path, 'providers'];
	const named: readonly {
		readonly name: string;
		readonly own: RuleFile | undefined;
		readonly path: ConfigPath;
		readonly isKey: boolean;
	}[] =
		typeof values.providers === 'string'
			? [{ name: values.providers, own: undefined, path: at, isKey: false }]
			: Array.isArray(values.providers)
				? values.providers.map((name, index) => ({ name, own: undefined, path: [...at, index], isKey: false }))
				: Object.entries(values.providers).map(([name, own]) => ({
						name,
						own: own ?? undefined,
						path: [...at, name],
						isKey: true,
					}));
	if (named.length === 0) report.error(at, 'no provider is named', { fix: 'Name one, or say public: true.' });
	const seen = new Set<string>();
	return named.flatMap(({ name, own, path: where, isKey }) => {
		const note = isKey ? ({ at: 'key' } as const) : {};
		const provider = providers.get(name);
		if (seen.has(name)) report.error(where, `the provider ${name} is named twice`, note);
		else if (provider === undefined) {
			report.error(where, `there is no provider ${name}`, {
				...note,
				fix:
					suggest(name, providers.keys()) ??
					(providers.size === 0
						? 'Define it under providers:.'
						: `There are: ${[...providers.keys()].slice(0, 8).join(', ')}.`),
			});
		} else {
			seen.add(name);
			return [{ provider, own, path: where }];
		}
		return [];
	});
}

/** A token is led to its provider by `iss`: with two for one issuer it would reach the wrong one. */
function checkIssuers(uses: readonly Use[], { path }: Shaped<RouteFile>, { report }: Reading): void {
	const owners = new Map<string, string>();
	for (const { provider, path: where } of uses) {
		const { issuers, issuerTemplate } = provider.definition;
		for (const issuer of [...issuers, ...(issuerTemplate === undefined ? [] : [issuerTemplate])]) {
			const owner = owners.get(issuer);
			if (owner !== undefined && owner !== provider.name) {
				report.error(
					where.length > path.length ? where : path,
					`${owner} and ${provider.name} have the same issuer: a token could belong to either`,
					{
						fix: 'Accept one of them here, or make them one provider.',
					},
				);
				break;
			}
			owners.set(issuer, provider.name);
		}
	}
}

/** Nothing in an opaque token says whose it is: with two providers of them it would be shown to the wrong server. */
function checkOpaque(uses: readonly Use[], { path }: Shaped<RouteFile>, { report }: Reading): void {
	const [first, second] = uses.filter(({ provider }) => provider.definition.tokens.includes('opaque'));
	if (first === undefined || second === undefined) return;
	report.error(
		second.path.length > path.length ? second.path : path,
		`${first.provider.name} and ${second.provider.name} both issue opaque tokens: a token could belong to either`,
		{ fix: 'Accept one of them here, and the other one on a route of its own.' },
	);
}

/** A signature is led to its provider by the name of its key, among those whose formats have the same layout. */
function checkKeyNames(uses: readonly Use[], { path }: Shaped<RouteFile>, { report }: Reading): void {
	const owners = new Map<string, string>();
	for (const { provider, path: where } of uses) {
		const { sharedAccess } = provider.definition;
		if (sharedAccess === undefined) continue;
		const { format, keys, unnamedKey } = sharedAccess;
		const layout = sharedAccessTraits[format].resource ? 'resource' : format;
		const names = keys.map(({ name }) => JSON.stringify(name));
		for (const name of [...names, ...(unnamedKey === undefined ? [] : ['none'])]) {
			const owner = owners.get(`${layout} ${name}`);
			if (owner !== undefined && owner !== provider.name) {
				report.error(
					where.length > path.length ? where : path,
					`${owner} and ${provider.name} have a key of the same name: a signature could belong to either`,
					{ fix: 'Accept one of them here, or rename the key.' },
				);
				break;
			}
			owners.set(`${layout} ${name}`, provider.name);
		}
	}
}

function warnOfWeakenings({ values, path }: Shaped<RouteFile>, { report }: Reading): void {
	if (values.insecure_any_audience === true) {
		report.warning([...path, 'insecure_any_audience'], 'tokens that are meant for other services are accepted here', {
			at: 'key',
		});
	}
	if (values.insecure_encoded_slash === true) {
		report.warning(
			[...path, 'insecure_encoded_slash'],
			'if the upstream decodes %2f, paths that this route does not guard can be reached',
			{ at: 'key' },
		);
	}
}

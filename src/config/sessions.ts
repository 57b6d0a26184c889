/** Browser sessions: where users log in, as whom the gateway asks there, and on which paths of which origin. */
import type { CredentialLocation } from '#core/index';
import { isHostCookieName } from '#formats/host-cookie';
import { parseRequestTarget } from '#formats/request-target';
import { readPathPattern } from '#formats/route-pattern';
import { readClient } from './client.ts';
import { defaults } from './defaults.ts';
import type {
	Definition,
	ProviderRules,
	RateLimitDefinition,
	RevocationDefinition,
	SessionsDefinition,
} from './definition.ts';
import { type ConfigPath, type Report, suggest } from './diagnostics.ts';
import { metadataUrls } from './key-sources.ts';
import type { ReadProvider } from './providers.ts';
import { type ReadRateLimits, rateLimitsOf } from './rate-limits.ts';
import { asList, checkUrl, parseUrl, type Reading, seconds, timerMilliseconds } from './reading.ts';
import type { ConfigFile, RouteFile } from './schema.ts';
import type { SessionsFile } from './schema-sessions.ts';
import type { Shaped, ShapedProvider } from './shape.ts';

export interface SessionsSurroundings {
	readonly providers: ReadonlyMap<string, ReadProvider>;
	readonly shapedProviders: readonly ShapedProvider[];
	readonly publicUrl: string | undefined;
	readonly rateLimits: ReadRateLimits;
}

/** Those that could be read; what is wrong with the others was reported. */
export function readSessions(
	file: ConfigFile['sessions'],
	around: SessionsSurroundings,
	reading: Reading,
): readonly SessionsDefinition[] {
	const definitions = Object.entries(file ?? {}).flatMap(
		([name, sessions]) => readOne(name, sessions, around, reading) ?? [],
	);
	checkApart(definitions, reading.report);
	return definitions;
}

function readOne(
	name: string,
	file: SessionsFile,
	around: SessionsSurroundings,
	reading: Reading,
): SessionsDefinition | undefined {
	const path = ['sessions', name];
	const { report } = reading;
	if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name)) {
		report.error(
			path,
			'a name of sessions begins with a small letter and has at most 32 small letters, digits, "_" and "-"',
			{
				at: 'key',
			},
		);
	}
	const server = readServer(file, path, around, reading);
	const origin = readOrigin(file, path, around, report);
	const lifetime = readSeconds(
		file.lifetime ?? defaults.sessions.lifetime,
		[...path, 'lifetime'],
		365 * 86_400,
		report,
	);
	const idleTimeout = readSeconds(
		file.idle_timeout ?? defaults.sessions.idleTimeout,
		[...path, 'idle_timeout'],
		365 * 86_400,
		report,
	);
	if (file.idle_timeout !== undefined && idleTimeout > lifetime) {
		report.error([...path, 'idle_timeout'], 'longer than lifetime: it would never come to pass');
	}
	const timeout = timerMilliseconds(file.timeout ?? defaults.sessions.timeout, [...path, 'timeout'], report);
	if (timeout > 30_000) report.error([...path, 'timeout'], 'at most 30s');
	const cookieName = file.cookie?.name ?? `__Host-${name}`;
	if (!isHostCookieName(cookieName)) {
		report.error([...path, 'cookie', 'name'], 'expected __Host- and a name of letters, digits, ".", "_" and "-"');
	}
	const rest = {
		scopes: [...new Set(['openid', ...(file.scopes ?? [])])],
		resources: readResources(file, path, report),
		parameters: readParameters(file, path, report),
		paths: readPaths(file, path, report),
		returnTo: readReturnTo(file, path, report),
		afterLogin: readLocalPath(file.after_login ?? defaults.sessions.afterLogin, [...path, 'after_login'], report),
		afterLogout: readLocalPath(file.after_logout ?? defaults.sessions.afterLogout, [...path, 'after_logout'], report),
	};
	if (server === undefined || origin === undefined) return undefined;
	return {
		name,
		...server,
		...origin,
		...rest,
		...readLoginLimits(name, file, around.rateLimits, report),
		cookie: {
			name: cookieName,
			kind: file.cookie?.kind ?? defaults.sessions.cookieKind,
			sameSite: file.cookie?.same_site === 'strict' ? 'Strict' : 'Lax',
			persistent: file.cookie?.persistent === true,
		},
		idleTimeout: Math.min(idleTimeout, lifetime),
		lifetime,
		refreshAhead: seconds(file.refresh_ahead ?? defaults.sessions.refreshAhead) ?? 0,
		csrfHeader: (file.csrf_header ?? defaults.sessions.csrfHeader).toLowerCase(),
		userinfo: file.userinfo ?? defaults.sessions.userinfo,
		timeout,
	};
}

/** A login costs calls to the provider, and anybody may begin one: where the file says nothing, a limit holds all the same. */
function readLoginLimits(
	name: string,
	{ rate_limits }: SessionsFile,
	limits: ReadRateLimits,
	report: Report,
): Pick<SessionsDefinition, 'rateLimits' | 'ownLimit'> {
	const values = rate_limits === undefined ? {} : { rate_limits };
	const written = rateLimitsOf({ path: ['sessions', name], values, isPublic: true }, limits, report);
	if (rate_limits !== undefined) return { rateLimits: written, ownLimit: undefined };
	const { requests, per } = defaults.sessions.loginLimit;
	const ownLimit: RateLimitDefinition = {
		// With a dot, which no name of the file has.
		name: `sessions.${name}`,
		by: 'address',
		on: 'success',
		requests,
		per,
		burst: requests,
		shared: false,
		failOpen: false,
	};
	return { rateLimits: [...written, ownLimit.name], ownLimit };
}

function readSeconds(text: string, path: ConfigPath, most: number, report: Report): number {
	const read = seconds(text) ?? 0;
	if (read < 1 || read > most) report.error(path, 'from 1s to 365d');
	return read;
}

function readServer(
	file: SessionsFile,
	path: ConfigPath,
	{ providers, shapedProviders }: SessionsSurroundings,
	reading: Reading,
): Pick<SessionsDefinition, 'provider' | 'issuer' | 'discovery' | 'client'> | undefined {
	const { report } = reading;
	const at = [...path, 'provider'];
	const shaped = shapedProviders.find(({ name }) => name === file.provider);
	const provider = providers.get(file.provider);
	if (shaped === undefined || provider === undefined) {
		const fix = suggest(file.provider, providers.keys()) ?? 'Define it under providers:.';
		report.error(at, `there is no provider ${file.provider}`, { fix });
		return undefined;
	}
	const { values } = shaped;
	const [issuer, second] = provider.definition.issuers;
	if (provider.definition.sharedAccess !== undefined) {
		report.error(at, 'nobody logs in with shared access signatures');
		return undefined;
	}
	if (issuer === undefined) return undefined;
	const insecureHttp = values.insecure_http === true;
	const metadata = values.discovery_uri;
	const problem =
		second !== undefined && metadata === undefined
			? 'it has several issuers, so it needs discovery_uri'
			: checkUrl(metadata ?? issuer, { insecureHttp });
	if (problem !== undefined) {
		report.error(at, `where users log in cannot be discovered: ${problem}`);
		return undefined;
	}
	const [written, writtenAt] =
		file.client === undefined
			? [values.client, ['providers', shaped.name, 'client']]
			: [file.client, [...path, 'client']];
	if (written === undefined) {
		if (!shaped.present.has('client')) {
			report.error(path, 'client is missing: as whom does the gateway log users in?', {
				at: 'key',
				fix: 'For example: client: { id: gateway, secret: "${env:GATEWAY_SECRET}" }',
			});
		}
		return undefined;
	}
	const client = readClient(written, issuer, writtenAt, reading, 'sessions');
	if (client === undefined) return undefined;
	const urls = metadata === undefined ? metadataUrls(issuer) : [metadata];
	const discovery = { from: 'discovery' as const, issuer, urls, insecureHttp, checkIssuer: values.preset !== 'entra' };
	return { provider: provider.name, issuer, discovery, client };
}

/** Cookies with `__Host-` need a secure context, which http is on this machine alone. */
function readOrigin(
	file: SessionsFile,
	path: ConfigPath,
	{ publicUrl }: SessionsSurroundings,
	report: Report,
): Pick<SessionsDefinition, 'origin' | 'host'> | undefined {
	const text = file.origin ?? publicUrl;
	if (text === undefined) {
		report.error(path, 'origin is missing: under which origin do browsers know these pages?', {
			at: 'key',
			fix: 'For example: origin: https://app.example.com; or public_url for the whole file.',
		});
		return undefined;
	}
	const url = parseUrl(text);
	const at = file.origin === undefined ? path : [...path, 'origin'];
	if (url === undefined || url.origin !== text.replace(/\/$/, '')) {
		report.error(at, 'expected an origin: scheme, host and port, lower-case, without a path', {
			fix: 'For example: https://app.example.com',
		});
		return undefined;
	}
	const problem = checkUrl(text, { insecureHttp: false });
	if (problem !== undefined) {
		report.error(at, 'expected https: (http: only on this machine): browsers keep no session cookie without TLS');
		return undefined;
	}
	return { origin: url.origin, host: url.hostname };
}

function readResources(file: SessionsFile, path: ConfigPath, report: Report): readonly string[] {
	const resources = asList(file.resource);
	for (const resource of resources) {
		// RFC 8707 §2.
		if (!URL.canParse(resource) || resource.includes('#'))
			report.error([...path, 'resource'], 'expected an absolute URI without a fragment');
	}
	return resources;
}

/** What the login itself says, and what would take an answer another way. */
const ownParameters: ReadonlySet<string> = new Set([
	'client_id',
	'code_challenge',
	'code_challenge_method',
	'nonce',
	'redirect_uri',
	'request',
	'request_uri',
	'response_mode',
	'response_type',
	'scope',
	'state',
]);

function readParameters(file: SessionsFile, path: ConfigPath, report: Report): SessionsDefinition['parameters'] {
	const written = Object.entries(file.parameters ?? {});
	for (const [name] of written) {
		if (ownParameters.has(name) || (name === 'audience' && file.audience !== undefined) || name === 'resource') {
			report.error([...path, 'parameters', name], `${name} is not free: the gateway says it itself`, { at: 'key' });
		}
	}
	return [...(file.audience === undefined ? [] : [['audience', file.audience] as const]), ...written];
}

function readPaths(file: SessionsFile, path: ConfigPath, report: Report): SessionsDefinition['paths'] {
	const { paths: usual } = defaults.sessions;
	const at = (key: string) => [...path, 'paths', key];
	const paths = {
		login: readLocalPath(file.paths?.login ?? usual.login, at('login'), report),
		callback: readLocalPath(file.paths?.callback ?? usual.callback, at('callback'), report),
		logout: readLocalPath(file.paths?.logout ?? usual.logout, at('logout'), report),
		userinfo: readLocalPath(file.paths?.userinfo ?? usual.userinfo, at('userinfo'), report),
		backchannelLogout: readLocalPath(
			file.paths?.backchannel_logout ?? usual.backchannelLogout,
			at('backchannel_logout'),
			report,
		),
	};
	if (new Set(Object.values(paths)).size < 5) report.error([...path, 'paths'], 'two pages have the same path');
	return paths;
}

function readReturnTo(file: SessionsFile, path: ConfigPath, report: Report): readonly string[] {
	const patterns = file.return_to ?? defaults.sessions.returnTo;
	for (const [index, text] of patterns.entries()) {
		const pattern = readPathPattern(text, { encodedSlash: false });
		if (typeof pattern === 'string') report.error([...path, 'return_to', index], pattern);
	}
	return patterns;
}

/** A path as requests have it, in its one spelling. */
function readLocalPath(text: string, path: ConfigPath, report: Report): string {
	const target = text.startsWith('/') ? parseRequestTarget(text, { encodedSlash: false }) : 'malformed';
	if (typeof target === 'string' || target.path !== text) {
		report.error(path, 'expected a plain path such as /auth/login, without a query');
	}
	return text;
}

/** Two of them on one host would take each other's cookies and answers. */
function checkApart(all: readonly SessionsDefinition[], report: Report): void {
	for (const [index, sessions] of all.entries()) {
		for (const other of all.slice(0, index)) {
			if (other.host !== sessions.host) continue;
			const path = ['sessions', sessions.name];
			const taken: readonly string[] = Object.values(other.paths);
			if (Object.values(sessions.paths).some((page) => taken.includes(page))) {
				report.error(path, `${other.name} has a page at the same host and path`, { at: 'key', fix: 'Give paths.' });
			}
			const [a, b] = [other.cookie.name, sessions.cookie.name];
			if (a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`)) {
				report.error(path, `${other.name} has the same cookie on the same host`, {
					at: 'key',
					fix: 'Give cookie.name.',
				});
			}
		}
	}
}

/** Names of the sessions of a route, and its rules with their cookies among the places of tokens. */
export function readRouteSessions(
	{ values, path }: Shaped<RouteFile>,
	rules: readonly ProviderRules[],
	all: readonly SessionsDefinition[],
	report: Report,
): { readonly sessions: readonly string[]; readonly rules: readonly ProviderRules[] } {
	const names = asList(values.sessions);
	const found = names.flatMap((name, index) => {
		const at = Array.isArray(values.sessions) ? [...path, 'sessions', index] : [...path, 'sessions'];
		const sessions = all.find((candidate) => candidate.name === name);
		if (sessions === undefined) {
			const fix = suggest(
				name,
				all.map((candidate) => candidate.name),
			);
			report.error(at, `there are no sessions ${name}`, fix === undefined ? {} : { fix });
			return [];
		}
		if (values.public === true) {
			report.error(at, 'a public route looks at no session', { at: 'value' });
			return [];
		}
		if (!rules.some(({ provider }) => provider === sessions.provider)) {
			report.error(at, `tokens of ${sessions.provider}, where these users log in, are not accepted here`, {
				fix: `Add ${sessions.provider} to providers.`,
			});
			return [];
		}
		return [sessions];
	});
	const cookiesOf = (provider: string): readonly CredentialLocation[] =>
		found.flatMap((each) => (each.provider === provider ? [{ in: 'cookie' as const, name: each.cookie.name }] : []));
	return {
		sessions: found.map(({ name }) => name),
		// Last: `explain` puts a token in the first place.
		rules:
			found.length === 0
				? rules
				: rules.map((rule) => ({ ...rule, tokenFrom: [...rule.tokenFrom, ...cookiesOf(rule.provider)] })),
	};
}

/** Where logout tokens of these users' providers are taken, beside what `revocation.logout` says. */
export function withSessionLogouts(
	{ logout }: RevocationDefinition,
	sessions: readonly SessionsDefinition[],
): RevocationDefinition {
	const audiences = new Map(logout.map(({ provider, audience }) => [provider, audience]));
	for (const { provider, client } of sessions) {
		audiences.set(provider, [...new Set([...(audiences.get(provider) ?? []), client.id])]);
	}
	return { logout: [...audiences].map(([provider, audience]) => ({ provider, audience })) };
}

/** Whether there is a place to keep them, and a key to seal them with. */
export function checkSessionStore({ sessions, store, routes }: Definition, report: Report): void {
	for (const { name, cookie } of sessions) {
		const path = ['sessions', name];
		if (store.encryptionKeys.length === 0 && (store.type !== 'memory' || cookie.kind === 'sealed')) {
			report.error(path, 'sessions hold tokens, which are sealed with store.encryption_keys', {
				at: 'key',
				fix: 'Say store: { type: sqlite, encryption_keys: ["${env:STORE_KEY}"] }; to try things out, store: { type: memory } will do for handles.',
			});
		}
		if (store.type === 'memory' && cookie.kind === 'handle') {
			report.warning(path, 'with store.type: memory, sessions end with the process', { at: 'key' });
		}
		if (!routes.some((route) => route.sessions.includes(name))) {
			report.hint(path, 'no route accepts these sessions', { at: 'key' });
		}
	}
}

/**
 * The shaped file → the definition that everything else starts from. Reads on past every fault, so that all of them are
 * reported at once; whether the definition may be used is for the caller to decide, by the errors in the report.
 */
import { type Reason, reasons } from '#core/index';
import { isCidr } from '#formats/ip';
import { usualCertificateField } from '#formats/told-certificate';
import { readAdmin } from './admin.ts';
import { readApim } from './apim.ts';
import { checkBindings } from './bindings.ts';
import { readCors } from './cors.ts';
import { defaults } from './defaults.ts';
import type { Definition, LimitsDefinition, TimeoutsDefinition } from './definition.ts';
import type { ConfigPath, Report } from './diagnostics.ts';
import { readDpop } from './dpop.ts';
import { admitsEveryApplication } from './entra-rules.ts';
import { readListeners } from './listeners.ts';
import { checkMinting, readMinting } from './minting.ts';
import { checkOverlaps } from './overlaps.ts';
import { type ReadProvider, readProvider } from './providers.ts';
import { checkRateLimits, readRateLimits } from './rate-limits.ts';
import { bytes, parseUrl, type Reading, seconds, timerMilliseconds } from './reading.ts';
import { readRevocation } from './revocation.ts';
import { readRoute } from './routes.ts';
import type { ConfigFile, RouteFile } from './schema.ts';
import { warnOfOldSecrets } from './secret-ages.ts';
import { resolvePath } from './secrets.ts';
import { checkSessionStore, readSessions, withSessionLogouts } from './sessions.ts';
import type { ShapedFile } from './shape.ts';
import { readStore } from './store.ts';
import { readTelemetry } from './telemetry.ts';
import { createTokenServers } from './token-server.ts';
import { checkUpstreamResponse } from './upstream-response.ts';

export function defineGateway(file: ShapedFile, reading: Reading): Definition {
	const { values, present } = file;
	const { report } = reading;
	if (!present.has('listen')) report.error([], 'listen is missing', { fix: 'For example: listen: 127.0.0.1:8080' });
	const listen = values.listen === undefined ? [] : readListeners(values.listen, ['listen'], reading);
	const providers = new Map(file.providers.map((shaped) => [shaped.name, readProvider(shaped, reading)]));
	const cors = values.cors === undefined ? undefined : readCors(values.cors, ['cors'], report);
	const responses = readResponses(values.responses, ['responses'], report);
	for (const route of file.routes) readResponses(route.values.responses, [...route.path, 'responses'], report);
	const rateLimits = readRateLimits(values.rate_limits, reading);
	const endAtExpiry = values.end_at_expiry ?? defaults.endAtExpiry;
	const issuersOf = (name: string) => providers.get(name)?.definition.issuers ?? [];
	const tokenServers = createTokenServers(file.providers, issuersOf, reading);
	const minting = readMinting(values, reading);
	const upstreamResponse = values.upstream_response ?? {};
	checkUpstreamResponse(upstreamResponse, ['upstream_response'], report);
	const shapedProviders = file.providers;
	const apim = readApim(values.apim, reading);
	const publicUrl = values.public_url === undefined ? undefined : readPublicUrl(values.public_url, report);
	const sessions = readSessions(values.sessions, { providers, shapedProviders, publicUrl, rateLimits }, reading);
	const around = {
		apim,
		providers,
		shapedProviders,
		tokenServers,
		upstreamResponse,
		minting: present.has('minting'),
		cors,
		responses,
		endAtExpiry,
		rateLimits,
		sessions,
	};
	// What a broken section would have said is missing from every policy: one fault, told once.
	const isWhole = values.apim !== undefined || !present.has('apim');
	const inRoutes = isWhole ? reading : { ...reading, checkPolicy: undefined };
	const routes = file.routes.map((route) => readRoute(route, around, inRoutes));
	checkOverlaps(routes, report);

	const admin = values.admin === undefined ? undefined : readAdmin(values.admin, providers, reading);
	const revocation = withSessionLogouts(readRevocation(values.revocation, providers, report), sessions);
	const stateDirectory =
		values.state_directory === false
			? undefined
			: resolvePath(reading.folder, values.state_directory ?? defaults.stateDirectory);
	const isWritten =
		admin?.auth !== undefined ||
		admin?.openChanges === true ||
		revocation.logout.length > 0 ||
		values.sessions !== undefined ||
		[...providers.values()].some(({ definition }) => definition.sharedAccess?.storedKeys === true);
	const workers = values.workers ?? defaults.workers;
	const store = readStore(values.store, { stateDirectory, isWritten, isSpread: workers !== 1 }, reading);
	const definition: Definition = {
		listen,
		publicUrl,
		admin,
		audit: {
			file: values.audit?.file === undefined ? undefined : resolvePath(reading.folder, values.audit.file),
			digestKey: values.audit?.digest_key,
			onOverflow: values.audit?.on_overflow ?? 'drop',
		},
		telemetry: readTelemetry(values.telemetry, report),
		providers: [...providers.values()].map(({ definition }) => definition),
		routes: routes.flatMap((route) => route.definition ?? []),
		trustedProxies: readTrustedProxies(values.trusted_proxies ?? [], report),
		clientCertificateHeader: readClientCertificateHeader(values, report),
		dpop: readDpop(values.dpop, store, report),
		rateLimits: rateLimits.definitions,
		limits: readLimits(values.limits, report),
		timeouts: readTimeouts(values.timeouts, report),
		errors: { exposeReason: values.errors?.expose_reason ?? false, realm: values.errors?.realm },
		responses,
		cors,
		tokenCacheBytes: bytes(values.token_cache ?? defaults.tokenCache) ?? 0,
		stateDirectory,
		store,
		sessions,
		revocation,
		minting,
		workers,
		apim,
		maxSecretAge: seconds(values.max_secret_age),
		secrets: reading.secrets.map(({ at, from, file: named, changedAt, mark }) => ({
			at,
			from,
			file: named,
			changedAt,
			mark,
		})),
	};
	checkMinting(definition, reading);
	warnOfOldSecrets(reading.secrets, definition.maxSecretAge, reading.now, report);
	checkBindings(file.routes, definition, report);
	checkRateLimits(definition, report);
	checkSessionStore(definition, report);
	const openers = admin?.auth === undefined ? [] : [admin.auth.provider];
	adviseOnProviders(providers, definition.routes, new Set([...tokenServers.used, ...openers]), report);
	return definition;
}

function readPublicUrl(text: string, report: Report): string {
	const url = parseUrl(text);
	const origin = text.replace(/\/$/, '');
	if (url === undefined || !/^https?:$/.test(url.protocol) || url.origin !== origin) {
		report.error(['public_url'], 'expected an origin: scheme, host and port, lower-case, without a path', {
			fix: 'For example: https://api.example.com',
		});
	}
	return origin;
}

function readTrustedProxies(list: readonly string[], report: Report): readonly string[] {
	for (const [index, entry] of list.entries()) {
		if (!isCidr(entry)) report.error(['trusted_proxies', index], 'expected an address or a block such as 10.0.0.0/8');
		else if (entry.endsWith('/0'))
			report.warning(['trusted_proxies', index], 'every address is trusted: clients can claim to be anyone');
	}
	return list;
}

/** Only who is trusted can be believed about a certificate. */
function readClientCertificateHeader(
	{ client_certificate_header: value, trusted_proxies: proxies }: ConfigFile,
	report: Report,
): Definition['clientCertificateHeader'] {
	if (value === undefined) return undefined;
	if (proxies === undefined || proxies.length === 0) {
		report.error(['client_certificate_header'], 'without trusted_proxies nobody is believed about a certificate', {
			at: 'key',
			fix: 'List the addresses of the TLS terminators in trusted_proxies.',
		});
	}
	return { field: value.name ?? usualCertificateField[value.format], format: value.format };
}

/** A 400 of RFC 6750 §3.1 about the credential: other gateways answer it like a token that is not there. */
const movable400: ReadonlySet<Reason> = new Set(['credential_malformed', 'credential_repeated']);

/** Only reasons that are 401 or 403 may move, between these two, and a credential that cannot be read to one of them. */
function readResponses(
	value: RouteFile['responses'],
	path: ConfigPath,
	report: Report,
): Partial<Record<Reason, number>> {
	const moved: Partial<Record<Reason, number>> = {};
	for (const [name, status] of Object.entries(value ?? {})) {
		const reason = name as Reason;
		const own = reasons[reason].status;
		if (own !== 401 && own !== 403 && !movable400.has(reason))
			report.error([...path, name], `${name} is always ${own}: only 401 and 403 can be exchanged`, { at: 'key' });
		moved[reason] = status;
	}
	return moved;
}

function readLimits(value: ConfigFile['limits'], report: Report): LimitsDefinition {
	const size = (key: 'headers' | 'token', written: string | number, least: number): number => {
		const read = bytes(written) ?? 0;
		if (read < least) report.error(['limits', key], `at least ${least} bytes`);
		return read;
	};
	const limits = {
		headers: size('headers', value?.headers ?? defaults.limits.headers, 1024),
		headerCount: value?.header_count ?? defaults.limits.headerCount,
		token: size('token', value?.token ?? defaults.limits.token, 256),
		body: bytes(value?.body),
		connections: value?.connections,
	};
	if (limits.headers > 1024 * 1024) report.error(['limits', 'headers'], 'at most 1 MiB');
	return limits;
}

function readTimeouts(value: ConfigFile['timeouts'], report: Report): TimeoutsDefinition {
	const time = (key: keyof NonNullable<typeof value>, fallback: string) =>
		timerMilliseconds(value?.[key] ?? fallback, ['timeouts', key], report);
	return {
		tlsHandshake: time('tls_handshake', defaults.timeouts.tlsHandshake),
		requestHead: time('request_head', defaults.timeouts.requestHead),
		requestBody: time('request_body', defaults.timeouts.requestBody),
		keepAlive: time('keep_alive', defaults.timeouts.keepAlive),
		tunnelIdle: time('tunnel_idle', defaults.timeouts.tunnelIdle),
		drain: time('drain', defaults.timeouts.drain),
	};
}

/**
 * Advice for a file without errors: providers that no route uses, and, once a provider, tokens whose life nothing bounds,
 * and routes that every application of an Entra tenant may call.
 */
function adviseOnProviders(
	providers: ReadonlyMap<string, ReadProvider>,
	routes: Definition['routes'],
	/** Names of providers that are used for something else. */
	usedElsewhere: ReadonlySet<string>,
	report: Report,
): void {
	if (report.list().some(({ severity }) => severity === 'error')) return;
	for (const { name, path, definition } of providers.values()) {
		const uses = routes.flatMap((route) =>
			route.rules.filter(({ provider }) => provider === name).map((rules) => ({ route: route.name, rules })),
		);
		if (uses.length === 0) {
			if (usedElsewhere.has(name)) continue;
			report.hint(path, 'no route accepts tokens of this provider', { at: 'key' });
			continue;
		}
		const open = uses.find(({ rules }) => admitsEveryApplication(definition, rules));
		if (open !== undefined) {
			report.hint(
				path,
				`every application of its tenants may call route ${open.route}: it asks for no scope, role or client`,
				{
					at: 'key',
					fix: 'Entra gives any application a token for any API, without roles. Ask for scopes (scp and roles), or list clients.',
				},
			);
		}
		const unbounded = uses.find(({ rules }) => rules.maxLifetime === undefined && rules.maxAge === undefined);
		if (unbounded === undefined) continue;
		report.hint(path, `tokens may live as long as the provider likes (route ${unbounded.route})`, {
			at: 'key',
			fix: 'Set max_lifetime; 15 to 60 minutes is usual for access tokens.',
		});
	}
}

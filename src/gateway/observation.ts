/**
 * What the gateway tells of itself, put together: the metrics and who fills them, the ids of requests, and the export to
 * a collector where one is configured.
 */
import type { Assembly, Runtime } from '#assembly/assemble';
import { ageOf, secretsInForce } from '#assembly/secret-ages';
import type { Definition } from '#config/definition';
import type { MetricReading, TelemetryExport } from '#core/index';
import type { OwnTokenStatus } from '#keys/authorization-server/own-token';
import {
	type BackendTokensState,
	createExchangeMetrics,
	type ExchangeMetrics,
	measureBackendTokens,
} from '#observe/backend-token-metrics';
import { metrics, processMetrics } from '#observe/catalogue';
import { createGatewayTokenWatch, type GatewayTokenEvent } from '#observe/gateway-tokens';
import { createIntrospectionMetrics, type IntrospectionMetrics } from '#observe/introspection-metrics';
import { measureLimits } from '#observe/limit-metrics';
import { type MintingState, measureMinting } from '#observe/minting-metrics';
import { createRequestMetrics } from '#observe/request-metrics';
import { createRequestTrails } from '#observe/request-trail';
import { measureSecrets, type SecretsState } from '#observe/secret-metrics';
import { type ConfigurationState, type GatewayState, measureConfiguration, measureState } from '#observe/state-metrics';
import { measureUpstreams, type UpstreamState } from '#observe/upstream-metrics';
import { createPrometheusMeter } from '#runtime/node/prometheus-meter';
import { measuredRoutes } from './measured-routes.ts';
import type { RequestHandlerOptions } from './request-handler.ts';

export interface Observation extends Pick<RequestHandlerOptions, 'trailOf' | 'metrics' | 'span'> {
	/** Undefined: audit records are not exported. */
	readonly event: TelemetryExport['event'];
	readonly introspected: IntrospectionMetrics['record'];
	readonly exchanged: ExchangeMetrics['record'];
	/** The page for Prometheus. */
	render(): Promise<{ readonly contentType: string; readonly body: string }>;
	/** The same as data. */
	read(): Promise<readonly MetricReading[]>;
	/** From now on keys, cache and audit trail are measured too. */
	watch(
		look: () => Omit<GatewayState, 'now' | 'providers' | 'cacheEntries' | 'store'> & { readonly assembly: Assembly },
	): void;
	watchConfiguration(look: () => ConfigurationState): void;
	/** From now on the pools of upstreams are measured too. */
	watchUpstreams(look: () => readonly UpstreamState[]): void;
	/** To be called when another configuration is in force: series of routes and providers that are gone are forgotten. */
	follow(definition: Definition): void;
	/** Sends what is left to the collector. Never rejects. */
	close(): Promise<void>;
}

export interface ObservationOptions {
	/** False: metrics are not sent to the collector from here, since somebody else adds them up. */
	readonly sendMetrics: boolean;
	/** Puts on record that a token of a self-hosted gateway ends soon, or has ended. Never throws. */
	readonly recordToken: (event: GatewayTokenEvent) => void;
}

/** Rejects with a readable Error when a collector is configured and the packages for it are not installed. */
export async function createObservation(
	definition: Definition,
	runtime: Runtime,
	{ sendMetrics, recordToken }: ObservationOptions,
): Promise<Observation> {
	const { clock, cryptography, log } = runtime;
	const { otlp } = definition.telemetry;
	const meter = createPrometheusMeter(Object.values(metrics), processMetrics);
	const requestMetrics = createRequestMetrics(meter);
	const introspections = createIntrospectionMetrics(meter);
	const gatewayTokens = createGatewayTokenWatch(meter, recordToken);
	gatewayTokens.follow(gatewayProviders(definition));
	const exchanges = createExchangeMetrics(meter);
	const exported =
		otlp === undefined
			? undefined
			: (await loadOtlp()).createOtlpExport({
					...otlp,
					metrics: otlp.metrics && sendMetrics ? () => meter.read() : undefined,
					log,
				});
	return {
		metrics: {
			...requestMetrics,
			ended(request) {
				requestMetrics.ended(request);
				gatewayTokens.ended(request);
			},
		},
		trailOf: createRequestTrails({
			randomBytes: cryptography.randomBytes,
			sample: otlp?.traces === true ? otlp.sample : undefined,
		}),
		span: exported?.span,
		event: exported?.event,
		introspected: introspections.record,
		exchanged: exchanges.record,
		render: () => meter.render(),
		read: () => meter.read(),
		watchConfiguration: (look) => measureConfiguration(meter, look),
		watch(look) {
			measureState(meter, () => {
				const { assembly, ...rest } = look();
				return { ...rest, ...assemblyState(assembly), now: clock.now() };
			});
			measureBackendTokens(meter, () => backendTokensState(look().assembly, clock.now()));
			measureMinting(meter, () => mintingState(look().assembly, clock.now()));
			measureSecrets(meter, () => secretsState(look().assembly, clock.now()));
			measureLimits(meter, () =>
				Array.from(look().assembly.rateLimits.values(), ({ name, counts, buckets, standIn }) => ({
					name,
					counts,
					keys: buckets.keys + (standIn?.keys ?? 0),
				})),
			);
		},
		watchUpstreams: (look) => measureUpstreams(meter, look),
		follow(next) {
			const { routes, providers } = next;
			gatewayTokens.follow(gatewayProviders(next));
			const names = new Set(providers.map(({ name }) => name));
			requestMetrics.follow(measuredRoutes(next), names);
			introspections.follow(names);
			exchanges.follow(exchangeServersOf(routes));
		},
		close: async () => exported?.close(),
	};
}

/** Providers whose signatures are tokens of self-hosted gateways. */
function gatewayProviders({ providers }: Definition): ReadonlySet<string> {
	return new Set(
		providers.flatMap(({ name, sharedAccess }) => (sharedAccess?.format === 'apim_gateway' ? [name] : [])),
	);
}

/** The optional peer dependencies of package.json. */
const packages =
	'@opentelemetry/api @opentelemetry/resources @opentelemetry/sdk-{trace,metrics,logs} @opentelemetry/exporter-{trace,metrics,logs}-otlp-http';

/** Loaded only when it is used: the packages behind it are optional, and not small. */
export async function loadOtlp(): Promise<typeof import('#runtime/node/otlp')> {
	try {
		return await import('#runtime/node/otlp');
	} catch (cause) {
		throw new Error(`telemetry.otlp needs packages that are not installed: npm install ${packages}`, { cause });
	}
}

function exchangeServersOf(routes: Definition['routes']): ReadonlySet<string> {
	const servers = new Set<string>();
	for (const { backendToken } of routes) {
		if (backendToken.type !== 'exchange') continue;
		for (const { server } of backendToken.servers) servers.add(server.name);
	}
	return servers;
}

/** `now`: milliseconds since the epoch. */
function backendTokensState({ backend }: Assembly, now: number): BackendTokensState {
	const sources = [...backend.sources.values()];
	const ownToken = (name: string, { expiresAt, state }: OwnTokenStatus) => ({
		name,
		left: expiresAt === undefined ? undefined : (expiresAt - now) / 1000,
		failing: state === 'failing',
	});
	return {
		exchanges: sources.flatMap((source) => {
			if (source.kind !== 'exchange') return [];
			const { hits, kept } = source.status();
			return [{ server: source.server.name, source, hits, kept }];
		}),
		own: sources.flatMap((source) => {
			if (source.kind === 'own token') return [ownToken(source.name, source.status())];
			if (source.kind !== 'exchange') return [];
			const { actor } = source.status();
			return actor === undefined ? [] : [ownToken(source.server.name, actor)];
		}),
	};
}

/** `now`: milliseconds since the epoch. */
function mintingState({ backend: { minting } }: Assembly, now: number): MintingState | undefined {
	if (minting === undefined) return undefined;
	const keys = minting.keys.describe(now / 1000);
	const madeAt = keys.find(({ state }) => state === 'signing')?.madeAt;
	const status = minting.maker?.status();
	return {
		source: minting,
		signatures: minting.signatures(),
		keys,
		keyAge: madeAt === undefined ? undefined : Math.max(0, now / 1000 - madeAt),
		failing: status === undefined ? undefined : status.lastError !== undefined,
	};
}

/** `now`: milliseconds since the epoch. */
function secretsState(assembly: Assembly, now: number): SecretsState {
	const { maxSecretAge = Number.POSITIVE_INFINITY } = assembly.definition;
	const ages = new Map<string, number>();
	let tooOld = 0;
	for (const known of secretsInForce(assembly, now)) {
		const age = ageOf(known, now);
		const series = known.series ?? known.definition.at;
		ages.set(series, Math.max(ages.get(series) ?? 0, age));
		if (age > maxSecretAge) tooOld += 1;
	}
	return { ages, tooOld };
}

function assemblyState({ keys, policy, state }: Assembly): Pick<GatewayState, 'providers' | 'cacheEntries' | 'store'> {
	const { revocations, revisions, age, outages, ...store } = state.status();
	const revision = revisions.get(state.revocations.ledger) ?? 0;
	return {
		store: { revocations, revision, stale: store.state === 'stale', age, outages },
		cacheEntries: policy.genuine.size,
		providers: Array.from(keys, ([name, source]) => {
			const { kids, ...status } = source.status();
			return { ...status, name, source, keys: kids.length };
		}),
	};
}

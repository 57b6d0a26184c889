/** What is measured by looking when somebody reads: keys, cache, configuration and audit trail. */
import type { Meter, MetricDescription, Series } from '#core/index';
import { metrics } from './catalogue.ts';

export interface GatewayState {
	readonly providers: readonly ProviderState[];
	readonly cacheEntries: number;
	readonly audit: { readonly dropped: number; readonly failing: boolean };
	readonly store: StoreState;
	/** Milliseconds since the epoch. */
	readonly now: number;
}

export interface ConfigurationState {
	/** Milliseconds since the epoch. */
	readonly loadedAt: number;
	readonly rejectedAt: number | undefined;
	readonly reloads: number;
	readonly rejections: number;
}

export interface WorkersState {
	readonly serving: number;
	readonly absent: number;
	/** Workers that ended without being told to, so far. */
	readonly exits: number;
}

export interface StoreState {
	readonly revocations: number;
	readonly revision: number;
	readonly stale: boolean;
	/** Seconds; undefined before the first reading. */
	readonly age: number | undefined;
	readonly outages: number;
}

export interface ProviderState {
	readonly name: string;
	/** Stands for whatever counts the fetches: another one begins again at 0. */
	readonly source: WeakKey;
	readonly state: KeysState;
	readonly keys: number;
	/** Milliseconds since the epoch; undefined when nothing was fetched. */
	readonly fetchedAt: number | undefined;
	readonly acceptedFetches: number;
	readonly failedFetches: number;
	/** Seconds. */
	readonly clockOffset: number | undefined;
}

type KeysState = 'ready' | 'stale' | 'unavailable';
const keysStates: readonly KeysState[] = ['ready', 'stale', 'unavailable'];

/** From now on the meter asks `look` before each reading. Series of providers that are gone go with them. */
export function measureState(meter: Meter, look: () => GatewayState): void {
	const auditDropped = counterOf(meter, metrics.auditDropped, []);
	const cacheEntries = meter.series(metrics.cacheEntries, []);
	const auditFailing = meter.series(metrics.auditFailing, []);
	const measureStore = createStoreSeries(meter);
	const providers = new Map<string, ProviderSeries>();

	meter.beforeReading(() => {
		const { audit, store, now, ...state } = look();
		cacheEntries.record(state.cacheEntries);
		auditDropped(audit.dropped);
		auditFailing.record(audit.failing ? 1 : 0);
		measureStore(store);
		for (const provider of state.providers) {
			let series = providers.get(provider.name);
			if (series === undefined) providers.set(provider.name, (series = createProviderSeries(meter, provider.name)));
			series.record(provider, now);
		}
		const names = new Set(state.providers.map(({ name }) => name));
		for (const [name, series] of providers) {
			if (names.has(name)) continue;
			series.remove();
			providers.delete(name);
		}
	});
}

/** The same for whoever reads configurations: the one process, or the primary of several. */
export function measureConfiguration(meter: Meter, look: () => ConfigurationState): void {
	const reloaded = counterOf(meter, metrics.configReloads, ['ok']);
	const rejected = counterOf(meter, metrics.configReloads, ['failed']);
	const loaded = meter.series(metrics.configLoaded, []);
	const rejectedSince = meter.series(metrics.configRejected, []);
	meter.beforeReading(() => {
		const { loadedAt, rejectedAt, reloads, rejections } = look();
		reloaded(reloads);
		rejected(rejections);
		loaded.record(loadedAt / 1000);
		rejectedSince.record((rejectedAt ?? 0) / 1000);
	});
}

/** The same for the primary of several workers. */
export function measureWorkers(meter: Meter, look: () => WorkersState): void {
	const serving = meter.series(metrics.workers, ['serving']);
	const absent = meter.series(metrics.workers, ['absent']);
	const exits = counterOf(meter, metrics.workerExits, []);
	meter.beforeReading(() => {
		const state = look();
		serving.record(state.serving);
		absent.record(state.absent);
		exits(state.exits);
	});
}

function createStoreSeries(meter: Meter): (state: StoreState) => void {
	const revocations = meter.series(metrics.revocations, []);
	const revision = meter.series(metrics.revocationRevision, []);
	const stale = meter.series(metrics.storeStale, []);
	const age = meter.series(metrics.storeAge, []);
	const outages = counterOf(meter, metrics.storeOutages, []);
	return (state) => {
		revocations.record(state.revocations);
		revision.record(state.revision);
		stale.record(state.stale ? 1 : 0);
		if (state.age !== undefined) age.record(state.age);
		outages(state.outages);
	};
}

interface ProviderSeries {
	record(provider: ProviderState, now: number): void;
	remove(): void;
}

function createProviderSeries(meter: Meter, name: string): ProviderSeries {
	const age = meter.series(metrics.keyAge, [name]);
	const keys = meter.series(metrics.keys, [name]);
	const skew = meter.series(metrics.clockSkew, [name]);
	const states = keysStates.map((state) => ({ state, series: meter.series(metrics.keysState, [name, state]) }));
	const ok = meter.series(metrics.keyFetches, [name, 'ok']);
	const failed = meter.series(metrics.keyFetches, [name, 'failed']);
	let counted: { source: WeakKey; accepted: number; failed: number } | undefined;
	return {
		record({ source, state, fetchedAt, clockOffset, acceptedFetches, failedFetches, ...provider }, now) {
			if (counted?.source !== source) counted = { source, accepted: 0, failed: 0 };
			ok.record(acceptedFetches - counted.accepted);
			failed.record(failedFetches - counted.failed);
			counted.accepted = acceptedFetches;
			counted.failed = failedFetches;
			keys.record(provider.keys);
			for (const each of states) each.series.record(each.state === state ? 1 : 0);
			if (fetchedAt !== undefined) age.record(Math.max(0, (now - fetchedAt) / 1000));
			if (clockOffset !== undefined) skew.record(clockOffset);
		},
		remove() {
			for (const series of [age, keys, skew, ok, failed, ...states.map((each) => each.series)]) series.remove();
		},
	};
}

/** Takes the running total of a counter that somebody else keeps. */
function counterOf(meter: Meter, metric: MetricDescription, values: readonly string[]): (total: number) => void {
	const series: Series = meter.series(metric, values);
	let seen = 0;
	return (total) => {
		if (total > seen) series.record(total - seen);
		seen = Math.max(seen, total);
	};
}

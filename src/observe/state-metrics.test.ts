import { expect, test } from 'vitest';
import { fakeMeter } from '../../test/support/fake-meter.ts';
import { metrics } from './catalogue.ts';
import {
	type ConfigurationState,
	type GatewayState,
	measureConfiguration,
	measureState,
	measureWorkers,
	type ProviderState,
} from './state-metrics.ts';

const provider: ProviderState = {
	name: 'idp',
	source: {},
	state: 'ready',
	keys: 2,
	fetchedAt: 1000,
	acceptedFetches: 3,
	failedFetches: 1,
	clockOffset: -4,
};

const state: GatewayState = {
	providers: [provider],
	cacheEntries: 7,
	audit: { dropped: 0, failing: false },
	store: { revocations: 3, revision: 9, stale: true, age: 7.5, outages: 2 },
	now: 61_000,
};

function readings(...states: readonly GatewayState[]): ReturnType<typeof fakeMeter> {
	const meter = fakeMeter();
	let current = state;
	measureState(meter, () => current);
	for (const next of states) {
		current = next;
		meter.read();
	}
	return meter;
}

const last = (meter: ReturnType<typeof fakeMeter>, name: string, ...values: readonly string[]) =>
	meter.told.get(`${name}{${values.join(',')}}`)?.at(-1);

test('one reading says how things are', () => {
	const meter = readings(state);
	expect(last(meter, metrics.keyAge.name, 'idp')).toBe(60);
	expect(last(meter, metrics.keys.name, 'idp')).toBe(2);
	expect(last(meter, metrics.clockSkew.name, 'idp')).toBe(-4);
	expect(last(meter, metrics.keysState.name, 'idp', 'ready')).toBe(1);
	expect(last(meter, metrics.keysState.name, 'idp', 'stale')).toBe(0);
	expect(last(meter, metrics.cacheEntries.name)).toBe(7);
	expect(last(meter, metrics.revocations.name)).toBe(3);
	expect(last(meter, metrics.revocationRevision.name)).toBe(9);
	expect([last(meter, metrics.storeStale.name), last(meter, metrics.storeAge.name)]).toEqual([1, 7.5]);
	expect(meter.sum(metrics.storeOutages.name)).toBe(2);
});

test('the configuration: since when, how often, and since when another one is rejected', () => {
	const meter = fakeMeter();
	let configuration: ConfigurationState = { loadedAt: 5000, rejectedAt: undefined, reloads: 1, rejections: 0 };
	measureConfiguration(meter, () => configuration);
	meter.read();
	expect(last(meter, metrics.configLoaded.name)).toBe(5);
	expect(last(meter, metrics.configRejected.name)).toBe(0);
	configuration = { ...configuration, rejectedAt: 7000, reloads: 3, rejections: 2 };
	meter.read();
	expect(last(meter, metrics.configRejected.name)).toBe(7);
	expect(meter.sum(metrics.configReloads.name, 'ok')).toBe(3);
	expect(meter.sum(metrics.configReloads.name, 'failed')).toBe(2);
});

test('the workers: how many serve, how many do not, how often one ended', () => {
	const meter = fakeMeter();
	measureWorkers(meter, () => ({ serving: 3, absent: 1, exits: 2 }));
	meter.read();
	expect(last(meter, metrics.workers.name, 'serving')).toBe(3);
	expect(last(meter, metrics.workers.name, 'absent')).toBe(1);
	expect(meter.sum(metrics.workerExits.name)).toBe(2);
});

test('totals that others keep become increments, also over a new source that begins again', () => {
	const replaced = { ...provider, source: {}, acceptedFetches: 1, failedFetches: 0 };
	const meter = readings(
		state,
		state,
		{ ...state, providers: [{ ...provider, acceptedFetches: 5 }], audit: { dropped: 9, failing: true } },
		{ ...state, providers: [replaced], audit: { dropped: 9, failing: false } },
	);
	expect(meter.sum(metrics.keyFetches.name, 'idp', 'ok')).toBe(6);
	expect(meter.sum(metrics.keyFetches.name, 'idp', 'failed')).toBe(1);
	expect(meter.sum(metrics.auditDropped.name)).toBe(9);
	expect(meter.told.get(`${metrics.auditFailing.name}{}`)).toEqual([0, 0, 1, 0]);
});

test('a provider that is gone leaves no series', () => {
	const meter = readings(state, { ...state, providers: [] });
	expect([...meter.told.keys()].filter((key) => key.includes('idp'))).toEqual([]);
});

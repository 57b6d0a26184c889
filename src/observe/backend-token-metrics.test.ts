import { expect, test } from 'vitest';
import { fakeMeter } from '../../test/support/fake-meter.ts';
import { type BackendTokensState, createExchangeMetrics, measureBackendTokens } from './backend-token-metrics.ts';

test('exchanges are counted by server and outcome, timed, and forgotten with their server', () => {
	const meter = fakeMeter();
	const measured = createExchangeMetrics(meter);
	measured.record({ server: 'idp', outcome: 'issued', seconds: 0.02 });
	measured.record({ server: 'idp', outcome: 'failed', seconds: 3 });
	measured.record({ server: 'idp', outcome: 'kept_back', seconds: 0 });
	measured.record({ server: 'other', outcome: 'refused', seconds: 0.01 });
	expect(meter.sum('countersign_exchanges_total', 'idp', 'issued')).toBe(1);
	expect(meter.sum('countersign_exchanges_total', 'other', 'refused')).toBe(1);
	expect(meter.told.get('countersign_exchange_duration_seconds{idp}')).toEqual([0.02, 3]);
	measured.follow(new Set(['other']));
	expect(meter.sum('countersign_exchanges_total', 'idp', 'issued')).toBe(0);
	expect(meter.sum('countersign_exchanges_total', 'other', 'refused')).toBe(1);
});

test('kept tokens of one server are added up, over sources that come and go; of own tokens the worst is shown', () => {
	const meter = fakeMeter();
	const [first, second, third] = [{}, {}, {}];
	const exchange = (source: WeakKey, hits: number, kept: number) => ({ server: 'idp', source, hits, kept });
	let state: BackendTokensState = {
		exchanges: [exchange(first, 5, 2), exchange(second, 1, 1)],
		own: [
			{ name: 'idp', left: 60, failing: false },
			{ name: 'idp', left: 30, failing: true },
			{ name: 'other', left: undefined, failing: false },
		],
	};
	measureBackendTokens(meter, () => state);
	meter.read();
	expect(meter.sum('countersign_exchange_cache_hits_total', 'idp')).toBe(6);
	expect(meter.told.get('countersign_exchange_cache_entries{idp}')).toEqual([3]);
	expect(meter.told.get('countersign_own_token_remaining_seconds{idp}')).toEqual([30]);
	expect(meter.told.get('countersign_own_token_remaining_seconds{other}')).toEqual([0]);
	expect(meter.told.get('countersign_own_token_failing{idp}')).toEqual([1]);
	// A reload brings another source, which begins at 0; the total goes on.
	state = { exchanges: [exchange(first, 7, 2), exchange(third, 2, 0)], own: [] };
	meter.read();
	expect(meter.sum('countersign_exchange_cache_hits_total', 'idp')).toBe(10);
	expect(meter.told.has('countersign_own_token_remaining_seconds{idp}')).toBe(false);
});

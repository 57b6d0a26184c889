import { expect, test } from 'vitest';
import { createState } from '#assembly/state';
import { type Store, StoreUnavailable } from '#core/index';
import { createMemoryStore } from '#store/memory';
import { fakeClock, fakeLog, fakeTimers, realCryptography } from '../../test/support/fake-runtime.ts';

/** Shared, and away as soon as it is told. */
function setUp(options: { readonly failOpen?: boolean } = {}) {
	const clock = fakeClock();
	const kept = createMemoryStore({ clock, randomId: () => 'x' });
	let isAway = false;
	const store: Store = {
		...kept,
		type: 'redis',
		isShared: true,
		changes: async (...asked) => {
			if (isAway) throw new StoreUnavailable('away');
			return kept.changes(...asked);
		},
	};
	const state = createState({
		store,
		sealing: undefined,
		clock,
		timers: fakeTimers(clock),
		log: fakeLog(),
		cryptography: realCryptography,
		gateway: 'one',
		maxStaleness: 5,
		failOpen: false,
		...options,
	});
	return { clock, state, leave: () => (isAway = true) };
}

test('a request that came while the store was there, and has waited since, is judged by what is known now', async () => {
	const { clock, state, leave } = setUp();
	await state.start();
	const came = clock.monotonic();
	leave();
	expect(state.revoked.unknownSince(came)).toBeUndefined();
	clock.advance(5_000);
	expect(state.revoked.unknownSince(came)).toBeUndefined();
	clock.advance(1);
	expect(state.revoked.unknownSince(came)).toContain('longer than max_staleness');
	await state.close();
});

test('where the configuration says so, nothing is unknown', async () => {
	const { clock, state, leave } = setUp({ failOpen: true });
	await state.start();
	leave();
	clock.advance(60_000);
	expect(state.revoked.unknownSince(clock.monotonic())).toBeUndefined();
	await state.close();
});

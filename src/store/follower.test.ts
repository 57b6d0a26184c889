import { expect, test } from 'vitest';
import { type LedgerEntry, type Store, StoreUnavailable } from '#core/index';
import { fakeClock, fakeLog, fakeTimers, settled } from '../../test/support/fake-runtime.ts';
import { createFollower } from './follower.ts';
import { createMemoryStore } from './memory.ts';

interface Taken {
	readonly keys: readonly (string | undefined)[];
	readonly isReset: boolean;
	readonly isLost: boolean;
}

function scene(capacity?: number) {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const log = fakeLog();
	let ids = 0;
	const newStore = () =>
		createMemoryStore({ clock, randomId: () => String((ids += 1)), ...(capacity === undefined ? {} : { capacity }) });
	let behind: Store | Error = newStore();
	const asked = { count: 0 };
	const store: Store = {
		...behind,
		async changes(...question) {
			asked.count += 1;
			if (behind instanceof Error) throw behind;
			return behind.changes(...question);
		},
	};
	const taken: Taken[] = [];
	const follower = createFollower({
		store,
		clock,
		timers,
		log,
		readers: [
			{
				ledger: 'l',
				apply: (entries: readonly LedgerEntry[], how) => taken.push({ keys: entries.map(({ key }) => key), ...how }),
			},
		],
	});
	return {
		clock,
		timers,
		log,
		follower,
		taken,
		asked,
		first: behind,
		newStore,
		put: (next: Store | Error) => (behind = next),
	};
}

test('starts with a copy, then takes in what changed, once each', async () => {
	const { first, follower, taken, timers } = scene();
	await first.enter('l', 'a', '1');
	await follower.start();
	expect(taken).toEqual([{ keys: ['a'], isReset: true, isLost: false }]);
	await first.enter('l', 'b', '2');
	await first.strike('l', 'a');
	await timers.advance(200);
	await timers.advance(1_000);
	expect(taken.slice(1)).toEqual([{ keys: ['b', 'a'], isReset: false, isLost: false }]);
	expect(follower.revisions()).toEqual(new Map([['l', 3]]));
});

test('as fresh as the moment at which it asked, and after an outage only once it has caught up', async () => {
	const { clock, first, follower, put, taken, timers } = scene();
	expect(follower.freshAt).toBe(Number.NEGATIVE_INFINITY);
	await follower.start();
	const fresh = follower.freshAt;
	expect(fresh).toBe(clock.monotonic());
	put(new StoreUnavailable('gone'));
	await timers.advance(3_000);
	expect([follower.freshAt, follower.lastError]).toEqual([fresh, 'gone']);
	for (let i = 0; i < 1_200; i++) await first.enter('l', `k${i}`, 'v');
	put(first);
	await timers.advance(200);
	for (let i = 0; i < 10; i++) await settled();
	expect(taken.flatMap(({ keys }) => keys)).toHaveLength(1_200);
	expect(follower.freshAt).toBeGreaterThan(fresh + 3_000);
	expect(follower.lastError).toBeUndefined();
});

test('a store that begins anew is told as lost, with the whole of what it has', async () => {
	const { first, follower, log, newStore, put, taken, timers } = scene();
	await first.enter('l', 'a', '1');
	await follower.start();
	const next = newStore();
	await next.enter('l', 'b', '1');
	put(next);
	await timers.advance(200);
	expect(taken[1]).toEqual({ keys: ['b'], isReset: true, isLost: true });
	expect(log.lines.join()).toContain('the store has lost what was in it');
});

test('catchUp reads from a moment after the call, however many ask', async () => {
	const { asked, first, follower, taken } = scene();
	await follower.start();
	const before = asked.count;
	const early = follower.catchUp();
	await first.enter('l', 'a', '1');
	await Promise.all([early, follower.catchUp(), follower.catchUp(), follower.catchUp()]);
	expect(asked.count - before).toBe(2);
	expect(taken.at(-1)?.keys).toEqual(['a']);
});

test('stopped: it asks no more', async () => {
	const { asked, follower, timers } = scene();
	await follower.start();
	follower.stop();
	const before = asked.count;
	await timers.advance(5_000);
	expect(asked.count).toBe(before);
});

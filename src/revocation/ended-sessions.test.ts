import { expect, test } from 'vitest';
import type { LedgerPosition } from '#core/index';
import { fakeClock } from '../../test/support/fake-runtime.ts';
import { createMemoryStore } from '../store/memory.ts';
import { createEndedSessions, endedSessionsLedger } from './ended-sessions.ts';

/** Two gateways on one store, each of which reads only when it is told to. */
function gateways(capacity?: number) {
	const clock = fakeClock();
	const kept = createMemoryStore({ clock, randomId: () => 'x' });
	let entered = 0;
	const store: typeof kept = {
		...kept,
		enter(...entry) {
			entered += 1;
			return kept.enter(...entry);
		},
	};
	function gateway() {
		let position: LedgerPosition | undefined;
		const news: string[][] = [];
		const catchUp = async () => {
			const changes = await store.changes(endedSessionsLedger, position, 1_000);
			ended.apply(changes.entries);
			position = changes.position;
		};
		const ended = createEndedSessions({
			store,
			catchUp,
			clock,
			onEnded: (ids) => news.push([...ids]),
			...(capacity === undefined ? {} : { capacity }),
		});
		return { ...ended, catchUp, news };
	}
	const inSeconds = (seconds: number) => clock.now() / 1000 + seconds;
	return { clock, store, inSeconds, entered: () => entered, a: gateway(), b: gateway() };
}

test('known here at once and there after the next reading, and written once', async () => {
	const { a, b, inSeconds, entered } = gateways();
	await a.tell('one', inSeconds(60));
	await a.tell('one', inSeconds(60));
	expect([a.has('one'), b.has('one'), a.has('two')]).toEqual([true, false, false]);
	await b.catchUp();
	await b.catchUp();
	expect(b.has('one')).toBe(true);
	expect([a.news, b.news, entered()]).toEqual([[['one']], [['one']], 1]);
});

test('forgotten once nothing of it can be open, here as in the store', async () => {
	const { a, b, clock, store, inSeconds } = gateways();
	await a.tell('one', inSeconds(60));
	clock.advance(359_000);
	expect(a.has('one')).toBe(true);
	clock.advance(2_000);
	expect(a.has('one')).toBe(false);
	expect((await store.changes(endedSessionsLedger, undefined, 10)).entries).toEqual([]);
	await b.catchUp();
	expect(b.news).toEqual([]);
});

test('one whose time is over already is told all the same', async () => {
	const { a, b, inSeconds } = gateways();
	await a.tell('one', inSeconds(-1_000));
	await b.catchUp();
	expect(b.news).toEqual([]);
	expect((await a.tell('two', inSeconds(-10)), a.has('two'))).toBe(true);
});

test('the whole ledger again, as after a break, is no news', async () => {
	const { a, store, inSeconds } = gateways();
	await a.tell('one', inSeconds(60));
	await a.tell('two', inSeconds(60));
	a.apply((await store.changes(endedSessionsLedger, undefined, 10)).entries);
	expect(a.news).toEqual([['one'], ['two']]);
});

test('of too many the first are forgotten, the news of them is not', async () => {
	const { a, b, inSeconds } = gateways(2);
	for (const id of ['one', 'two', 'three']) await a.tell(id, inSeconds(60));
	await b.catchUp();
	expect(['one', 'two', 'three'].map(b.has)).toEqual([false, true, true]);
	expect(b.news).toEqual([['one', 'two', 'three']]);
});

test('what the store has lost or cannot say changes nothing', async () => {
	const { a, inSeconds } = gateways();
	await a.tell('one', inSeconds(60));
	a.apply([
		{ key: 'one', revision: 2, value: undefined },
		{ key: 'two', revision: 3, value: 'soon' },
		{ key: 'three', revision: 4, value: undefined },
	]);
	expect(['one', 'two', 'three'].map(a.has)).toEqual([true, false, false]);
	expect(a.news).toEqual([['one']]);
});

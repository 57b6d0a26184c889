import { expect, test } from 'vitest';
import { fakeClock } from '../../test/support/fake-runtime.ts';
import { takeLease } from './lease.ts';
import { createMemoryStore } from './memory.ts';

test('one at a time, until it is released or its time is over; a late release takes nothing from the next', async () => {
	const clock = fakeClock();
	let ids = 0;
	const store = createMemoryStore({ clock, randomId: () => String((ids += 1)) });
	const take = () => takeLease(store, 'refresh', 'session', 1_000);
	const taken = await Promise.all(Array.from({ length: 10 }, take));
	const [first, ...more] = taken.filter((lease) => lease !== undefined);
	expect(more).toEqual([]);
	await first?.release();
	const second = await take();
	expect(second).toBeDefined();
	clock.advance(1_001);
	expect(await take()).toBeDefined();
	await second?.release();
	expect(await take()).toBeUndefined();
});

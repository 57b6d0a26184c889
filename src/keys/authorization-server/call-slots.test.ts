import { expect, test } from 'vitest';
import { CallSlots } from '#keys/authorization-server/call-slots';
import { fakeClock, fakeTimers, settled } from '../../../test/support/fake-runtime.ts';

const limits = { concurrency: 2, waiting: 2, patience: 1000 };

test('so many at a time, so many waiting, in order of arrival', async () => {
	const slots = new CallSlots(limits, fakeTimers(fakeClock()));
	expect([slots.take(), slots.take()]).toEqual([true, true]);
	const order: string[] = [];
	const wait = (name: string) => Promise.resolve(slots.take()).then((got) => order.push(`${name} ${got}`));
	void wait('first');
	void wait('second');
	expect(slots.take()).toBe(false);
	slots.release();
	await settled();
	slots.release();
	await settled();
	expect(order).toEqual(['first true', 'second true']);
	expect([slots.taken, slots.waiting]).toEqual([2, 0]);
	slots.release();
	slots.release();
	expect(slots.taken).toBe(0);
	expect(slots.take()).toBe(true);
});

test('who has waited too long is turned away, and leaves nothing behind', async () => {
	const timers = fakeTimers(fakeClock());
	const slots = new CallSlots({ ...limits, concurrency: 1 }, timers);
	expect(slots.take()).toBe(true);
	const late = Promise.resolve(slots.take());
	await timers.advance(1000);
	expect(await late).toBe(false);
	expect([slots.taken, slots.waiting, timers.pending]).toEqual([1, 0, 0]);
	slots.release();
	expect(slots.taken).toBe(0);
});

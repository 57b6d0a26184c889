import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Candidate, leastBusy } from './balance.ts';

interface Fake extends Candidate {
	readonly name: number;
	inFlight: number;
	available: boolean;
	hasRoom: boolean;
}

function fakes(...inFlight: readonly number[]): Fake[] {
	return inFlight.map((count, name) => {
		const fake: Fake = { name, inFlight: count, available: true, hasRoom: true, isAvailable: () => fake.available };
		return fake;
	});
}

test('the one with the fewest requests; equals take turns', () => {
	expect(leastBusy(fakes(3, 1, 2), [], 0, 0)?.name).toBe(1);
	expect([0, 1, 2, 3].map((turn) => leastBusy(fakes(5, 5, 5), [], turn, 0)?.name)).toEqual([0, 1, 2, 0]);
	expect(leastBusy([], [], 0, 0)).toBeUndefined();
});

test('untrusted ones only when all trusted ones were tried, tried ones only when all were', () => {
	const all = fakes(0, 9, 0);
	const [first, second, third] = all;
	if (first === undefined || second === undefined || third === undefined) throw new Error('three were made');
	first.available = false;
	third.available = false;
	expect(leastBusy(all, [], 0, 0)).toBe(second);
	expect(leastBusy(all, [second], 0, 0)).toBe(first);
	expect(leastBusy(all, [second, first], 0, 0)).toBe(third);
	expect(leastBusy(all, all, 0, 0)).toBe(second);
});

test('whatever the state, an endpoint is found, and no better one is passed over in small sets', () => {
	const fake = fc.record({ inFlight: fc.nat(9), available: fc.boolean(), tried: fc.boolean() });
	fc.assert(
		fc.property(fc.array(fake, { minLength: 1, maxLength: 40 }), fc.nat(99), (states, turn) => {
			const all = fakes(...states.map(({ inFlight }) => inFlight));
			for (const [index, one] of all.entries()) one.available = states[index]?.available === true;
			const tried = all.filter((_, index) => states[index]?.tried === true);
			const found = leastBusy(all, tried, turn, 0);
			expect(found).toBeDefined();
			if (found === undefined) return;
			const rank = (one: Fake): number => (tried.includes(one) ? 2 : 0) + (one.available ? 0 : 1);
			expect(rank(found)).toBe(Math.min(...all.map(rank)));
			if (all.length > 16) return;
			const equals = all.filter((one) => rank(one) === rank(found));
			expect(found.inFlight).toBe(Math.min(...equals.map(({ inFlight }) => inFlight)));
		}),
	);
});

test('of many, two at random are compared: the load spreads', () => {
	const all = fakes(...Array<number>(50).fill(0));
	for (let count = 0; count < 5_000; count++) {
		const found = leastBusy(all, [], count, 0);
		if (found !== undefined) found.inFlight += 1;
	}
	const counts = all.map(({ inFlight }) => inFlight);
	expect(Math.min(...counts)).toBeGreaterThan(90);
	expect(Math.max(...counts)).toBeLessThan(110);
});

test('of many, two that are full send nobody into the queue while another one has room', () => {
	const all = fakes(...Array<number>(17).fill(8));
	for (const one of all) one.hasRoom = false;
	const [, , , free] = all;
	if (free === undefined) throw new Error('seventeen were made');
	free.hasRoom = true;
	free.inFlight = 7;
	for (const first of [0, 0.5, 0.99]) expect(leastBusy(all, [], 0, 0, () => first)).toBe(free);
});

import { expect, test } from 'vitest';
import { VanishedKids } from '#keys/verification/vanished-kids';

test('counts tokens of kids that were published once, and of no other', () => {
	const vanished = new VanishedKids();
	vanished.replaced(['old', undefined], ['new'], 1000);
	expect(vanished.warnings(0)).toEqual([]);
	expect([vanished.count('old', 0), vanished.count('old', 1), vanished.count('random', 1)]).toEqual([
		true,
		false,
		false,
	]);
	expect(vanished.warnings(2)).toEqual([expect.stringContaining('"old"')]);
	expect(vanished.warnings(2)[0]).toContain('2 so far');
});

test('a kid that comes back is forgotten, and so is one whose tokens have run out', () => {
	const vanished = new VanishedKids();
	vanished.replaced(['a', 'b'], [], 1000);
	vanished.count('a', 0);
	vanished.count('b', 0);
	vanished.replaced([], ['a'], 2000);
	expect(vanished.count('a', 1)).toBe(false);
	expect(vanished.warnings(999)).toHaveLength(1);
	expect(vanished.warnings(1000)).toEqual([]);
	expect(vanished.count('b', 1000)).toBe(false);
});

test('a hundred kids are remembered, three are named, however many come and go', () => {
	const vanished = new VanishedKids();
	const kids = Array.from({ length: 10_000 }, (_, n) => `kid-${n}`);
	for (const kid of kids) vanished.replaced([kid], [], 1000);
	const counted = kids.filter((kid) => vanished.count(kid, 0));
	expect(counted).toEqual(kids.slice(-100));
	vanished.count('kid-9950', 0);
	const warnings = vanished.warnings(0);
	expect(warnings).toHaveLength(4);
	expect(warnings[0]).toContain('kid-9950');
	expect(warnings[3]).toContain('97 more');
});

test('a kid is quoted, escaped and short', () => {
	const vanished = new VanishedKids();
	const kid = `\n${'k'.repeat(500)}`;
	vanished.replaced([kid], [], 1000);
	vanished.count(kid, 0);
	expect(vanished.warnings(0)[0]).toMatch(/"\\nk{63}…"/);
});

/**
 * What every store must do, as tests: each implementation runs them over one store or, where it is shared, over two that
 * see the same state. Time is the test's where the store lets it, else it is waited for, never measured.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type LedgerPosition, maximumTtl, type Store, StoreUnavailable } from '#core/index';

export interface StoresUnderTest {
	readonly one: Store;
	/** Another store on the same state; the same one where it is not shared. */
	readonly other: Store;
	/** Lets `ms` pass: for real, or by a clock of the test's own. */
	readonly pass: (ms: number) => Promise<void>;
	readonly close: () => Promise<void>;
}

const hour = 60 * 60 * 1000;
let last = 0;
/** Names that no other test uses. */
const fresh = (word: string): string => `${word}-${(last += 1)}`;

export function describeStore(name: string, open: () => Promise<StoresUnderTest>): void {
	describe(`store contract: ${name}`, () => {
		let stores: StoresUnderTest;
		beforeAll(async () => {
			stores = await open();
		});
		afterAll(() => stores.close());

		claimTests(() => stores);
		recordTests(() => stores);
		listTests(() => stores);
		ledgerTests(() => stores);

		test('names and sizes out of bounds are the caller’s bug', async () => {
			const { one } = stores;
			for (const space of ['', 'Upper', '1a', 'a b', 'a:b', '../a', 'a'.repeat(65)]) {
				await expect(one.claim(space, 'k', hour)).rejects.toThrow(RangeError);
				await expect(one.changes(space, undefined, 10)).rejects.toThrow(RangeError);
			}
			for (const key of ['', 'k'.repeat(1025), '\ud800']) {
				await expect(one.get('space', key)).rejects.toThrow(RangeError);
				await expect(one.enter('ledger', key, 'v')).rejects.toThrow(RangeError);
			}
			for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, maximumTtl + 1]) {
				await expect(one.claim('space', 'k', ttl)).rejects.toThrow(RangeError);
				await expect(one.put('space', 'k', 'v', { ttl })).rejects.toThrow(RangeError);
			}
			await expect(one.put('space', 'k', 'v'.repeat(1024 * 1024 + 1), { ttl: hour })).rejects.toThrow(RangeError);
		});

		test('closed: everything rejects', async () => {
			const own = await open();
			await own.close();
			await expect(own.one.claim('space', 'k', hour)).rejects.toThrow(StoreUnavailable);
			await expect(own.one.changes('ledger', undefined, 10)).rejects.toThrow(StoreUnavailable);
			await own.one.close();
		});
	});
}

function claimTests(stores: () => StoresUnderTest): void {
	test('claim: fifty at once on two stores, exactly one is first', async () => {
		const { one, other } = stores();
		const space = fresh('claims');
		const answers = await Promise.all(
			Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? one : other).claim(space, 'jti', hour)),
		);
		expect(answers.filter(Boolean)).toHaveLength(1);
		expect(await other.claim(space, 'jti', hour)).toBe(false);
		expect(await other.claim(space, 'another', hour)).toBe(true);
		expect(await other.claim(fresh('claims'), 'jti', hour)).toBe(true);
	});

	test('claim: free again once its time is over, and not prolonged by those that came too late', async () => {
		const { one, other, pass } = stores();
		const space = fresh('claims');
		expect(await one.claim(space, 'jti', 40)).toBe(true);
		await other.claim(space, 'jti', hour);
		await pass(60);
		expect(await other.claim(space, 'jti', hour)).toBe(true);
	});

	test('claim: any text is a key, and no two texts are the same one', async () => {
		const { one, other } = stores();
		const space = fresh('claims');
		const seen = new Set<string>();
		await fc.assert(
			fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), async (key) => {
				fc.pre(key.isWellFormed() && !seen.has(key));
				seen.add(key);
				expect([await one.claim(space, key, hour), await other.claim(space, key, hour)]).toEqual([true, false]);
			}),
			{ numRuns: 60, examples: [['a b'], ['a:b'], ['é'], ['e\u0301'], ['__proto__'], ['\u0000'], ['{a}']] },
		);
	});
}

function listTests(stores: () => StoresUnderTest): void {
	test('records of a space are listed, those of others and what is over are not', async () => {
		const { one, other, pass } = stores();
		const [space, similar] = [fresh('listed'), fresh('listed-too')];
		expect(await one.list(space, 10)).toEqual({ records: [], next: undefined });
		const version = await one.put(space, 'a:*', 'value', { ttl: hour });
		await one.put(space, 'gone', 'value', { ttl: 20 });
		await one.put(space, 'removed', 'value', { ttl: hour });
		await one.remove(space, 'removed');
		await one.put(similar, 'b', 'value', { ttl: hour });
		await pass(40);
		expect(await other.list(space, 10)).toEqual({
			records: [{ key: 'a:*', value: 'value', version }],
			next: undefined,
		});
		for (let i = 0; i < 20; i++) await one.put(similar, `c${i}`, '', { ttl: hour });
		const { records } = await other.list(similar, 100);
		expect(new Set(records.map(({ key }) => key)).size).toBe(21);
		await expect(one.list('Upper', 1)).rejects.toThrow(RangeError);
	});

	test('page by page, every record that is there all the while comes by; what is added or removed meanwhile hides none', async () => {
		const { one, other } = stores();
		const space = fresh('paged');
		const keys = Array.from({ length: 400 }, (_, i) => `k${i}`);
		for (const key of [...keys, 'going-1', 'going-2']) await one.put(space, key, 'before', { ttl: hour });
		const seen: string[] = [];
		const cursors: (string | undefined)[] = [];
		let after: string | undefined;
		do {
			const page = await other.list(space, 150, after);
			expect(page.records.length).toBeLessThanOrEqual(402);
			seen.push(...page.records.map(({ key }) => key));
			cursors.push(after);
			after = page.next;
			await one.remove(space, `going-${cursors.length}`);
			await one.put(space, `new-${cursors.length}`, '', { ttl: hour });
			// What is written anew stays where it is.
			for (const key of keys.slice(0, 20)) await one.put(space, key, 'after', { ttl: hour });
		} while (after !== undefined && cursors.length < 20);
		expect(keys.filter((key) => !seen.includes(key))).toEqual([]);
		expect(cursors.length).toBeGreaterThan(1);
		for (const foreign of ['', 'no\ud800place']) {
			await expect(one.list(space, 1, foreign)).rejects.toThrow(RangeError);
		}
	});
}

function recordTests(stores: () => StoresUnderTest): void {
	test('records: written, read, replaced, removed', async () => {
		const { one, other } = stores();
		const space = fresh('records');
		expect(await other.get(space, 'a')).toBeUndefined();
		const first = await one.put(space, 'a', 'text ✓ \u0000"', { ttl: hour });
		expect(await other.get(space, 'a')).toEqual({ value: 'text ✓ \u0000"', version: first });
		const second = await other.put(space, 'a', '', { ttl: hour });
		expect(second).not.toBe(first);
		expect(await one.get(space, 'a')).toEqual({ value: '', version: second });
		expect(await one.remove(space, 'a')).toBe(true);
		expect(await one.remove(space, 'a')).toBe(false);
		expect(await other.get(space, 'a')).toBeUndefined();
	});

	test('records: compare and set, of twenty at once one wins, and versions never come back', async () => {
		const { one, other } = stores();
		const space = fresh('records');
		const versions = await Promise.all(
			Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).put(space, 'a', `v${i}`, absent)),
		);
		const [won, ...more] = versions.filter((version) => version !== undefined);
		expect(more).toEqual([]);
		if (won === undefined) throw new Error('nobody won');
		expect(await one.put(space, 'a', 'x', { ttl: hour, expected: 'another' })).toBeUndefined();
		const next = await other.put(space, 'a', 'next', { ttl: hour, expected: won });
		expect(next).toBeTypeOf('string');
		expect(await one.put(space, 'a', 'x', { ttl: hour, expected: won })).toBeUndefined();
		expect(await one.remove(space, 'a', won)).toBe(false);
		expect(await one.remove(space, 'a', next)).toBe(true);
		const again = await one.put(space, 'a', 'v', absent);
		expect([won, next]).not.toContain(again);
	});

	test('records: gone when their time is over, for compare and set too', async () => {
		const { one, other, pass } = stores();
		const space = fresh('records');
		const version = await one.put(space, 'a', 'v', { ttl: 40 });
		await pass(60);
		expect(await other.get(space, 'a')).toBeUndefined();
		expect(await other.remove(space, 'a')).toBe(false);
		expect(await other.put(space, 'a', 'w', { ttl: hour, expected: version ?? '' })).toBeUndefined();
		expect(await other.put(space, 'a', 'w', absent)).toBeTypeOf('string');
	});
}

const absent = { ttl: hour, expected: null } as const;

function ledgerTests(stores: () => StoresUnderTest): void {
	test('ledger: revisions go up, and a reader gets what came after its position', async () => {
		const { one, other } = stores();
		const ledger = fresh('ledger');
		const empty = await other.changes(ledger, undefined, 10);
		expect(empty).toMatchObject({ entries: [], head: 0, isReset: false, position: { revision: 0 } });
		expect(await one.enter(ledger, 'a', '1')).toBe(1);
		expect(await other.enter(ledger, 'b', '2', { ttl: hour })).toBe(2);
		const both = await one.changes(ledger, empty.position, 10);
		expect(both).toEqual({
			entries: [
				{ key: 'a', revision: 1, value: '1' },
				{ key: 'b', revision: 2, value: '2' },
			],
			position: { epoch: empty.position.epoch, revision: 2 },
			head: 2,
			isReset: false,
		});
		expect(await other.enter(ledger, 'a', '3')).toBe(3);
		expect(await one.strike(ledger, 'b')).toBe(4);
		expect(await one.strike(ledger, 'b')).toBeUndefined();
		const later = await other.changes(ledger, both.position, 10);
		expect(later.entries).toEqual([
			{ key: 'a', revision: 3, value: '3' },
			{ key: 'b', revision: 4, value: undefined },
		]);
		expect(await other.changes(ledger, later.position, 10)).toMatchObject({ entries: [], head: 4, isReset: false });
		// Whoever begins now needs no history.
		const copy = await one.changes(ledger, undefined, 10);
		expect(copy.entries.filter(({ value }) => value !== undefined)).toEqual([{ key: 'a', revision: 3, value: '3' }]);
		expect(copy).toMatchObject({ head: 4, position: { revision: 4 } });
	});

	test('ledger: read in pages without a gap', async () => {
		const { one, other } = stores();
		const ledger = fresh('ledger');
		await Promise.all(Array.from({ length: 25 }, (_, i) => one.enter(ledger, `k${i}`, String(i))));
		const seen = new Set<string>();
		let position: LedgerPosition | undefined;
		for (let page = 0; page < 10; page++) {
			const changes = await other.changes(ledger, position, 7);
			expect(changes.entries.length).toBeLessThanOrEqual(7);
			for (const { key } of changes.entries) seen.add(key);
			position = changes.position;
			if (position.revision === changes.head) break;
		}
		expect([seen.size, position?.revision]).toEqual([25, 25]);
	});

	test('ledger: compare and set, of twenty at once one wins', async () => {
		const { one, other } = stores();
		const ledger = fresh('ledger');
		const made = await Promise.all(
			Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).enter(ledger, 'a', `v${i}`, { expected: 0 })),
		);
		expect(made.filter((revision) => revision !== undefined)).toEqual([1]);
		expect(await one.enter(ledger, 'a', 'w', { expected: 7 })).toBeUndefined();
		expect(await one.strike(ledger, 'a', 7)).toBeUndefined();
		expect(await one.enter(ledger, 'a', 'w', { expected: 1 })).toBe(2);
		expect(await other.strike(ledger, 'a', 1)).toBeUndefined();
		expect(await other.strike(ledger, 'a', 2)).toBe(3);
		expect(await one.enter(ledger, 'a', 'again', { expected: 2 })).toBeUndefined();
		expect(await one.enter(ledger, 'a', 'again', { expected: 0 })).toBe(4);
	});

	test('ledger: entries whose time is over are gone, and the revision stays', async () => {
		const { one, other, pass } = stores();
		const ledger = fresh('ledger');
		await one.enter(ledger, 'short', 'v', { ttl: 40 });
		await one.enter(ledger, 'long', 'v', { ttl: hour });
		await pass(60);
		const changes = await other.changes(ledger, undefined, 10);
		expect(changes.entries.map(({ key }) => key)).toEqual(['long']);
		expect(changes).toMatchObject({ head: 2, position: { revision: 2 } });
		expect(await other.strike(ledger, 'short')).toBeUndefined();
		expect(await other.enter(ledger, 'short', 'v', { expected: 0 })).toBe(3);
	});

	test('ledger: a position of another ledger, or from a future that was lost, begins anew', async () => {
		const { one, other } = stores();
		const ledger = fresh('ledger');
		await one.enter(ledger, 'a', '1');
		const { position } = await other.changes(ledger, undefined, 10);
		const whole = { entries: [{ key: 'a', revision: 1, value: '1' }], isReset: true, head: 1, position };
		expect(await other.changes(ledger, { epoch: 'another', revision: 1 }, 10)).toEqual(whole);
		expect(await other.changes(ledger, { ...position, revision: 2 }, 10)).toEqual(whole);
	});
}

/** Real time, a little more than asked for. */
export async function passForReal(ms: number): Promise<void> {
	const end = performance.now() + ms + 5;
	await vi.waitFor(() => expect(performance.now()).toBeGreaterThan(end), { timeout: ms + 10_000, interval: 5 });
}

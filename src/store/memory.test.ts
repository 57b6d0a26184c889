import { expect, test } from 'vitest';
import { StoreUnavailable } from '#core/index';
import { fakeClock } from '../../test/support/fake-runtime.ts';
import { describeStore } from '../../test/support/store-contract.ts';
import { createMemoryStore } from './memory.ts';

let ids = 0;
const randomId = () => `id-${(ids += 1)}`;

describeStore('memory', async () => {
	const clock = fakeClock();
	const store = createMemoryStore({ clock, randomId });
	return { one: store, other: store, pass: async (ms) => clock.advance(ms), close: () => store.close() };
});

test('H25: full is a refusal, and nothing that was claimed is forgotten to make room', async () => {
	const clock = fakeClock();
	const store = createMemoryStore({ clock, randomId, capacity: 100 });
	for (let i = 0; i < 100; i++) expect(await store.claim('jti', `k${i}`, 10_000)).toBe(true);
	await expect(store.claim('jti', 'one more', 10_000)).rejects.toThrow(StoreUnavailable);
	for (let i = 0; i < 100; i++) expect(await store.claim('jti', `k${i}`, 10_000)).toBe(false);
	clock.advance(10_001);
	expect(await store.claim('jti', 'one more', 10_000)).toBe(true);
	for (let i = 0; i < 99; i++) expect(await store.claim('jti', `k${i}`, 10_000)).toBe(true);
});

test('a full ledger refuses, drops what ran out or was struck, and tells those who cannot have heard of it', async () => {
	const clock = fakeClock();
	const store = createMemoryStore({ clock, randomId, capacity: 3 });
	await store.enter('l', 'a', '1');
	await store.enter('l', 'b', '2', { ttl: 50 });
	await store.enter('l', 'c', '3');
	await expect(store.enter('l', 'd', '4')).rejects.toThrow(StoreUnavailable);
	expect(await store.enter('l', 'a', '5')).toBe(4);
	const { position } = await store.changes('l', undefined, 10);
	await store.strike('l', 'c');
	clock.advance(51);
	expect(await store.enter('l', 'd', '6')).toBe(6);
	expect(await store.changes('l', position, 10)).toMatchObject({
		isReset: true,
		entries: [{ key: 'a' }, { key: 'd' }],
	});
});

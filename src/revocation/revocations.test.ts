import { expect, test } from 'vitest';
import { Evidence, type LedgerPosition, type Principal, type Store } from '#core/index';
import { fakeClock, fakeLog, settled } from '../../test/support/fake-runtime.ts';
import { requestView } from '../../test/support/request-view.ts';
import { nodeCryptography } from '../runtime/node/cryptography.ts';
import { createMemoryStore } from '../store/memory.ts';
import type { DenySet } from './deny-set.ts';
import type { Denial } from './revocation.ts';
import { createRevocations, TooMany } from './revocations.ts';

const issuer = 'https://idp.example.com/';

/** Two gateways on one store, each of which reads only when it is told to. */
function gateways(capacity?: number) {
	const clock = fakeClock();
	const log = fakeLog();
	let ids = 0;
	const newStore = () => createMemoryStore({ clock, randomId: () => String((ids += 1)) });
	const behind = { store: newStore() };
	const store = new Proxy({} as Store, { get: (_, name) => Reflect.get(behind.store, name) as unknown });

	function gateway() {
		let position: LedgerPosition | undefined;
		const catchUp = async () => {
			const changes = await store.changes('revocations', position, 1_000);
			const isLost = position !== undefined && position.epoch !== changes.position.epoch;
			revocations.apply(changes.entries, { isReset: position === undefined || changes.isReset, isLost });
			position = changes.position;
		};
		const news: DenySet['find'][] = [];
		const revocations = createRevocations({
			store,
			catchUp,
			onDenied: (find) => news.push(find),
			clock,
			digest: nodeCryptography.digest,
			log,
			...(capacity === undefined ? {} : { capacity }),
		});
		return { ...revocations, catchUp, news };
	}
	return { clock, log, behind, newStore, a: gateway(), b: gateway() };
}

function denial(clock: { now(): number }, parts: Partial<Denial> = {}): Denial {
	const now = clock.now() / 1000;
	return { kind: 'subject', issuer, value: 'alice', issuedBefore: undefined, until: now + 600, ...parts };
}

function denied(revocations: { find: DenySet['find'] }, clock: { now(): number }, issuedAgo = 5) {
	const now = clock.now() / 1000;
	const principal: Principal = {
		provider: 'idp',
		kind: 'jwt',
		issuer,
		subject: 'alice',
		client: undefined,
		audiences: [],
		scopes: new Set(),
		claims: {},
		expiresAt: now + 60,
		notBefore: undefined,
		issuedAt: now - issuedAgo,
		confirmation: undefined,
		type: undefined,
	};
	return revocations.find(principal, new Evidence(requestView({}), now, 0)) !== undefined;
}

test('what is denied from now on is told by itself; what ends, and what nobody changed, is not', async () => {
	const { a, b, clock } = gateways();
	await a.revoke(denial(clock), { by: 'admin' });
	const { id } = await a.revoke(denial(clock, { value: 'bob' }), { by: 'admin' });
	expect(a.news.map((find) => denied({ find }, clock))).toEqual([true, false]);
	await a.lift(id);
	await a.catchUp();
	expect(a.news).toHaveLength(2);
	// Whoever comes later hears of all that is there.
	await b.catchUp();
	expect(b.news.map((find) => denied({ find }, clock))).toEqual([true]);
	expect([denied(a, clock), denied(b, clock)]).toEqual([true, true]);
});

test('in force here at once, there after the next reading, and over at its end', async () => {
	const { a, b, clock } = gateways();
	await a.revoke(denial(clock), { by: 'admin', note: 'stolen' });
	expect([denied(a, clock), denied(b, clock)]).toEqual([true, false]);
	await b.catchUp();
	expect(denied(b, clock)).toBe(true);
	expect(b.list()).toMatchObject([{ by: 'admin', note: 'stolen', kind: 'subject' }]);
	clock.advance(600_001);
	expect([denied(a, clock), denied(b, clock), b.list()]).toEqual([false, false, []]);
});

test('who revokes again, on whichever gateway, never shortens what is revoked', async () => {
	const { a, b, clock } = gateways();
	const now = clock.now() / 1000;
	const first = await a.revoke(denial(clock, { issuedBefore: now - 10, until: now + 900 }), { by: 'a' });
	const second = await b.revoke(denial(clock, { issuedBefore: now - 3, until: now + 60 }), { by: 'b' });
	expect(second).toMatchObject({ id: first.id, issuedBefore: now - 3, until: now + 900, by: 'b' });
	const all = await a.revoke(denial(clock), { by: 'a' });
	expect(all.id).not.toBe(first.id);
	expect(a.list()).toHaveLength(2);
	// Both at once: neither word is lost.
	const [x, y] = await Promise.all([
		a.revoke(denial(clock, { value: 'x', until: now + 100 }), { by: 'a' }),
		b.revoke(denial(clock, { value: 'x', until: now + 200 }), { by: 'b' }),
	]);
	expect(x.id).toBe(y.id);
	await a.catchUp();
	expect(a.get(x.id)?.until).toBe(now + 200);
});

test('lifted: over everywhere; what is not there cannot be lifted', async () => {
	const { a, b, clock } = gateways();
	const { id } = await a.revoke(denial(clock), { by: 'admin' });
	await b.catchUp();
	expect(await b.lift(id)).toBe(true);
	expect(await b.lift(id)).toBe(false);
	await a.catchUp();
	expect([denied(a, clock), denied(b, clock)]).toEqual([false, false]);
});

test('a store that lost everything is no amnesty: what was known stays, and is written again', async () => {
	const { a, b, behind, clock, log, newStore } = gateways();
	await a.revoke(denial(clock), { by: 'admin' });
	await b.catchUp();
	behind.store = newStore();
	await b.catchUp();
	await settled();
	expect(denied(b, clock)).toBe(true);
	expect(log.lines.join()).toContain('written again');
	await a.catchUp();
	await settled();
	expect(denied(a, clock)).toBe(true);
	expect((await behind.store.changes('revocations', undefined, 10)).entries).toHaveLength(1);
});

test('entries that this version does not understand are said, and deny nothing by accident', async () => {
	const { a, behind, clock, log } = gateways();
	for (const [key, value] of [
		['x', '{"kind":"mood","issuer":"i","value":"v","until":9e9}'],
		['y', 'not json'],
		['z', '{"kind":"issuer","issuer":"i","value":"","until":"soon"}'],
	] as const) {
		await behind.store.enter('revocations', key, value);
	}
	await a.catchUp();
	expect(a.list()).toEqual([]);
	expect(log.lines.filter((line) => line.includes('not understood'))).toHaveLength(3);
	expect(denied(a, clock)).toBe(false);
});

test('bounded', async () => {
	const { a, clock } = gateways(3);
	for (const value of ['1', '2', '3']) await a.revoke(denial(clock, { value }), { by: 'admin' });
	await expect(a.revoke(denial(clock, { value: '4' }), { by: 'admin' })).rejects.toThrow(TooMany);
	await a.revoke(denial(clock, { value: '3' }), { by: 'admin' });
	clock.advance(600_001);
	a.list();
	await a.revoke(denial(clock, { value: '4' }), { by: 'admin' });
});

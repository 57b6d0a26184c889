/** One attempt for all, also where gateways die or are late at the worst moment. */
import { expect, test } from 'vitest';
import { StoreUnavailable } from '#core/index';
import type { GrantAnswer } from '#keys/authorization-server/code-flow';
import { createHandles } from '#sessions/handles';
import type { Keeper, Kept } from '#sessions/keeper';
import { createRefresher } from '#sessions/refresh';
import type { Session } from '#sessions/session';
import { takeLease } from '#store/lease';
import { createMemoryStore } from '#store/memory';
import { fakeClock, fakeTimers, realCryptography, settled } from '../../test/support/fake-runtime.ts';

const plain = { seal: (text: string) => text, open: (text: string) => text };

function rig(over: Partial<Keeper> = {}) {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	let last = 0;
	const store = createMemoryStore({ clock, randomId: () => String((last += 1)) });
	const keeper = createHandles({
		name: 'web',
		cookie: { name: '__Host-web', sameSite: 'Lax', maxAge: undefined },
		lifetimes: { idle: 10_000, absolute: 100_000 },
		store,
		sealing: plain,
		clock,
		cryptography: realCryptography,
	});
	const asked: string[] = [];
	const revoked: string[] = [];
	let reply: (token: string) => Promise<GrantAnswer> = async (token) => granted(`${token}+`);
	const seconds = () => clock.now() / 1000;
	const granted = (refreshToken: string): GrantAnswer => ({
		kind: 'granted',
		grant: { accessToken: `for ${refreshToken}`, expiresAt: seconds() + 100, refreshToken, identity: undefined },
	});
	const gateway = () =>
		createRefresher({
			keeper: { ...keeper, ...over },
			flow: {
				refresh: (token) => {
					asked.push(token);
					return reply(token);
				},
				async revoke(token) {
					revoked.push(token);
					return 'revoked';
				},
			},
			ahead: 60,
			patience: 5_000,
			lease: (id, ttl) => takeLease(store, 'session-refresh', id, ttl),
			clock,
			timers,
			onProblem() {},
		});
	const create = async (): Promise<Kept> => {
		const session: Omit<Session, 'id'> = {
			issuer: 'i',
			subject: 's',
			sid: undefined,
			claims: {},
			createdAt: seconds(),
			seenAt: seconds(),
			accessToken: 'a',
			accessExpiresAt: seconds() + 100,
			refreshedAt: seconds(),
			refreshToken: 'r',
			generation: 0,
		};
		const kept = await keeper.create(session);
		if (kept === undefined) throw new Error('not created');
		return kept;
	};
	return {
		clock,
		timers,
		keeper,
		store,
		asked,
		revoked,
		granted,
		gateway,
		create,
		replyBy: (next: typeof reply) => {
			reply = next;
		},
	};
}

test('two gateways at once: one asks, the other one waits for what it wrote', async () => {
	const { clock, timers, asked, gateway, create } = rig();
	const kept = await create();
	clock.advance(101_000);
	const [one, other] = [gateway(), gateway()];
	const answers = Promise.all([one.fresh(kept), one.fresh(kept), other.fresh(kept), other.fresh(kept)]);
	await settled();
	await timers.advance(100);
	for (const answer of await answers)
		expect(answer).toMatchObject({ kind: 'kept', kept: { session: { accessToken: 'for r+', generation: 1 } } });
	expect(asked).toEqual(['r']);
});

test('a gateway that died with the lease holds nobody up for longer than the lease', async () => {
	const { clock, timers, asked, gateway, create, store } = rig();
	const kept = await create();
	clock.advance(101_000);
	await takeLease(store, 'session-refresh', kept.session.id, 1_000);
	const answer = Promise.resolve(gateway().fresh(kept));
	for (let i = 0; i < 40; i++) {
		await settled();
		await timers.advance(40);
	}
	expect(await answer).toMatchObject({ kind: 'kept', kept: { session: { accessToken: 'for r+' } } });
	expect(asked).toEqual(['r']);
});

test('logged out while the tokens were under way: they are revoked, and nothing comes back to life', async () => {
	const { clock, keeper, gateway, create, replyBy, granted, revoked } = rig();
	const kept = await create();
	clock.advance(101_000);
	replyBy(async () => {
		await keeper.end(kept.session);
		return granted('r2');
	});
	expect(await gateway().fresh(kept)).toEqual({ kind: 'ended', why: 'it ended meanwhile' });
	expect(revoked).toEqual(['r2']);
	expect(await keeper.reload(kept)).toBeUndefined();
});

test('used while the tokens were under way: both are kept', async () => {
	const { clock, keeper, gateway, create, replyBy, granted } = rig();
	const kept = await create();
	clock.advance(101_000);
	replyBy(async () => {
		await keeper.touch(kept);
		return granted('r2');
	});
	const fresh = await gateway().fresh(kept);
	const seenAt = clock.now() / 1000;
	expect(fresh).toMatchObject({ kind: 'kept', kept: { session: { refreshToken: 'r2', seenAt } } });
});

test('a store that fails for a moment loses no rotation', async () => {
	let failures = 3;
	const made = rig();
	const kept = await made.create();
	const failing = rig({
		reload: made.keeper.reload,
		save: async (...args) => {
			if (failures-- > 0) throw new StoreUnavailable('away');
			return made.keeper.save(...args);
		},
	});
	failing.clock.advance(101_000);
	made.clock.advance(101_000);
	const answer = Promise.resolve(failing.gateway().fresh(kept));
	for (let i = 0; i < 5; i++) {
		await settled();
		await failing.timers.advance(1_000);
	}
	expect(await answer).toMatchObject({ kind: 'kept', kept: { session: { refreshToken: 'r+' } } });
	expect(failing.asked).toEqual(['r']);
});

test('invalid_grant after somebody else was faster: theirs count, and the session lives', async () => {
	const { clock, keeper, gateway, create, replyBy } = rig();
	const kept = await create();
	clock.advance(101_000);
	replyBy(async () => {
		const accessExpiresAt = clock.now() / 1000 + 100;
		const theirs = { accessToken: 'theirs', accessExpiresAt, refreshToken: 'r9', generation: 1 };
		await keeper.save(kept, { ...kept.session, ...theirs });
		return { kind: 'refused', error: 'invalid_grant' };
	});
	expect(await gateway().fresh(kept)).toMatchObject({ kind: 'kept', kept: { session: { accessToken: 'theirs' } } });
});

test('another user’s tokens end the session', async () => {
	const { clock, keeper, gateway, create, replyBy, granted, revoked } = rig();
	const kept = await create();
	clock.advance(101_000);
	replyBy(async () => {
		const answer = granted('r2');
		if (answer.kind !== 'granted') throw new Error('not granted');
		return { ...answer, grant: { ...answer.grant, identity: { iss: 'i', sub: 'mallory' } } };
	});
	expect(await gateway().fresh(kept)).toMatchObject({ kind: 'ended' });
	expect([await keeper.reload(kept), revoked]).toEqual([undefined, ['r2']]);
});

test('without a refresh token a session lives as long as its access token', async () => {
	const { clock, gateway, create, asked } = rig();
	const { session, ...rest } = await create();
	const kept = { ...rest, session: { ...session, refreshToken: undefined } };
	clock.advance(98_000);
	expect(await gateway().fresh(kept)).toMatchObject({ kind: 'kept' });
	clock.advance(2_000);
	expect(await gateway().fresh(kept)).toMatchObject({ kind: 'ended' });
	expect(asked).toEqual([]);
});

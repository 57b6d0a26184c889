/** When the gateway's own token is obtained, and what becomes of requests meanwhile. */
import { expect, test } from 'vitest';
import { fakeClock, fakeLog, fakeTimers, settled } from '../../../test/support/fake-runtime.ts';
import { createOwnToken, ObtainError, type ObtainedToken } from './own-token.ts';

function rig(lifetime: number | undefined = 100) {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const log = fakeLog();
	let count = 0;
	let obtain = async (): Promise<ObtainedToken> => ({ token: `token-${count}`, lifetime });
	const own = createOwnToken({
		name: 'orders',
		obtain: () => {
			count++;
			return obtain();
		},
		clock,
		timers,
		log,
	});
	return {
		own,
		clock,
		timers,
		log,
		count: () => count,
		obtainBy: (next: typeof obtain) => {
			obtain = next;
		},
		now: () => {
			const answer = own.get();
			return answer instanceof Promise ? 'waits' : answer.kind === 'token' ? answer.token : answer.kind;
		},
	};
}

test('expiry passes, again and again, and no request waits', async () => {
	const { own, timers, now, count } = rig();
	await own.start();
	expect(now()).toBe('token-1');
	for (let second = 0; second < 1_000; second++) {
		await timers.advance(1_000);
		expect(now()).toMatch(/^token-/);
	}
	// Each is renewed at three quarters of its life.
	expect(count()).toBe(14);
});

test('asked once, however many wait for the first one', async () => {
	const { own, count } = rig();
	const answers = await Promise.all(Array.from({ length: 50 }, async () => own.get()));
	expect(answers.every((each) => each.kind === 'token' && each.token === 'token-1')).toBe(true);
	expect(count()).toBe(1);
});

test('a source that is down goes unnoticed while the last token lives; then requests fail at once, and it comes back by itself', async () => {
	const { own, timers, now, count, obtainBy, log } = rig();
	await own.start();
	obtainBy(() => Promise.reject(new Error('the connection was refused')));
	await timers.advance(94_000);
	expect(now()).toBe('token-1');
	await timers.advance(2_000);
	expect(now()).toBe('unavailable');
	expect(own.status()).toMatchObject({ state: 'failing', lastError: 'the connection was refused' });
	const before = count();
	for (let n = 0; n < 100; n++) expect(now()).toBe('unavailable');
	expect(count()).toBe(before);
	// One word when it begins and one when it is over, however often it failed.
	obtainBy(async () => ({ token: 'back', lifetime: 100 }));
	await timers.advance(30_000);
	expect(now()).toBe('back');
	expect(log.lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'info']);
});

test('attempts that fail come further and further apart, and as late as the source says', async () => {
	const { own, clock, timers, obtainBy } = rig();
	const times: number[] = [];
	const start = clock.monotonic();
	obtainBy(() => {
		times.push((clock.monotonic() - start) / 1000);
		return Promise.reject(times.length === 3 ? new ObtainError('429', 20) : new Error('down'));
	});
	await own.start();
	await timers.advance(60_000);
	expect(times).toEqual([0, 1, 3, 23, 31, 47]);
	expect(await own.get()).toMatchObject({ kind: 'unavailable', retryAfter: expect.any(Number) });
});

test('renewed after a refusal: once for all who were refused, and not again at once', async () => {
	const { own, count, clock } = rig();
	await own.start();
	const renewed = await Promise.all([own.renew('token-1'), own.renew('token-1')]);
	expect(renewed).toContain('token-2');
	expect(count()).toBe(2);
	expect(await own.renew('token-1')).toBe('token-2');
	expect(await own.renew('token-2')).toBeUndefined();
	expect(count()).toBe(2);
	clock.advance(10_000);
	expect(await own.renew('token-2')).toBe('token-3');
});

test('a source that gives the refused token again has no other one', async () => {
	const { own, obtainBy } = rig();
	obtainBy(async () => ({ token: 'cached', lifetime: 100 }));
	await own.start();
	expect(await own.renew('cached')).toBeUndefined();
});

test('a life that nobody states is five minutes; one that is very short is not renewed without a pause', async () => {
	const unstated = rig(undefined);
	unstated.obtainBy(async () => ({ token: 'a', lifetime: undefined }));
	await unstated.own.start();
	expect(unstated.timers.next).toBe(225_000);
	const short = rig(0.1);
	await short.own.start();
	expect(short.timers.next).toBe(1_000);
	short.own.stop();
	await settled();
	expect(short.timers.pending).toBe(0);
});

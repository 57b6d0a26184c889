import { expect, test } from 'vitest';
import type { Definition, RateLimitDefinition } from '#config/definition';
import { definition } from '../../test/support/definition.ts';
import { fakeClock, fakeLog, fakeTimers, realCryptography } from '../../test/support/fake-runtime.ts';
import { createRateLimits } from './rate-limits.ts';
import { createMemoryState } from './state.ts';

const limit: RateLimitDefinition = {
	name: 'some',
	by: 'client',
	on: 'success',
	requests: 2,
	per: 60,
	burst: 2,
	shared: false,
	failOpen: false,
};

test('a limit that is as before keeps its buckets over a reload, and a changed one does not', () => {
	const before = definition({ rateLimits: [limit, { ...limit, name: 'other' }] });
	const rateLimits = createRateLimits(before, undefined);
	const after = definition({ rateLimits: [limit, { ...limit, name: 'other', burst: 3 }] });
	const next = createRateLimits(after, undefined, { definition: before, rateLimits });
	expect(next.get('some')).toBe(rateLimits.get('some'));
	expect(next.get('other')).not.toBe(rateLimits.get('other'));
});

test('so does the one that logins have of their own', () => {
	const withOwn = (burst: number) =>
		definition({
			sessions: [{ ownLimit: { ...limit, name: 'sessions.web', burst } }] as unknown as Definition['sessions'],
		});
	const rateLimits = createRateLimits(withOwn(2), undefined);
	const previous = { definition: withOwn(2), rateLimits };
	const [same, changed] = [2, 3].map((burst) => createRateLimits(withOwn(burst), undefined, previous));
	expect(rateLimits.get('sessions.web')).toBeDefined();
	expect(same?.get('sessions.web')).toBe(rateLimits.get('sessions.web'));
	expect(changed?.get('sessions.web')).not.toBe(rateLimits.get('sessions.web'));
});

test('without a store that gateways share, a shared limit is not quietly one of this process', () => {
	const shared = definition({ rateLimits: [{ ...limit, shared: true }] });
	expect(() => createRateLimits(shared, undefined)).toThrow('some needs a store');
});

test('who assembles without a store, to explain, has buckets of its own', () => {
	const clock = fakeClock();
	const state = createMemoryState({ clock, timers: fakeTimers(clock), log: fakeLog(), cryptography: realCryptography });
	const limits = createRateLimits(definition({ rateLimits: [{ ...limit, shared: true }] }), state.sharedBuckets);
	expect(limits.get('some')?.buckets.look('key', 0)).toMatchObject({ allowed: true, remaining: 2 });
});

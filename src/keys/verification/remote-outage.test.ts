/** What a source does beyond fetching: keys kept from before, no waiting for a provider that is silent, warnings. */
import { expect, test } from 'vitest';
import type { JsonObject, KeptKeySet, KeptKeys } from '#core/index';
import { createRemoteKeySource } from '#keys/verification/remote';
import {
	fakeClock,
	fakeFetcher,
	fakeLog,
	fakeTimers,
	realCryptography,
	settled,
} from '../../../test/support/fake-runtime.ts';
import { testKey } from '../../../test/support/sign-jws.ts';

const url = 'https://idp.example.com/keys';
const first = testKey('ES256', 'first');
const second = testKey('ES256', 'second');
const minute = 60_000;
const hour = 60 * minute;
const never = new Promise<never>(() => {});

function build(options: { readonly kept?: KeptKeys; readonly warnings?: () => readonly string[] } = {}) {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const fetcher = fakeFetcher();
	const log = fakeLog();
	const source = createRemoteKeySource({
		definition: { from: 'url', url, insecureHttp: false },
		fetcher,
		clock,
		timers,
		crypto: realCryptography,
		log,
		name: 'idp',
		random: () => 0,
		limits: { staleFor: hour },
		...options,
	});
	const find = (key: typeof first) => source.candidates('ES256', key.kid, clock.monotonic());
	return { clock, timers, fetcher, log, source, find };
}

function keys(...list: readonly (typeof first)[]) {
	return { body: { keys: list.map(({ jwk }) => jwk) } };
}

/** A place to keep keys in, with `found` in it. */
function place(found?: KeptKeySet | Promise<KeptKeySet | undefined>): KeptKeys & { readonly saved: KeptKeySet[] } {
	const saved: KeptKeySet[] = [];
	return {
		saved,
		load: async () => found,
		async save(kept) {
			saved.push(kept);
		},
	};
}

const fetchedAgo = (ms: number): KeptKeySet => ({
	jwks: { keys: [first.jwk] },
	fetchedAt: fakeClock().now() - ms,
});

test('each good key set is kept, its public members alone', async () => {
	const kept = place();
	const { source, fetcher, clock, timers } = build({ kept });
	const { d } = second.privateKey.export({ format: 'jwk' });
	const odd: JsonObject = { ...second.jwk, d: String(d), x5c: ['AAAA'], use: 'sig' };
	fetcher.answer(url, { body: { keys: [first.jwk, odd, { kty: 'oct', k: 'A'.repeat(43) }, 'nonsense'] } });
	await source.start();
	expect(kept.saved).toHaveLength(1);
	expect(kept.saved[0]?.fetchedAt).toBe(clock.now());
	const text = JSON.stringify(kept.saved[0]?.jwks);
	expect(text).toContain(first.kid);
	expect(text).toContain(second.kid);
	for (const secret of [String(d), 'oct', 'x5c', 'nonsense']) expect(text).not.toContain(secret);
	fetcher.answer(url, { status: 500 });
	await timers.advance(13 * minute);
	expect(kept.saved).toHaveLength(1);
});

test('what was kept is admitted again as the same keys', async () => {
	const kept = place();
	const before = build({ kept });
	before.fetcher.answer(url, { body: { keys: [first.jwk, testKey('RS256').jwk, testKey('EdDSA').jwk] } });
	await before.source.start();
	const after = build({ kept: place(kept.saved[0]) });
	await after.source.start();
	expect(after.source.status()).toMatchObject({ state: 'stale', kids: before.source.status().kids });
	for (const algorithm of ['ES256', 'RS256', 'PS512', 'EdDSA', 'ES384'] as const) {
		const shown = [before, after].map(({ source }) => {
			const found = source.candidates(algorithm, undefined, 1000);
			return typeof found === 'string' ? found : found.map(({ thumbprint, algorithms }) => [thumbprint, algorithms]);
		});
		expect(shown[0]).toEqual(shown[1]);
	}
});

test('a provider that is down at the start: kept keys serve to the end of their time and not longer', async () => {
	const { source, fetcher, timers, find, clock, log } = build({ kept: place(fetchedAgo(20 * minute)) });
	await source.start();
	expect(find(first)).toHaveLength(1);
	expect(source.status()).toMatchObject({ state: 'stale', fetchedAt: clock.now() - 20 * minute });
	// Cached tokens go by the key itself: it must end with the set.
	expect(find(first)).toMatchObject([{ usableUntil: clock.monotonic() + 40 * minute }]);
	expect(log.lines.join('\n')).toContain('"serve_for_seconds":2400');
	// The wall clock counted while nothing ran; from here on only the monotonic one does.
	clock.jump(-48 * hour);
	await timers.advance(40 * minute - 1);
	expect(find(first)).toHaveLength(1);
	await timers.advance(1);
	expect(find(first)).toBe('unavailable');
	fetcher.answer(url, keys(second));
	await timers.advance(5 * minute);
	expect(find(second)).toHaveLength(1);
	expect(find(first)).toBe('unknown');
	expect(source.status().state).toBe('ready');
});

test.each([
	['too old', fetchedAgo(hour)],
	['from the future', fetchedAgo(-1)],
	['without a key', { ...fetchedAgo(0), jwks: { keys: [] } }],
])('kept keys that are %s are not used', async (_, found) => {
	const { source, find, log } = build({ kept: place(found) });
	await source.start();
	expect(find(first)).toBe('unavailable');
	expect(log.lines.join('\n')).toContain('kept from before are not used');
});

test('a fetch that is faster than the disk wins', async () => {
	const load = Promise.withResolvers<KeptKeySet | undefined>();
	const { source, fetcher, find, timers } = build({ kept: place(load.promise) });
	fetcher.answer(url, keys(second));
	const started = source.start();
	await settled();
	load.resolve(fetchedAgo(0));
	await started;
	expect(find(first)).toBe('unknown');
	expect(find(second)).toHaveLength(1);
	expect(timers.pending).toBe(1);
});

test('neither a disk nor a provider that is silent holds up the start', async () => {
	const silentDisk = build({ kept: place(never) });
	silentDisk.fetcher.answer(url, keys(first));
	let started = false;
	void silentDisk.source.start().then(() => (started = true));
	await silentDisk.timers.advance(2000);
	await settled();
	expect(started).toBe(true);
	expect(silentDisk.find(first)).toHaveLength(1);

	const silentProvider = build({ kept: place(fetchedAgo(0)) });
	silentProvider.fetcher.answer(url, never);
	started = false;
	void silentProvider.source.start().then(() => (started = true));
	await settled();
	expect(started).toBe(false);
	await silentProvider.timers.advance(2000);
	await settled();
	expect(started).toBe(true);
	expect(silentProvider.find(first)).toHaveLength(1);
});

test('a place that throws is no reason to fail', async () => {
	const kept = { load: () => Promise.reject(new Error('no disk')), save: async () => {} };
	const { source, fetcher, find } = build({ kept });
	fetcher.answer(url, keys(first));
	await source.start();
	expect(find(first)).toHaveLength(1);
});

test('a token with an unknown kid waits two seconds for a silent provider, and all that come later share them', async () => {
	const { source, fetcher, timers } = build();
	fetcher.answer(url, keys(first));
	await source.start();
	const answer = Promise.withResolvers<{ body: unknown }>();
	fetcher.answer(url, answer.promise);
	let ended = 0;
	const wait = () => void source.refresh().then(() => ended++);
	wait();
	await timers.advance(1500);
	wait();
	await timers.advance(499);
	await settled();
	expect(ended).toBe(0);
	expect(source.status().refreshing).toBe(true);
	await timers.advance(1);
	await settled();
	expect(ended).toBe(2);
	wait();
	await settled();
	expect(ended).toBe(3);
	expect(source.status()).toMatchObject({ refreshing: true, fetches: 2, lastError: undefined });
	answer.resolve(keys(first, second));
	await settled();
	expect(source.status()).toMatchObject({ refreshing: false, kids: [first.kid, second.kid] });
	expect(timers.pending).toBe(1);
});

test('without usable keys there is nothing to answer with, and the fetch is waited for', async () => {
	const { source, fetcher, timers, find } = build();
	const answer = Promise.withResolvers<{ body: unknown }>();
	fetcher.answer(url, answer.promise);
	void source.start();
	let ended = false;
	void source.refresh().then(() => (ended = true));
	await timers.advance(9000);
	await settled();
	expect(ended).toBe(false);
	answer.resolve(keys(first));
	await settled();
	expect(ended).toBe(true);
	expect(find(first)).toHaveLength(1);
});

test('tokens that name a key that has left: said once in the log, counted in the status', async () => {
	const { source, fetcher, timers, log } = build();
	fetcher.answer(url, keys(first, second));
	await source.start();
	fetcher.answer(url, keys(second));
	await timers.advance(12 * minute);
	expect(source.status().warnings).toEqual([]);
	for (let n = 0; n < 5; n++) await source.refresh(first.kid);
	await source.refresh('never published');
	await source.refresh();
	expect(source.status().warnings).toEqual([expect.stringMatching(/"es256-first".*5 so far/)]);
	expect(log.lines.filter((line) => line.includes('left the key set'))).toHaveLength(1);
	fetcher.answer(url, keys(first, second));
	await timers.advance(12 * minute);
	expect(source.status().warnings).toEqual([]);
});

test('a key that comes back with the fetch that its token caused is no warning', async () => {
	const { source, fetcher, timers, log } = build();
	fetcher.answer(url, keys(first, second));
	await source.start();
	fetcher.answer(url, keys(second));
	await timers.advance(12 * minute);
	fetcher.answer(url, keys(first, second));
	await source.refresh(first.kid);
	expect(source.status().warnings).toEqual([]);
	expect(log.lines).toEqual([]);
});

test('a key set that shrinks to nothing is said once, and until it has keys again', async () => {
	const { source, fetcher, timers, find, log } = build();
	fetcher.answer(url, keys(first));
	await source.start();
	fetcher.answer(url, { body: { keys: [] } });
	await timers.advance(14 * minute);
	expect(find(first)).toHaveLength(1);
	expect(source.status().warnings).toEqual([expect.stringContaining('shrunk to nothing')]);
	expect(log.lines.filter((line) => line.includes('shrunk to nothing'))).toHaveLength(1);
	fetcher.answer(url, keys(first));
	await timers.advance(5 * minute);
	expect(source.status().warnings).toEqual([]);

	const cold = build();
	cold.fetcher.answer(url, { body: { keys: [] } });
	await cold.source.start();
	expect(cold.source.status().warnings).toEqual([]);
});

test('O09: a clock that is off is said once, again when it moves, and when it is right again', async () => {
	const { source, fetcher, timers, clock, log } = build();
	let offset = 3600;
	fetcher.answer(url, () => ({
		...keys(first),
		headers: { date: new Date(clock.now() + offset * 1000).toUTCString() },
	}));
	await source.start();
	expect(source.status()).toMatchObject({ clockOffset: 3600, warnings: [expect.stringContaining('3600 s behind')] });
	await timers.advance(hour);
	expect(log.lines).toHaveLength(1);
	expect(log.lines[0]).toMatch(/^warn .*behind/);
	offset = -90;
	await timers.advance(12 * minute);
	expect(log.lines).toHaveLength(2);
	expect(log.lines[1]).toMatch(/^warn .*90 s ahead of/);
	offset = -2;
	await timers.advance(hour);
	expect(log.lines).toHaveLength(3);
	expect(log.lines[2]).toMatch(/^info .*agree again/);
	expect(source.status()).toMatchObject({ clockOffset: -2, warnings: [] });
});

test('what others know of the keys is part of the status', () => {
	expect(build({ warnings: () => ['elsewhere'] }).source.status().warnings).toEqual(['elsewhere']);
});

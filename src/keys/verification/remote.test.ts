import { expect, test } from 'vitest';
import type { JsonObject } from '#core/index';
import { type AcceptedKeySet, createRemoteKeySource, type RemoteKeysDefinition } from '#keys/verification/remote';
import {
	fakeClock,
	fakeFetcher,
	fakeLog,
	fakeTimers,
	realCryptography,
	settled,
} from '../../../test/support/fake-runtime.ts';
import { testKey } from '../../../test/support/sign-jws.ts';

const url = 'https://idp.example.com/keys?canary=1';
const meta = 'https://idp.example.com/.well-known/openid-configuration';
const issuer = 'https://idp.example.com/';
const first = testKey('ES256', 'first').jwk;
const second = testKey('ES256', 'second').jwk;
const minute = 60_000;
const hour = 60 * minute;

const discovery: RemoteKeysDefinition = {
	from: 'discovery',
	issuer,
	urls: [meta],
	insecureHttp: false,
	checkIssuer: true,
};

/** A source on fakes; `random` is 0, so that a refresh comes at 80 % of the freshness and a retry at half its time. */
function build(definition: RemoteKeysDefinition = { from: 'url', url, insecureHttp: false }) {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const fetcher = fakeFetcher();
	const log = fakeLog();
	const accepted: AcceptedKeySet[] = [];
	const source = createRemoteKeySource({
		definition,
		fetcher,
		clock,
		timers,
		crypto: realCryptography,
		log,
		name: 'idp',
		random: () => 0,
		onAccepted: (set) => accepted.push(set),
	});
	const find = (jwk: JsonObject) => source.candidates('ES256', text(jwk['kid']), clock.monotonic());
	return { clock, timers, fetcher, log, accepted, source, find };
}

function text(value: unknown): string | undefined {
	return typeof value === 'string' ? value : undefined;
}

function keys(...list: readonly JsonObject[]) {
	return { body: { keys: list } };
}

test('start fetches ahead of need; before that there is no key set', async () => {
	const { source, fetcher, find, timers, clock } = build();
	fetcher.answer(url, keys(first));
	expect(find(first)).toBe('unavailable');
	expect(source.status()).toMatchObject({ state: 'unavailable', kids: [], fetchedAt: undefined, fetches: 0 });
	await source.start();
	expect(find(first)).toHaveLength(1);
	expect(find(second)).toBe('unknown');
	expect(source.status()).toMatchObject({
		state: 'ready',
		kids: [first['kid']],
		fetchedAt: clock.now(),
		nextRefreshAt: clock.now() + 12 * minute,
		fetches: 1,
		lastError: undefined,
	});
	expect(timers.pending).toBe(1);
});

test('refreshes in the background, for as long as it runs', async () => {
	const { source, fetcher, timers } = build();
	fetcher.answer(url, { ...keys(first), headers: { 'cache-control': 'max-age=3600' } });
	await source.start();
	await timers.advance(48 * minute - 1);
	expect(fetcher.requests).toHaveLength(1);
	await timers.advance(1);
	expect(fetcher.requests).toHaveLength(2);
	await timers.advance(24 * hour);
	expect(fetcher.requests).toHaveLength(32);
	expect(timers.pending).toBe(1);
	source.stop();
	expect(timers.pending).toBe(0);
	await timers.advance(24 * hour);
	expect(fetcher.requests).toHaveLength(32);
});

test('a key that stays keeps its identity and its time moves on; one that left is retired', async () => {
	const { source, fetcher, timers, find, clock } = build();
	fetcher.answer(url, keys(first, second));
	await source.start();
	const [before, gone] = [find(first)[0], find(second)[0]];
	fetcher.answer(url, keys(first));
	await timers.advance(12 * minute);
	expect(find(first)[0]).toBe(before);
	expect(before).toMatchObject({ retired: false, usableUntil: clock.monotonic() + 24 * hour });
	expect(gone).toMatchObject({ retired: true });
	expect(find(second)).toBe('unknown');
});

test('D08: a hundred tokens with a new kid cause one fetch and then find it', async () => {
	const { source, fetcher, find } = build();
	fetcher.answer(url, keys(first));
	await source.start();
	fetcher.answer(url, keys(first, second));
	await Promise.all(Array.from({ length: 100 }, () => source.refresh()));
	expect(fetcher.requests).toHaveLength(2);
	expect(find(second)).toHaveLength(1);
});

test('D07: ten thousand random kids stay within the bucket, and a rotation amid them is seen within 35 s', async () => {
	const { source, fetcher, timers, find } = build();
	fetcher.answer(url, keys(first));
	await source.start();
	let elapsed = 0;
	let seenAfter: number | undefined;
	for (let i = 0; i < 10_000; i++) {
		await source.refresh();
		await timers.advance(10);
		elapsed += 10;
		if (elapsed === 50_000) fetcher.answer(url, keys(first, second));
		if (seenAfter === undefined && find(second) !== 'unknown') seenAfter = elapsed - 50_000;
	}
	expect(fetcher.requests.length).toBeLessThanOrEqual(1 + 2 + 3);
	expect(seenAfter).toBeGreaterThan(0);
	expect(seenAfter).toBeLessThanOrEqual(35_000);
});

test('down at start: unavailable, retried with growing waits, recovers by itself', async () => {
	const { source, fetcher, timers, find, log } = build();
	fetcher.answer(url, new Error('the connection was refused'));
	await source.start();
	expect(find(first)).toBe('unavailable');
	expect(source.status()).toMatchObject({
		state: 'unavailable',
		lastError: 'the connection was refused',
		retryAfter: 1,
	});
	const gaps: number[] = [];
	for (let i = 0; i < 12; i++) {
		const gap = timers.next ?? 0;
		gaps.push(gap / 1000);
		await timers.advance(gap);
	}
	expect(gaps).toEqual([0.5, 1, 2, 4, 8, 16, 32, 64, 128, 150, 150, 150]);
	expect(source.status().retryAfter).toBe(150);
	fetcher.answer(url, keys(first));
	await timers.advance(150_000);
	expect(find(first)).toHaveLength(1);
	expect(source.status()).toMatchObject({ state: 'ready', lastError: undefined });
	expect(log.lines.at(-1)).toContain('can be fetched again');
	expect(log.lines.join('\n')).not.toContain('canary');
});

test('an outage: the last good keys serve for 24 h from their fetch, not longer, whatever the wall clock says', async () => {
	const { source, fetcher, timers, find, clock } = build();
	fetcher.answer(url, keys(first));
	await source.start();
	const key = find(first)[0];
	fetcher.answer(url, { status: 503 });
	await timers.advance(14 * minute);
	expect(source.status().state).toBe('ready');
	await timers.advance(2 * minute);
	expect(source.status()).toMatchObject({ state: 'stale', lastError: 'https://idp.example.com/keys answered 503' });
	clock.jump(-48 * hour);
	await timers.advance(24 * hour - 16 * minute - 1);
	expect(find(first)).toEqual([key]);
	await timers.advance(1);
	expect(find(first)).toBe('unavailable');
	expect(key).toMatchObject({ retired: false, usableUntil: clock.monotonic() });
	expect(source.status().state).toBe('unavailable');
	fetcher.answer(url, keys(first));
	await timers.advance(5 * minute);
	expect(find(first)).toEqual([key]);
});

test.each([
	['an empty set', { body: { keys: [] } }, 'holds no key'],
	['only weak keys', { body: { keys: [{ ...testKey('RS256').jwk, e: 'AQ' }] } }, 'public exponent'],
	['only a shared secret', { body: { keys: [{ kty: 'oct', k: 'A'.repeat(43) }] } }, 'never taken from a URL'],
	['an object for keys', { body: { keys: {} } }, '"keys" is not an array'],
	['HTML', { body: '<html>' }, 'did not answer with a JSON object'],
	['a list', { body: '[]' }, 'did not answer with a JSON object'],
	['204', { status: 204 }, 'answered 204'],
	['a repeated member', { body: '{"keys":[],"keys":[]}' }, 'did not answer with a JSON object'],
])('%s counts as a failed fetch: cold unavailable, warm the last good keys', async (_, answer, problem) => {
	const cold = build();
	cold.fetcher.answer(url, answer);
	await cold.source.start();
	expect(cold.find(first)).toBe('unavailable');
	expect(cold.source.status().lastError).toContain(problem);

	const warm = build();
	warm.fetcher.answer(url, keys(first));
	await warm.source.start();
	warm.fetcher.answer(url, answer);
	await warm.source.refresh();
	expect(warm.find(first)).toHaveLength(1);
	expect(warm.source.status()).toMatchObject({ state: 'ready', kids: [first['kid']] });
	expect(warm.log.lines.join('\n')).toContain('could not be fetched');
});

test('an odd entry is dropped and said once, not at every refresh', async () => {
	const { source, fetcher, timers, find, log } = build();
	fetcher.answer(url, keys({ ...second, x: 'AA' }, first));
	await source.start();
	await timers.advance(hour);
	expect(find(first)).toHaveLength(1);
	expect(log.lines).toHaveLength(1);
	expect(log.lines[0]).toContain('coordinates that are not 32 octets');
});

test('a request that comes while a fetch is under way joins it', async () => {
	const { source, fetcher, find } = build();
	const answer = Promise.withResolvers<{ body: unknown }>();
	fetcher.answer(url, answer.promise);
	const started = source.start();
	const joined = [source.refresh(), source.refresh(), source.refresh()];
	await settled();
	expect(fetcher.requests).toHaveLength(1);
	answer.resolve(keys(first));
	await Promise.all([started, ...joined]);
	expect(find(first)).toHaveLength(1);
	expect(source.status().fetches).toBe(1);
});

test('stop ends it: an answer that comes late changes nothing, and nobody fetches any more', async () => {
	const { source, fetcher, timers, find, accepted } = build();
	const answer = Promise.withResolvers<{ body: unknown }>();
	fetcher.answer(url, answer.promise);
	const started = source.start();
	source.stop();
	answer.resolve(keys(first));
	await started;
	await source.refresh();
	await source.start();
	expect(find(first)).toBe('unavailable');
	expect([fetcher.requests.length, timers.pending, accepted.length]).toEqual([1, 0, 0]);
});

test('discovery leads to the key set, is believed for an hour, and is asked again after a failure', async () => {
	const { source, fetcher, timers, find } = build(discovery);
	fetcher.answer(meta, { body: { issuer, jwks_uri: url } });
	fetcher.answer(url, keys(first));
	await source.start();
	expect(fetcher.requests).toEqual([meta, url]);
	await timers.advance(59 * minute);
	expect(fetcher.requests).toEqual([meta, url, url, url, url, url]);
	await timers.advance(minute);
	expect(fetcher.requests.slice(6)).toEqual([meta, url]);
	const moved = 'https://idp.example.com/moved';
	fetcher.answer(meta, { body: { issuer, jwks_uri: moved } });
	fetcher.answer(url, { status: 404 });
	fetcher.answer(moved, keys(second));
	await timers.advance(13 * minute);
	expect(fetcher.requests.slice(8)).toEqual([url, meta, moved]);
	expect(find(second)).toHaveLength(1);
});

test('D11: metadata of another issuer is not followed', async () => {
	const { source, fetcher, find } = build(discovery);
	fetcher.answer(meta, { body: { issuer: 'https://evil.example/', jwks_uri: url } });
	fetcher.answer(url, keys(first));
	await source.start();
	expect(find(first)).toBe('unavailable');
	expect(fetcher.requests).toEqual([meta]);
	expect(source.status().lastError).toContain('they must be equal');
});

test('one attempt has one budget of time, metadata and key set together', async () => {
	const clock = fakeClock();
	const timeouts: number[] = [];
	const source = createRemoteKeySource({
		definition: discovery,
		fetcher: {
			async get(asked, { timeout, maxBytes }) {
				timeouts.push(timeout, maxBytes);
				clock.advance(asked === meta ? 7000 : 0);
				const body = asked === meta ? { issuer, jwks_uri: url } : { keys: [first] };
				return { status: 200, headers: new Map(), body: JSON.stringify(body) };
			},
		},
		clock,
		timers: fakeTimers(clock),
		crypto: realCryptography,
		log: fakeLog(),
		name: 'idp',
	});
	await source.start();
	expect(timeouts).toEqual([10_000, 1_048_576, 3000, 1_048_576]);
});

test('whoever listens hears of each good set, and cannot break the source', async () => {
	const { source, fetcher, accepted, clock, timers } = build();
	fetcher.answer(url, { ...keys(first), headers: { date: 'now' } });
	await source.start();
	expect(accepted).toMatchObject([{ url, fetchedAt: clock.now(), keys: [{ kid: first['kid'] }] }]);
	expect(accepted[0]?.document.headers.get('date')).toBe('now');
	fetcher.answer(url, { status: 500 });
	await timers.advance(13 * minute);
	expect(accepted).toHaveLength(1);

	const log = fakeLog();
	const broken = createRemoteKeySource({
		definition: { from: 'url', url, insecureHttp: false },
		fetcher: { get: async () => ({ status: 200, headers: new Map(), body: JSON.stringify({ keys: [first] }) }) },
		clock,
		timers,
		crypto: realCryptography,
		log,
		name: 'idp',
		onAccepted() {
			throw new Error('the disk is full');
		},
	});
	await broken.start();
	expect(broken.status()).toMatchObject({ state: 'ready', lastError: undefined });
	expect(log.lines[0]).toContain('what listens for key sets failed');
});

/** D10: broken key servers over real sockets. Cold: no key at all. Warm: the last good keys, and a reason to read. */
import { expect, test } from 'vitest';
import { createRemoteKeySource } from '#keys/verification/remote';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import { badKeyServers, serve } from './support/bad-key-servers.ts';
import { fakeClock, fakeLog, fakeTimers, realCryptography } from './support/fake-runtime.ts';
import { testKey } from './support/sign-jws.ts';

const good = testKey('ES256');

test.each(badKeyServers)('$name', async ({ start, problem, slow }) => {
	const { url, dispatcher } = await start();
	const goodUrl = await serve((_, response) => response.end(JSON.stringify({ keys: [good.jwk] })));
	const fetcher = createDocumentFetcher(dispatcher === undefined ? {} : { dispatcher });
	let broken = true;
	const clock = fakeClock();
	const log = fakeLog();
	const source = createRemoteKeySource({
		definition: { from: 'url', url, insecureHttp: false },
		fetcher: {
			get: (asked, options) => (broken ? fetcher : createDocumentFetcher()).get(broken ? asked : goodUrl, options),
		},
		clock,
		timers: fakeTimers(clock),
		crypto: realCryptography,
		log,
		name: 'idp',
		limits: { timeout: slow === true ? 300 : 15_000 },
	});
	await source.start();
	expect(source.candidates('ES256', good.kid, clock.monotonic())).toBe('unavailable');
	expect(source.candidates('ES256', undefined, clock.monotonic())).toBe('unavailable');
	expect(source.status().lastError).toMatch(problem);

	broken = false;
	await source.refresh();
	expect(source.candidates('ES256', good.kid, clock.monotonic())).toHaveLength(1);

	broken = true;
	await source.refresh();
	expect(source.candidates('ES256', good.kid, clock.monotonic())).toHaveLength(1);
	expect(source.status()).toMatchObject({ state: 'ready', fetches: 3, lastError: expect.stringMatching(problem) });
	expect(log.lines.filter((line) => line.includes('could not be fetched')).length).toBe(2);
	source.stop();
});

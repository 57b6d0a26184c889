/** What an assembly takes over from the one before, and what it ends. */
import { expect, test } from 'vitest';
import { nodeCryptography } from '#runtime/node/cryptography';
import { definition, provider, route, rules } from '../../test/support/definition.ts';
import { fakeClock, fakeFetcher, fakeLog, fakePoster, fakeTimers } from '../../test/support/fake-runtime.ts';
import { requestView } from '../../test/support/request-view.ts';
import { signJws, testKey } from '../../test/support/sign-jws.ts';
import { withApimCode } from './apim-code.ts';
import { assemble } from './assemble.ts';
import { assemble as assembleAll } from './index.ts';

const url = 'https://idp.example.com/keys';
const keys = { from: 'url', url, insecureHttp: false, staleFor: 86_400 } as const;
const idp = provider({ name: 'idp', keys });
const other = provider({ name: 'other', keys: { ...keys, url: 'https://other.example.com/keys' } });
const orders = route({ name: 'orders', path: '/orders', rules: [rules({ provider: 'idp' })] });
const base = definition({ providers: [idp], routes: [orders] });

function setUp() {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const fetcher = fakeFetcher();
	const key = testKey('RS256');
	fetcher.answer(url, { body: { keys: [key.jwk] } });
	const runtime = { clock, timers, cryptography: nodeCryptography, fetcher, poster: fakePoster(), log: fakeLog() };
	const iat = clock.now() / 1000;
	const payload = { iss: idp.issuers[0], sub: 'a', aud: 'https://api.example.com', iat, exp: iat + 3600 };
	const token = signJws({ header: JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: key.kid }), payload, key });
	const request = requestView({ target: '/orders', headers: [['authorization', `Bearer ${token}`]] });
	return { runtime, timers, fetcher, request };
}

test('the same keys: source, cache and digests go on, and nothing is fetched', async () => {
	const { runtime, fetcher, request } = setUp();
	const first = assemble(base, runtime);
	await first.start();
	expect(await first.decide(request)).toMatchObject({ kind: 'allow', facts: { cached: false } });
	const next = assemble({ ...base, routes: [{ ...orders, path: '/{name}' }] }, runtime, first);
	await next.start();
	expect(next.keys.get('idp')).toBe(first.keys.get('idp'));
	const verdict = await next.decide(request);
	expect(verdict).toMatchObject({ kind: 'allow', facts: { cached: true } });
	expect(verdict.facts.tokenId).toBe((await first.decide(request)).facts.tokenId);
	expect(fetcher.requests).toEqual([url]);
});

test('a provider that changed in anything but its keys keeps them, and its cached tokens do not count', async () => {
	const { runtime, fetcher, request } = setUp();
	const first = assemble(base, runtime);
	await first.start();
	await first.decide(request);
	const next = assemble({ ...base, providers: [{ ...idp, clockSkew: 1, generation: 'later' }] }, runtime, first);
	expect(next.keys.get('idp')).toBe(first.keys.get('idp'));
	expect(await next.decide(request)).toMatchObject({ kind: 'allow', facts: { cached: false } });
	expect(fetcher.requests).toEqual([url]);
});

test('another size of the cache, or another key of the digests, begins an empty one', async () => {
	const { runtime, request } = setUp();
	const first = assemble(base, runtime);
	await first.start();
	const before = await first.decide(request);
	const smaller = assemble({ ...base, tokenCacheBytes: 1024 * 1024 }, runtime, first);
	expect((await smaller.decide(request)).facts).toMatchObject({ cached: false, tokenId: before.facts.tokenId });
	const audit = { ...base.audit, digestKey: 'another digest key' };
	const renamed = await assemble({ ...base, audit }, runtime, first).decide(request);
	expect(renamed.facts.cached).toBe(false);
	expect(renamed.facts.tokenId).not.toBe(before.facts.tokenId);
});

test('a provider that nobody names any more is ended after a while, and a token on its keys with it', async () => {
	const { runtime, timers, fetcher, request } = setUp();
	fetcher.answer('https://other.example.com/keys', { body: { keys: [testKey('RS256', 'b').jwk] } });
	const first = assemble(base, runtime);
	await first.start();
	await first.decide(request);
	const without = assemble(
		{ ...base, providers: [other], routes: [{ ...orders, rules: [rules({ provider: 'other' })] }] },
		runtime,
		first,
	);
	await without.start();
	first.handOver(without);
	// A request that began before may still need them.
	expect(first.keys.get('idp')?.status().nextRefreshAt).toBeDefined();
	await timers.advance(30_000);
	expect(first.keys.get('idp')?.status().nextRefreshAt).toBeUndefined();
	expect(without.keys.get('other')?.status().nextRefreshAt).toBeDefined();

	// Defined again exactly as before: the entry of the cache is from a key that nobody looked after meanwhile.
	const back = assemble(base, runtime, without);
	await back.start();
	expect(await back.decide(request)).toMatchObject({ kind: 'allow', facts: { cached: false } });
});

test('an assembly that never took its place ends only what it began itself', async () => {
	const { runtime, request } = setUp();
	const first = assemble(base, runtime);
	await first.start();
	const never = assemble({ ...base, providers: [idp, other] }, runtime, first);
	await never.start();
	never.discard();
	expect(never.keys.get('other')?.status().nextRefreshAt).toBeUndefined();
	expect(first.keys.get('idp')?.status().nextRefreshAt).toBeDefined();
	expect(await first.decide(request)).toMatchObject({ kind: 'allow' });
});

test('an assembly that stops ends the sources that it replaced as well', async () => {
	const { runtime, timers, fetcher } = setUp();
	const first = assemble(base, runtime);
	await first.start();
	const moved = { ...base, providers: [{ ...idp, keys: { ...keys, url: 'https://idp.example.com/new' } }] };
	const next = assemble(moved, runtime, first);
	await next.start();
	first.handOver(next);
	next.stop();
	const asked = fetcher.requests.length;
	await timers.advance(86_400_000);
	expect(fetcher.requests).toHaveLength(asked);
});

test('a provider that is asked about its tokens keeps what asks it, as long as its definition is the same', async () => {
	const { runtime } = setUp();
	const legacy = provider({
		name: 'legacy',
		tokens: ['opaque'],
		keys: { from: 'none' },
		introspection: {
			endpoint: { from: 'url', url: 'https://legacy.example.com/introspect' },
			client: {
				id: 'gateway',
				authentication: { method: 'client_secret_basic', secret: 'secret', secondary: undefined },
			},
			cache: 30_000,
			negativeCache: 5_000,
			timeout: 1_000,
			concurrency: 4,
			signed: false,
			jwts: false,
		},
	});
	const asking = definition({ providers: [legacy], routes: [{ ...orders, rules: [rules({ provider: 'legacy' })] }] });
	const { poster } = runtime;
	poster.answer({ body: { active: true, aud: 'https://api.example.com' } });
	const request = requestView({ target: '/orders', headers: [['authorization', 'Bearer opaque']] });
	const first = assemble(asking, runtime);
	await first.start();
	expect(await first.decide(request)).toMatchObject({ kind: 'allow', facts: { cached: false, kind: 'opaque' } });
	const same = assemble(asking, runtime, first);
	expect(same.introspectors.get('legacy')).toBe(first.introspectors.get('legacy'));
	expect(await same.decide(request)).toMatchObject({ kind: 'allow', facts: { cached: true } });
	expect(poster.posts).toHaveLength(1);
	// Another server, or another of us there, may well say something else.
	const changed = assemble({ ...asking, providers: [{ ...legacy, generation: 'later' }] }, runtime, same);
	expect(changed.introspectors.get('legacy')).not.toBe(same.introspectors.get('legacy'));
	poster.answer({ body: { active: false } });
	expect(await changed.decide(request)).toMatchObject({ kind: 'deny', reason: 'token_inactive' });
	expect(await first.decide(request)).toMatchObject({ kind: 'allow', facts: { cached: true } });
});

test('a policy of API Management needs the code that runs it, which the runtime brings', async () => {
	const { runtime } = setUp();
	const text =
		'<policies><inbound><return-response><set-status code="418" /></return-response></inbound><backend /><outbound /><on-error /></policies>';
	const withPolicy = definition({
		routes: [route({ name: 'orders', path: '/orders', apimPolicy: [{ scope: 'api', file: 'policy.xml', text }] })],
	});
	expect(() => assemble(withPolicy, runtime)).toThrow('route orders: it has a policy of Azure API Management');
	const [request, answer] = [requestView({ target: '/orders' }), { kind: 'answer', status: 418 }];
	const loaded = assemble(withPolicy, await withApimCode(withPolicy, runtime));
	expect(await loaded.decide(request)).toMatchObject(answer);
	expect(await assembleAll(withPolicy, runtime).decide(request)).toMatchObject(answer);
	expect(await withApimCode(base, runtime)).toBe(runtime);
});

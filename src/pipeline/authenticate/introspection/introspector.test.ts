import { expect, test } from 'vitest';
import { createClientAuthentication } from '#keys/authorization-server/client-authentication';
import { createEndpoint } from '#keys/authorization-server/endpoint';
import { createEndpointCall } from '#keys/authorization-server/endpoint-call';
import {
	createIntrospector,
	type Introspection,
	type IntrospectionCall,
	type IntrospectorOptions,
} from '#pipeline/authenticate/introspection/introspector';
import {
	fakeClock,
	fakeFetcher,
	fakeLog,
	fakePoster,
	fakeTimers,
	realCryptography,
} from '../../../../test/support/fake-runtime.ts';

const provider = {
	name: 'idp',
	issuers: ['https://idp.example.com/'],
	scopeClaims: ['scope'],
	extraScopeClaims: [],
	clientClaims: ['client_id'],
};

function build(options: Partial<IntrospectorOptions> = {}) {
	const clock = fakeClock();
	const poster = fakePoster();
	const log = fakeLog();
	const calls: IntrospectionCall[] = [];
	const call = createEndpointCall({
		endpoint: createEndpoint({
			name: 'introspection_endpoint',
			definition: { from: 'url', url: 'https://idp.example.com/introspect' },
			mutualTls: false,
			fetcher: fakeFetcher(),
			clock,
			limits: { timeout: 1000, maxBytes: 1000 },
		}),
		client: createClientAuthentication(
			{ id: 'gateway', authentication: { method: 'bearer', token: 'x' } },
			{ clock, cryptography: realCryptography },
		),
		poster,
		clock,
		timers: fakeTimers(clock),
	});
	const introspector = createIntrospector({
		provider,
		call,
		signed: undefined,
		cache: 30_000,
		negativeCache: 5_000,
		jwts: false,
		clock,
		log,
		onCall: (told) => calls.push(told),
		...options,
	});
	return { clock, poster, log, calls, introspector };
}

const inOneWord = (outcome: Introspection) => (outcome.kind === 'refused' ? outcome.reason : outcome.kind);

test('a yes is a principal of the provider, vouched for from the question on', async () => {
	const { clock, poster, introspector, calls } = build();
	const asked = clock.monotonic();
	poster.answer(() => {
		clock.advance(400);
		return {
			body: {
				active: true,
				sub: 'a',
				scope: 'x y',
				client_id: 'c',
				aud: ['r'],
				exp: 7,
				username: null,
				token_type: 'BEARER',
			},
		};
	});
	const outcome = await introspector.introspect('token', 'digest');
	expect(outcome).toMatchObject({
		kind: 'active',
		principal: {
			provider: 'idp',
			kind: 'opaque',
			issuer: 'https://idp.example.com/',
			subject: 'a',
			client: 'c',
			audiences: ['r'],
			scopes: new Set(['x', 'y']),
			expiresAt: 7,
			type: 'bearer',
			claims: { sub: 'a', scope: 'x y', client_id: 'c', aud: ['r'], exp: 7, token_type: 'BEARER' },
		},
		voucher: { issuer: undefined, retired: false, usableUntil: asked + 30_000 },
	});
	expect(calls).toEqual([{ provider: 'idp', outcome: 'active', seconds: 0.4, needless: false }]);
});

test('a thousand at once are one call and one principal; the next one asks anew', async () => {
	const { poster, introspector } = build();
	poster.answer({ body: { active: true } });
	const outcomes = await Promise.all(
		Array.from({ length: 1000 }, async () => introspector.introspect('token', 'digest')),
	);
	expect(poster.posts).toHaveLength(1);
	expect(new Set(outcomes).size).toBe(1);
	await introspector.introspect('token', 'digest');
	expect(poster.posts).toHaveLength(2);
});

test('without a cache each asks, and what it learns counts for itself alone', async () => {
	const { clock, poster, introspector } = build({ cache: 0 });
	poster.answer({ body: { active: true } });
	const outcomes = await Promise.all(
		Array.from({ length: 10 }, async () => introspector.introspect('token', 'digest')),
	);
	expect(poster.posts).toHaveLength(10);
	const [first] = outcomes;
	expect(first?.kind === 'active' && first.voucher.usableUntil <= clock.monotonic()).toBe(true);
});

test('a no is remembered for its time, a failure for none, and neither for another token', async () => {
	const { clock, poster, introspector, calls } = build();
	poster.answer({ body: { active: false } });
	expect(inOneWord(await introspector.introspect('token', 'digest'))).toBe('token_inactive');
	clock.advance(4_999);
	expect(introspector.introspect('token', 'digest')).not.toBeInstanceOf(Promise);
	expect(poster.posts).toHaveLength(1);
	poster.answer({ status: 500 });
	expect(inOneWord(await introspector.introspect('another', 'other'))).toBe('unavailable');
	clock.advance(1);
	poster.answer({ body: { active: true } });
	expect(inOneWord(await introspector.introspect('token', 'digest'))).toBe('active');
	expect(inOneWord(await introspector.introspect('another', 'other'))).toBe('active');
	expect(calls.map(({ outcome }) => outcome)).toEqual(['inactive', 'failed', 'active', 'active']);
});

test('with negative_cache 0 a no is asked for again', async () => {
	const { poster, introspector } = build({ negativeCache: 0 });
	poster.answer({ body: {} });
	await introspector.introspect('token', 'digest');
	await introspector.introspect('token', 'digest');
	expect(poster.posts).toHaveLength(2);
});

test('without a digest the server is asked, whatever is known', async () => {
	const { poster, introspector } = build();
	poster.answer({ body: { active: false } });
	await introspector.introspect('token', 'digest');
	await introspector.introspect('token', undefined);
	expect(poster.posts).toHaveLength(2);
});

test('a failure says when to come again, and the circuit answers at once', async () => {
	const { poster, introspector, calls } = build();
	poster.answer(new Error('the connection was refused'));
	for (let i = 0; i < 5; i++) await introspector.introspect(`t${i}`, `d${i}`);
	const outcome = await introspector.introspect('t', 'd');
	expect(outcome).toMatchObject({ kind: 'unavailable', retryAfter: 1, cause: { code: 'circuit_open' } });
	expect(calls.map(({ outcome }) => outcome)).toEqual([...Array<string>(5).fill('failed'), 'kept_back']);
	expect(introspector.status().warnings).toEqual([expect.stringContaining('failed several times')]);
});

test('JWTs that are introspected needlessly are told of once, and counted', async () => {
	const { poster, introspector, log, calls } = build();
	const jwt = 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln';
	poster.answer({ body: { active: false } });
	await introspector.introspect(jwt, 'invented');
	expect(log.lines).toEqual([]);
	poster.answer({ body: { active: true } });
	for (const digest of ['a', 'b']) await introspector.introspect(jwt, digest);
	expect(log.lines).toEqual([expect.stringContaining('tokens that are introspected are JWTs')]);
	expect(calls.map(({ needless }) => needless)).toEqual([false, true, true]);
	expect(introspector.status().warnings).toEqual([expect.stringContaining('tokens: [jwt, opaque]')]);
	const asked = build({ jwts: true });
	asked.poster.answer({ body: { active: true } });
	await asked.introspector.introspect(jwt, 'a');
	expect(asked.log.lines).toEqual([]);
});

/** Group O: guessing is slowed by the address that really guesses, before it costs anything (O07). */
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '#runtime/node/clock';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	type Seen,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { startIntrospectionServer } from '../support/introspection-server.ts';
import { exchange } from '../support/raw-client.ts';
import { alter, testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

let provider: TestProvider;
let rig: GuardedGateway;

beforeEach(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256', 'guessed')] });
});
afterEach(async () => {
	await rig.stop();
	await provider.stop();
});

/** Moves the gateway's clocks on. */
let ahead = 0;
const clock = { now: () => systemClock.now() + ahead, monotonic: () => systemClock.monotonic() + ahead };

async function start(settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
	const make = (upstream: string) => ({
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		rate_limits: {
			guessing: { by: 'address', on: 'failed_authentication', requests: 3, per: '24h', everywhere: true },
		},
		routes: [
			{ name: 'api', path: '/api', scopes: ['read'], upstream },
			{ name: 'other', path: '/other', upstream },
			{ name: 'open', path: '/open', public: true, upstream },
		],
		...settings,
	});
	rig = await startGuardedGateway(make, { runtime: { clock } });
}

let serial = 0;
const guess = () => alter(good(), 2, 3, serial++ % 8);
const good = () => provider.issue({ scope: 'read', jti: `good ${serial++}` });
const send = (token: string | undefined, headers: readonly (readonly [string, string])[] = [], target = '/api') =>
	rig.send({ target, headers, ...(token === undefined ? {} : { token }) });

function expectLimited({ response, record, forwarded }: Seen): void {
	expect({ status: response.status, reason: record.reason }).toEqual({ status: 429, reason: 'rate_limited' });
	expect(record.found).toContain('guessing');
	expect(forwarded).toHaveLength(0);
	expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(3_600);
}

test('O07: guesses are counted by the real peer, whatever its headers say', async () => {
	await start();
	for (let i = 0; i < 3; i++) {
		const headers = [
			['X-Forwarded-For', `198.51.100.${i}`],
			['X-Real-IP', `198.51.100.${i}`],
			['Forwarded', `for=198.51.100.${i}`],
		] as const;
		expectRefused(await send(guess(), headers), '401-IT', 'signature_invalid');
	}
	expectLimited(await send(guess(), [['X-Forwarded-For', '203.0.113.77']]));
	// On every route, and for a token that might be good: it is not looked at.
	expectLimited(await send(guess(), [], '/other'));
	expectLimited(await send(good()));
});

test('O07: behind a trusted proxy, by what the proxy tells and not by what the client wrote before it', async () => {
	await start({ trusted_proxies: ['127.0.0.0/8'] });
	const from = (client: string, made = '') => [['X-Forwarded-For', `${made}${client}`]] as const;
	for (let i = 0; i < 3; i++) {
		expectRefused(await send(guess(), from('192.0.2.1', `198.51.100.${i}, `)), '401-IT', 'signature_invalid');
	}
	expectLimited(await send(guess(), from('192.0.2.1', '203.0.113.5, ')));
	expectRefused(await send(guess(), from('192.0.2.2')), '401-IT', 'signature_invalid');
	// One customer has a /64 at least.
	for (let i = 0; i < 3; i++) {
		expectRefused(await send(guess(), from(`2001:db8:0:1::${i + 1}`)), '401-IT', 'signature_invalid');
	}
	expectLimited(await send(guess(), from('2001:db8:0:1:ffff::9')));
	expectRefused(await send(guess(), from('2001:db8:0:2::1')), '401-IT', 'signature_invalid');
});

test('a token that is known to be genuine is no guess, and neither is a request without one', async () => {
	await start();
	const known = good();
	expectForwarded(await send(known));
	for (let i = 0; i < 5; i++) expectRefused(await send(undefined), '401-NC', 'credential_missing');
	for (let i = 0; i < 3; i++) expectRefused(await send(guess()), '401-IT', 'signature_invalid');
	expectLimited(await send(guess()));
	expectForwarded(await send(known));
	expectForwarded(await send(undefined, [], '/open'));
});

test('genuine tokens that the route refuses are no guesses', async () => {
	await start();
	for (let i = 0; i < 5; i++) {
		const token = provider.issue({ scope: 'write', jti: `weak ${i}` });
		expectRefused(await send(token), '403-IS', 'scope_insufficient');
	}
	expectForwarded(await send(good()));
});

test('a provider’s outage is nobody’s guess', async () => {
	await start({
		providers: { idp: { issuer: provider.issuer, audience: provider.audience, jwks_uri: 'http://127.0.0.1:9/keys' } },
	});
	for (let i = 0; i < 5; i++) expectRefused(await send(good()), '503', 'keys_unavailable');
});

test('guesses at the same time, before any of them has failed, are all paid for', async () => {
	const server = await startIntrospectionServer();
	onTestFinished(() => server.stop());
	await start({
		providers: {
			legacy: {
				issuer: server.issuer,
				tokens: ['opaque'],
				introspection_endpoint: server.endpoint,
				client: { id: 'gateway', secret: 'a secret of the gateway' },
				audience: 'https://api.example.com',
			},
		},
		rate_limits: { guessing: { by: 'address', on: 'failed_authentication', requests: 3, per: '1m', everywhere: true } },
	});
	const { promise: until, resolve: open } = Promise.withResolvers<void>();
	server.answer({ body: { active: false }, until });
	const guesses = Array.from({ length: 30 }, (_, n) =>
		exchange(
			rig.gateway.url,
			requestBytes({ target: '/api', token: `guess-${n}`, headers: [['Connection', 'close']] }),
		),
	);
	await expect.poll(() => server.asked.length, { interval: 5 }).toBe(30);
	open();
	expect(new Set((await Promise.all(guesses)).map(({ status }) => status))).toEqual(new Set([401]));
	await rig.gateway.record(30);

	// Three a minute: thirty are what nine more minutes would have had.
	server.answer(server.active({ iat: undefined, exp: Math.floor(Date.now() / 1000) + 7_200 }));
	for (let minute = 1; minute <= 8; minute++) {
		ahead += 60_000;
		const { response, record } = await send(`late-${minute}`);
		expect([minute, response.status, record.reason]).toEqual([minute, 429, 'rate_limited']);
	}
	expect(server.asked).toHaveLength(30);
	ahead += 120_000;
	expectForwarded(await send('at-last'));
});

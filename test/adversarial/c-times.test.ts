/** Group C: when a token is good, on a clock that the test holds (C01–C06, C29). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Reason } from '#core/index';
import { fakeClock, fakeTimers } from '../support/fake-runtime.ts';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { signJws, testKey } from '../support/sign-jws.ts';

const key = testKey('ES256', 'times');
const issuer = 'https://idp.example.com/';
const audience = 'https://api.example.com';
const skew = 30;
const hour = 3_600_000;

/** Nothing moves it but the tests: `now` is the same second for token and gateway. */
const clock = fakeClock();
const now = () => clock.now() / 1000;
let rig: GuardedGateway;

beforeAll(async () => {
	const provider = { issuer, audience, jwks: { keys: [key.jwk] } };
	rig = await startGuardedGateway(
		(upstream) => ({
			providers: {
				exact: { ...provider, clock_skew: '0s' },
				skewed: { ...provider, clock_skew: `${skew}s` },
				bounded: { ...provider, clock_skew: '0s', max_lifetime: '1h', max_age: '10m' },
			},
			routes: ['exact', 'skewed', 'bounded'].map((name) => ({ name, path: `/${name}`, providers: [name], upstream })),
		}),
		{ runtime: { clock, timers: fakeTimers(clock) } },
	);
});

afterAll(() => rig.stop());

/** `iat` a minute ago, `exp` in a minute; undefined leaves a claim out, a text is the payload itself. */
function issue(claims: Readonly<Record<string, unknown>> | string): string {
	const payload =
		typeof claims === 'string'
			? claims
			: { iss: issuer, aud: audience, sub: 'user-1', iat: now() - 60, exp: now() + 60, ...claims };
	return signJws({ header: { alg: 'ES256', typ: 'at+jwt', kid: key.kid }, payload, key });
}

const send = (name: string, token: string) => rig.send({ target: `/${name}`, token });

async function expectDenied(name: string, token: string, reason: Reason): Promise<void> {
	expectRefused(await send(name, token), '401-IT', reason);
	// Judged anew each time, and the same each time.
	expectRefused(await send(name, token), '401-IT', reason);
}

async function expectAllowed(name: string, token: string): Promise<void> {
	expectForwarded(await send(name, token));
	expectForwarded(await send(name, token));
}

test.each([
	['exact', -3600],
	['exact', -1],
	['exact', 0],
	['skewed', -skew - 1],
	['skewed', -skew],
] as const)('C01: provider %s, exp is now%i', async (name, offset) => {
	// RFC 7519 §4.1.4: "on or after" exp is too late.
	await expectDenied(name, issue({ exp: now() + offset, iat: now() - 7200 }), 'token_expired');
});

test.each([
	['exact', 1],
	['exact', 0.001],
	['skewed', -skew + 1],
	['skewed', 0],
] as const)('C01: provider %s, exp is now%d, which is still good', async (name, offset) => {
	await expectAllowed(name, issue({ exp: now() + offset }));
});

test('C02: exp missing', async () => {
	for (const name of ['exact', 'skewed', 'bounded']) {
		await expectDenied(name, issue({ exp: undefined }), 'token_malformed');
	}
});

test.each([
	['a text', '"9999999999"'],
	['an empty text', '""'],
	['true', 'true'],
	['null', 'null'],
	['a list', '[9999999999]'],
	['an object', '{"valueOf":9999999999}'],
	['1e400', '1e400'],
	['-1e400', '-1e400'],
	['NaN', 'NaN'],
	['Infinity', 'Infinity'],
	['a number that begins with +', '+9999999999'],
	['a number of 400 digits', '9'.repeat(400)],
])('C03: exp is %s', async (_, exp) => {
	await expectDenied('exact', issue(withExp(exp)), 'token_malformed');
});

test.each(['-1', '0', '-0', '1e0', '-9999999999', '5e-324'])('C03: exp is %s', async (exp) => {
	await expectDenied('exact', issue(withExp(exp).replace(/"iat":[^,]+,/, '')), 'token_expired');
});

function withExp(exp: string): string {
	return `{"iss":"${issuer}","aud":"${audience}","sub":"user-1","iat":${now() - 60},"exp":${exp}}`;
}

test('C03: exp in milliseconds, far ahead, or with a fraction is a number like any other', async () => {
	await expectAllowed('exact', issue({ exp: now() * 1000 }));
	await expectAllowed('exact', issue({ exp: 1e300 }));
	await expectAllowed('exact', issue({ exp: now() + 1.5 }));
	// What such tokens need is a bound.
	await expectDenied('bounded', issue({ exp: now() * 1000 }), 'token_lifetime_exceeded');
	await expectDenied('bounded', issue({ exp: 1e300 }), 'token_lifetime_exceeded');
});

test.each([
	['exact', { nbf: 1 }],
	['exact', { nbf: 0.001 }],
	['skewed', { nbf: skew + 1 }],
	['exact', { iat: 1 }],
	['skewed', { iat: skew + 1 }],
] as const)('C06: provider %s, %j seconds ahead', async (name, offsets) => {
	const claims = Object.fromEntries(Object.entries(offsets).map(([claim, offset]) => [claim, now() + offset]));
	await expectDenied(name, issue(claims), 'token_not_yet_valid');
});

test.each([
	['exact', { nbf: 0, iat: 0 }],
	['skewed', { nbf: skew, iat: skew }],
] as const)('C06: provider %s, %j seconds ahead, which is good', async (name, { nbf, iat }) => {
	await expectAllowed(name, issue({ nbf: now() + nbf, iat: now() + iat }));
});

test.each(['nbf', 'iat', 'auth_time'])('C06: %s is no number', async (claim) => {
	for (const value of ['1', '1767225600', true, null, [1], {}]) {
		await expectDenied('exact', issue({ [claim]: value }), 'token_malformed');
	}
});

test('C06: iat after exp', async () => {
	await expectDenied('skewed', issue({ iat: now(), exp: now() - 10 }), 'token_malformed');
	await expectDenied('skewed', issue({ iat: now() + 20, exp: now() + 10 }), 'token_malformed');
	await expectDenied('exact', issue({ iat: now() + 20, exp: now() + 10 }), 'token_not_yet_valid');
	await expectDenied('exact', issue({ iat: now(), exp: now() - 10 }), 'token_expired');
});

test('C06: without iat, where a lifetime or an age is bounded', async () => {
	await expectAllowed('exact', issue({ iat: undefined }));
	await expectDenied('bounded', issue({ iat: undefined }), 'token_lifetime_exceeded');
	await expectDenied('bounded', issue({ iat: now() - 601 }), 'token_lifetime_exceeded');
	await expectDenied('bounded', issue({ iat: now() - 1, exp: now() + 3600 }), 'token_lifetime_exceeded');
	await expectDenied('bounded', issue({ iat: -1e300 }), 'token_lifetime_exceeded');
	await expectAllowed('bounded', issue({ iat: now() - 600, exp: now() + 3000 }));
});

test('C29: the wall clock goes ahead by an hour and comes back', async () => {
	const known = issue({ exp: now() + 300 });
	await expectAllowed('exact', known);
	clock.jump(hour);
	await expectDenied('exact', known, 'token_expired');
	clock.jump(-hour);
	// It has not run out by either clock, and no verdict was kept.
	await expectAllowed('exact', known);
});

test('C29: the wall clock goes back by an hour', async () => {
	const known = issue({ exp: now() + 300, iat: undefined });
	const issuedAt = issue({ exp: now() + 300, iat: now() });
	await expectAllowed('exact', known);
	await expectAllowed('exact', issuedAt);
	clock.jump(-hour);
	await expectAllowed('exact', known);
	await expectDenied('exact', issuedAt, 'token_not_yet_valid');
	// 300 seconds are 300 seconds, whatever the wall says.
	clock.advance(299_999);
	await expectAllowed('exact', known);
	clock.advance(1);
	expect(now()).toBeLessThan(Date.UTC(2026, 0, 1) / 1000);
	await expectDenied('exact', known, 'token_expired');
	clock.jump(hour);
	await expectDenied('exact', known, 'token_expired');
	await expectDenied('exact', issuedAt, 'token_expired');
});

test('C29: the wall clock goes back by an hour after the token ran out', async () => {
	const known = issue({ exp: now() + 300, iat: undefined });
	await expectAllowed('exact', known);
	clock.advance(300_000);
	await expectDenied('exact', known, 'token_expired');
	clock.jump(-hour);
	await expectDenied('exact', known, 'token_expired');
	clock.jump(hour);
});

test('C29: the clock skew is no more than that after a jump', async () => {
	const known = issue({ exp: now() + 300, iat: undefined });
	await expectAllowed('skewed', known);
	clock.jump(-hour);
	clock.advance((300 + skew) * 1000 - 1);
	await expectAllowed('skewed', known);
	clock.advance(1);
	await expectDenied('skewed', known, 'token_expired');
	clock.jump(hour);
});

test('C29: a token seen for the first time while the clock was an hour behind', async () => {
	clock.jump(-hour);
	const early = issue({ exp: now() + hour / 1000 + 300, iat: undefined });
	await expectAllowed('exact', early);
	clock.jump(hour);
	await expectAllowed('exact', early);
	clock.advance(299_999);
	await expectAllowed('exact', early);
	clock.advance(1);
	await expectDenied('exact', early, 'token_expired');
});

/** The life of keys through the whole gateway, over real sockets: rotations under load, outages, restarts, floods. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type FakeClock, fakeClock, fakeTimers } from './support/fake-runtime.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './support/gateway.ts';
import { requestBytes } from './support/guarded-gateway.ts';
import { rawClient } from './support/raw-client.ts';
import { recordingUpstream } from './support/recording-upstream.ts';
import { testKey } from './support/sign-jws.ts';
import { makeTempDir } from './support/temp-dir.ts';
import { createTestProvider, jwksPath, type TestProvider, type TestProviderOptions } from './support/test-provider.ts';

const known = testKey('ES256', 'known');
const next = testKey('ES256', 'next');
const minute = 60_000;
const hour = 60 * minute;

async function providing(options: TestProviderOptions = {}): Promise<TestProvider> {
	const provider = await createTestProvider({ keys: [known], ...options });
	onTestFinished(() => provider.stop().catch(() => {}));
	return provider;
}

interface StartOptions extends TestGatewayOptions {
	readonly provider?: Readonly<Record<string, unknown>>;
	readonly more?: Readonly<Record<string, unknown>>;
}

/** A gateway that guards everything with this provider. `stop` may be called early. */
async function start(
	{ issuer, audience }: Pick<TestProvider, 'issuer' | 'audience'>,
	{ provider, more, ...options }: StartOptions = {},
): Promise<TestGateway> {
	const upstream = await recordingUpstream({ keepBody: false });
	const gateway = await startTestGateway(
		{
			admin: { listen: '127.0.0.1:0' },
			providers: { idp: { issuer, audience, ...provider } },
			routes: [{ path: '/**', upstream: upstream.url }],
			...more,
		},
		options,
	);
	let stopped: Promise<void> | undefined;
	const stop = () => (stopped ??= gateway.stop());
	onTestFinished(stop);
	return { ...gateway, stop };
}

async function statusOf(gateway: TestGateway, token: string): Promise<number> {
	const response = await fetch(`${gateway.url}/orders`, { headers: { authorization: `Bearer ${token}` } });
	await response.arrayBuffer();
	return response.status;
}

async function keysOf(gateway: TestGateway): Promise<Record<string, unknown>> {
	const response = await fetch(`${gateway.gateway.adminUrl}/providers`);
	const { providers } = (await response.json()) as { providers: readonly { keys: Record<string, unknown> }[] };
	return providers[0]?.keys ?? {};
}

/** A runtime on a fake clock. `pass` moves it in steps, in which real sockets may catch up. */
function faked(clock: FakeClock = fakeClock()) {
	const timers = fakeTimers(clock);
	return {
		clock,
		timers,
		runtime: { clock, timers },
		seconds: () => clock.now() / 1000,
		async pass(ms: number): Promise<void> {
			for (let left = ms; left > 0; left -= minute) {
				await timers.advance(Math.min(left, minute));
				await sleep(2);
			}
		},
	};
}

test('a new signing key while 200 requests a second run: none is refused, and the keys are fetched twice', async () => {
	const provider = await providing();
	const gateway = await start(provider);
	const statuses: Promise<number>[] = [];
	for (let tick = 0; tick < 40; tick++) {
		if (tick === 20) provider.rotate([next, known]);
		for (let n = 0; n < 10; n++) {
			const key = tick >= 20 && n % 2 === 0 ? next : known;
			statuses.push(statusOf(gateway, provider.issue({ sub: `user-${tick}-${n}` }, { key })));
		}
		await sleep(50);
	}
	expect(new Set(await Promise.all(statuses))).toEqual(new Set([200]));
	expect(statuses).toHaveLength(400);
	expect(provider.requests(jwksPath)).toBe(2);
});

test('the provider stops: valid tokens pass for the configured time, and not longer', async () => {
	const { runtime, seconds, pass } = faked();
	const provider = await providing({ now: seconds });
	const gateway = await start(provider, { runtime, provider: { stale_for: '1h' } });
	const long = provider.issue({}, { lifetime: 86_400 });
	expect(await statusOf(gateway, long)).toBe(200);
	await provider.stop();

	await pass(hour - 1000);
	expect(await statusOf(gateway, long)).toBe(200);
	expect(await statusOf(gateway, provider.issue())).toBe(200);
	expect(await keysOf(gateway)).toMatchObject({ state: 'stale', last_error: expect.stringContaining('refused') });
	// Invariant 5: whether this key exists cannot be told now, and that is no verdict on the token.
	expect(await statusOf(gateway, provider.issue({}, { key: next }))).toBe(503);

	// A second past the bound: the fake clock adds up fractions, which never meet it exactly.
	await pass(2000);
	// The first one is in the cache of genuine tokens, which does not outlive the keys.
	expect(await statusOf(gateway, long)).toBe(503);
	expect(await statusOf(gateway, provider.issue())).toBe(503);
	expect(new Set(gateway.records.slice(-2).map(({ reason }) => reason))).toEqual(new Set(['keys_unavailable']));
	expect(await keysOf(gateway)).toMatchObject({ state: 'unavailable' });
});

test('restarted while the provider is still stopped: the kept keys serve for what is left of their time', async () => {
	const state = makeTempDir();
	onTestFinished(() => rmSync(state, { recursive: true, force: true }));
	const { clock, runtime, seconds, pass } = faked();
	const provider = await providing({ now: seconds });
	const options = { provider: { stale_for: '1h' }, more: { state_directory: state } };
	const first = await start(provider, { runtime, ...options });
	expect(await statusOf(first, provider.issue())).toBe(200);
	await first.stop();
	await provider.stop();

	const folder = join(state, 'keys');
	const [file = ''] = readdirSync(folder);
	expect([statSync(folder), statSync(join(folder, file))].map(({ mode }) => (mode & 0o777).toString(8))).toEqual([
		'700',
		'600',
	]);
	expect(readFileSync(join(folder, file), 'utf8')).not.toMatch(/"(d|p|q|k)"/);

	clock.advance(40 * minute);
	// Monotonic clocks begin anew with a process: only the wall clock knows how old the keys are.
	const later = faked({ ...clock, monotonic: () => clock.monotonic() - 40 * minute });
	const second = await start(provider, { runtime: later.runtime, ...options });
	const cached = provider.issue({}, { lifetime: 86_400 });
	expect(await statusOf(second, cached)).toBe(200);
	expect(await keysOf(second)).toMatchObject({ state: 'stale', age_seconds: 2400, kids: [known.kid] });
	await later.pass(20 * minute - 1000);
	expect(await statusOf(second, provider.issue())).toBe(200);
	await later.pass(2000);
	expect(await statusOf(second, cached)).toBe(503);
	expect(await statusOf(second, provider.issue())).toBe(503);
	await second.stop();

	const third = await start(provider, { runtime, ...options });
	expect(await statusOf(third, provider.issue()), third.log.join('\n')).toBe(503);
	expect(third.log.join('\n')).toContain('they are too old');
	await pass(minute);
	expect(await statusOf(third, provider.issue())).toBe(503);
});

test('keys are kept beside the configuration, unless that is switched off', async () => {
	const provider = await providing();
	const keeping = await start(provider);
	await expect.poll(() => readdirSync(keeping.folder)).toContain('.countersign');
	await expect.poll(() => readdirSync(join(keeping.folder, '.countersign', 'keys'))).toHaveLength(1);
	const without = await start(provider, { more: { state_directory: false } });
	await without.gateway.stop();
	expect(readdirSync(without.folder)).not.toContain('.countersign');
});

test('kept keys of another issuer or URL are not used', async () => {
	const state = makeTempDir();
	onTestFinished(() => rmSync(state, { recursive: true, force: true }));
	const [one, other] = [await providing(), await providing()];
	const more = { state_directory: state };
	await (await start(one, { more })).stop();
	await other.stop();
	const gateway = await start(other, { more });
	expect(await statusOf(gateway, other.issue({}, { key: known }))).toBe(503);
	expect(gateway.log.join('\n')).toContain('came from somewhere else');
});

test('10,000 tokens with random kids: fetches within the bucket, and a rotation amid them is seen within 35 s', async () => {
	const { timers, runtime, seconds } = faked();
	const provider = await providing({ now: seconds });
	const gateway = await start(provider, { runtime });
	const client = await rawClient(gateway.url);
	const reasons = new Set<string | undefined>();
	let elapsed = 0;
	let rotatedAt: number | undefined;
	let seenAt: number | undefined;
	for (let batch = 0; batch < 100; batch++) {
		if (batch === 50) {
			provider.rotate([next, known]);
			rotatedAt = elapsed;
		}
		// One signature for all: none of them gets as far.
		const [, payload = '', signature = ''] = provider.issue().split('.');
		const flood = Array.from({ length: 100 }, () => {
			const header = JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: randomBytes(9).toString('base64url') });
			return requestBytes({ token: `${Buffer.from(header).toString('base64url')}.${payload}.${signature}` });
		});
		client.send(flood.join(''));
		for (const _ of flood) expect((await client.response()).status).toBe(401);
		if (rotatedAt !== undefined && seenAt === undefined) {
			if ((await statusOf(gateway, provider.issue({}, { key: next }))) === 200) seenAt = elapsed;
		}
		await timers.advance(1000);
		elapsed += 1000;
	}
	client.destroy();
	for (const record of gateway.records.filter(({ status }) => status === 401)) reasons.add(record.reason);
	expect(reasons).toEqual(new Set(['key_unknown']));
	// One at the start, two in the bucket, one more every 30 s.
	expect(provider.requests(jwksPath)).toBeLessThanOrEqual(1 + 2 + 3);
	expect(seenAt).toBeDefined();
	expect((seenAt ?? 0) - (rotatedAt ?? 0)).toBeLessThanOrEqual(35_000);
	expect(await statusOf(gateway, provider.issue({}, { key: known }))).toBe(200);
});

test('G08: a failure of the key server is not remembered: the next request asks again', async () => {
	const provider = await providing();
	provider.behave(jwksPath, { status: 500 });
	const { runtime } = faked({ ...fakeClock(), now: () => Date.now() });
	const gateway = await start(provider, { runtime });
	expect(await statusOf(gateway, provider.issue())).toBe(503);
	provider.behave(jwksPath, undefined);
	// The clock stands still, so this is no retry by a timer.
	expect(await statusOf(gateway, provider.issue())).toBe(200);
});

test('O09: the system clock is an hour off at the start', async () => {
	const provider = await providing();
	const clock = { now: () => Date.now() - hour, monotonic: () => performance.now() };
	const gateway = await start(provider, { runtime: { clock } });
	const warnings = gateway.log.filter((line) => line.startsWith('warn') && line.includes('clock'));
	expect(warnings).toHaveLength(1);
	expect(warnings[0]).toMatch(/"clock_offset_seconds":(3599|360[01])\b/);
	expect(await keysOf(gateway)).toMatchObject({ warnings: [expect.stringContaining('behind the provider')] });
	const health = await (await fetch(`${gateway.gateway.adminUrl}/healthz`)).json();
	expect(health).toMatchObject({ status: 'ok', provider_warnings: 1 });
});

test('a provider that swallows connections holds up an unknown kid for two seconds, and a known one not at all', async () => {
	const { timers, runtime, seconds } = faked();
	const provider = await providing({ now: seconds });
	const gateway = await start(provider, { runtime });
	const gate = Promise.withResolvers<void>();
	onTestFinished(() => gate.resolve());
	provider.behave(jwksPath, { until: gate.promise });
	let status: number | undefined;
	const waiting = statusOf(gateway, provider.issue({}, { key: next })).then((answered) => (status = answered));
	await expect.poll(() => provider.requests(jwksPath)).toBe(2);
	expect(await statusOf(gateway, provider.issue())).toBe(200);
	await timers.advance(1999);
	expect(status).toBeUndefined();
	await timers.advance(1);
	expect(await waiting).toBe(503);
	expect(gateway.records.at(-1)).toMatchObject({ reason: 'keys_unavailable' });
	// The fetch goes on, and what it brings counts.
	provider.rotate([next, known]);
	gate.resolve();
	await expect.poll(() => statusOf(gateway, provider.issue({}, { key: next }))).toBe(200);
	expect(provider.requests(jwksPath)).toBe(2);
});

test('a withdrawn key whose tokens still arrive, and two issuers with one key, are warnings', async () => {
	const { runtime, seconds, pass } = faked();
	const provider = await providing({ keys: [known, next], now: seconds });
	const twin = await providing({ keys: [next], now: seconds });
	const { audience } = provider;
	const gateway = await start(provider, {
		runtime,
		more: {
			providers: { idp: { issuer: provider.issuer, audience }, twin: { issuer: twin.issuer, audience } },
			routes: [{ path: '/**', providers: ['idp', 'twin'], upstream: (await recordingUpstream()).url }],
		},
	});
	expect(await keysOf(gateway)).toMatchObject({ warnings: expect.arrayContaining([expect.stringContaining('twin')]) });
	expect(gateway.log.filter((line) => line.includes('two issuers share a key'))).toHaveLength(1);

	provider.rotate([next]);
	await pass(15 * minute);
	await expect.poll(async () => (await keysOf(gateway))['kids']).toEqual([next.kid]);
	expect(await statusOf(gateway, provider.issue({}, { key: known }))).toBe(401);
	expect((await keysOf(gateway))['warnings']).toEqual(
		expect.arrayContaining([expect.stringMatching(/still name the kid "es256-known"/)]),
	);
});

/** Rate limits over real sockets: what the client is told, whom a limit is for, and what costs nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#runtime/node/clock';
import { expectForwarded, type GuardedGateway, type Seen, startGuardedGateway } from './support/guarded-gateway.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

let ahead = 0;
const clock = { now: () => systemClock.now() + ahead, monotonic: () => systemClock.monotonic() + ahead };
let provider: TestProvider;
let other: TestProvider;
let rig: GuardedGateway;

const routes = ['client', 'subject', 'provider', 'both', 'burst', 'other'];

beforeAll(async () => {
	provider = await createTestProvider();
	other = await createTestProvider();
	rig = await startGuardedGateway(
		(upstream) => ({
			providers: {
				one: { issuer: provider.issuer, audience: provider.audience },
				two: { issuer: other.issuer, audience: other.audience },
			},
			rate_limits: {
				client: { by: 'client', requests: 2, per: '1h' },
				subject: { by: 'subject', requests: 2, per: '1h' },
				provider: { by: 'provider', requests: 2, per: '1h' },
				wide: { by: 'client', requests: 100, per: '24h' },
				burst: { by: 'client', requests: 60, per: '1h', burst: 1 },
				open: { by: 'address', requests: 1, per: '1h' },
				narrow: { by: 'subject', requests: 1, per: '1h' },
				two: { by: 'client', requests: 2, per: '1h' },
			},
			routes: [
				...routes.map((name) => ({
					name,
					path: `/${name}`,
					providers: ['one', 'two'],
					scopes: ['read'],
					rate_limits: name === 'both' ? ['two', 'narrow'] : name === 'other' ? 'client' : name,
					upstream,
				})),
				{ name: 'wide', path: '/wide', providers: ['one'], rate_limits: ['wide'], upstream },
				{ name: 'open', path: '/open', public: true, rate_limits: ['open'], upstream },
				{ name: 'free', path: '/free', public: true, upstream },
			],
		}),
		{ runtime: { clock } },
	);
});
afterAll(async () => {
	await rig.stop();
	await Promise.all([provider.stop(), other.stop()]);
});

let serial = 0;
function tokenOf(claims: Readonly<Record<string, unknown>>, from = provider): string {
	serial++;
	return from.issue({ scope: 'read', jti: `token ${serial}`, ...claims });
}

function expectLimited({ response, record, forwarded }: Seen): void {
	expect({ status: response.status, reason: record.reason, check: record.check }).toEqual({
		status: 429,
		reason: 'rate_limited',
		check: 'limits',
	});
	expect(forwarded).toHaveLength(0);
	expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
	expect(response.headers.has('www-authenticate')).toBe(false);
}

test('a limit by client: the fields of each answer, the refusal, and the next one when it says', async () => {
	const send = () => rig.send({ target: '/client', token: tokenOf({ client_id: 'app-a' }) });
	const first = await send();
	expectForwarded(first);
	expect(first.response.headers.get('ratelimit-policy')).toBe('"client";q=2;w=3600');
	expect(first.response.headers.get('ratelimit')).toBe('"client";r=1;t=1800');
	expect((await send()).response.headers.get('ratelimit')).toMatch(/^"client";r=0;t=3(600|599)$/);
	const refused = await send();
	expectLimited(refused);
	expect(refused.record.expected).toBe('at most 2 requests in 1h by client (client)');
	expect(refused.record).toMatchObject({ client: 'app-a', provider: 'one', decision: 'deny' });
	expect(refused.response.headers.get('ratelimit')).toMatch(/^"client";r=0;t=3(600|599)$/);
	const wait = Number(refused.response.headers.get('retry-after'));
	expect(wait).toBeGreaterThan(1_700);
	expect(wait).toBeLessThanOrEqual(1_800);
	expectForwarded(await rig.send({ target: '/client', token: tokenOf({ client_id: 'app-b' }) }));
	ahead += wait * 1_000;
	const later = tokenOf({ client_id: 'app-a', iat: Math.floor(clock.now() / 1000), exp: clock.now() / 1000 + 300 });
	expectForwarded(await rig.send({ target: '/client', token: later }));
	ahead = 0;
});

test('a limit by its name is one bucket on every route that names it', async () => {
	const claims = { client_id: 'app-c' };
	for (const target of ['/client', '/other']) expectForwarded(await rig.send({ target, token: tokenOf(claims) }));
	expectLimited(await rig.send({ target: '/other', token: tokenOf(claims) }));
});

test('a subject is one of its provider', async () => {
	const send = (sub: string, from = provider) => rig.send({ target: '/subject', token: tokenOf({ sub }, from) });
	for (let i = 0; i < 2; i++) expectForwarded(await send('ann'));
	expectLimited(await send('ann'));
	expectForwarded(await send('bob'));
	expectForwarded(await send('ann', other));
});

test('subjects of any length, and tokens without one', async () => {
	const send = (sub: string | undefined) => rig.send({ target: '/subject', token: tokenOf({ sub }) });
	for (const sub of ['x'.repeat(2_000), `${'x'.repeat(2_000)}y`, undefined]) {
		for (let i = 0; i < 2; i++) expectForwarded(await send(sub));
		expectLimited(await send(sub));
	}
});

test('a limit by provider', async () => {
	for (let i = 0; i < 2; i++) expectForwarded(await rig.send({ target: '/provider', token: tokenOf({ sub: `${i}` }) }));
	expectLimited(await rig.send({ target: '/provider', token: tokenOf({ sub: 'third' }) }));
	expectForwarded(await rig.send({ target: '/provider', token: tokenOf({}, other) }));
});

test('of two limits, what the second refuses takes nothing from the first', async () => {
	const send = (sub: string) => rig.send({ target: '/both', token: tokenOf({ client_id: 'app-d', sub }) });
	const first = await send('cid');
	expectForwarded(first);
	expect(first.response.headers.get('ratelimit-policy')).toBe('"two";q=2;w=3600, "narrow";q=1;w=3600');
	for (let i = 0; i < 3; i++) expectLimited(await send('cid'));
	expectForwarded(await send('dan'));
	expectLimited(await send('eve'));
});

test('a burst is not the rate', async () => {
	const send = () => rig.send({ target: '/burst', token: tokenOf({ client_id: 'app-e' }) });
	expectForwarded(await send());
	const refused = await send();
	expectLimited(refused);
	expect(Number(refused.response.headers.get('retry-after'))).toBeLessThanOrEqual(60);
});

test('what is refused for another reason costs nothing, and tells of no limit', async () => {
	const claims = { client_id: 'app-f' };
	for (let i = 0; i < 5; i++) {
		const { response } = await rig.send({ target: '/client', token: tokenOf({ ...claims, scope: 'write' }) });
		expect(response.status).toBe(403);
		expect(response.headers.has('ratelimit')).toBe(false);
	}
	for (let i = 0; i < 2; i++) expectForwarded(await rig.send({ target: '/client', token: tokenOf(claims) }));
	expectLimited(await rig.send({ target: '/client', token: tokenOf(claims) }));
});

test('a public route has one by address; a route without a limit has no fields', async () => {
	expectForwarded(await rig.send({ target: '/open' }));
	expectLimited(await rig.send({ target: '/open' }));
	const free = await rig.send({ target: '/free' });
	expectForwarded(free);
	expect(free.response.headers.has('ratelimit')).toBe(false);
});

test('requests at once: no more pass than there are', async () => {
	const token = tokenOf({ client_id: 'app-g' });
	const url = `${rig.gateway.url}/client`;
	const answers = await Promise.all(
		Array.from({ length: 20 }, () =>
			fetch(url, { headers: { authorization: `Bearer ${token}` } }).then(async (answer) => {
				await answer.arrayBuffer();
				return answer.status;
			}),
		),
	);
	expect(answers.filter((status) => status === 200)).toHaveLength(2);
	expect(answers.filter((status) => status === 429)).toHaveLength(18);
});

test('a reload that leaves a limit as it was gives nobody new requests', async () => {
	const claims = { client_id: 'app-h' };
	for (let i = 0; i < 2; i++) expectForwarded(await rig.send({ target: '/client', token: tokenOf(claims) }));
	await rig.gateway.gateway.reload();
	expectLimited(await rig.send({ target: '/client', token: tokenOf(claims) }));
});

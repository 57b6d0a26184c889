/** Whose token is kept for whom and how long, how often the server is asked, what each of its answers comes to. */
import { expect, test } from 'vitest';
import type { Principal } from '#core/index';
import { createEndpointCall } from '#keys/authorization-server/endpoint-call';
import { fakeClock, fakePoster, fakeTimers, settled } from '../../../../test/support/fake-runtime.ts';
import { createExchanger, type ExchangerOptions } from './exchanger.ts';
import { accessTokenType } from './parameters.ts';

const target = { audience: ['orders'], resource: [], scope: [] };

function rig(more: Partial<ExchangerOptions> = {}) {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const poster = fakePoster();
	let issued = 0;
	const issue = (lifetime: number | undefined = 100) =>
		poster.answer((post) => {
			const subject = new URLSearchParams(post.body).get('subject_token') ?? '';
			issued++;
			const body = { issued_token_type: accessTokenType, token_type: 'Bearer', expires_in: lifetime };
			return { body: { ...body, access_token: `for-${subject}-${issued}` } };
		});
	issue();
	const call = createEndpointCall({
		endpoint: { url: () => 'https://idp.example.com/token', known: undefined },
		client: {
			id: 'gateway',
			prove: async () => ({ headers: [], parameters: [], certificate: undefined, secret: 0 }),
			refused: () => false,
		},
		poster,
		clock,
		timers,
	});
	const exchanger = createExchanger({
		name: 'idp',
		call,
		terms: { grant: 'token_exchange', subjectType: accessTokenType, requestedType: undefined },
		actor: undefined,
		clientId: 'gateway',
		field: { name: 'authorization', prefix: 'Bearer ' },
		tokenId: (token) => `id of ${token}`,
		clock,
		cacheBytes: 100_000,
		...more,
	});
	async function get(subject: string, variant = '', claims: Principal['claims'] = {}) {
		const principal = { claims, scopes: new Set<string>() } as unknown as Principal;
		const outcome = await exchanger.exchange(
			{ token: subject, digest: `digest of ${subject}`, principal },
			target,
			variant,
		);
		return outcome.kind === 'issued' ? outcome.provided.set[0]?.[1] : outcome;
	}
	return { clock, poster, issue, get, exchanger, calls: () => poster.posts.length };
}

test('L01: kept for this subject and target alone', async () => {
	const { get, calls } = rig();
	expect(await get('a')).toBe('Bearer for-a-1');
	expect(await get('b')).toBe('Bearer for-b-2');
	expect(await get('a', 'other target')).toBe('Bearer for-a-3');
	expect(await get('a')).toBe('Bearer for-a-1');
	expect(await get('b')).toBe('Bearer for-b-2');
	expect(calls()).toBe(3);
});

test('asked once for all who ask at the same time', async () => {
	const { get, calls } = rig();
	const all = await Promise.all(Array.from({ length: 100 }, (_, n) => get(n % 2 === 0 ? 'a' : 'b')));
	expect(new Set(all.filter((_, n) => n % 2 === 0)).size).toBe(1);
	expect(calls()).toBe(2);
});

test('what is kept is given at once; renewed ahead while requests go on, and never used past its end', async () => {
	const { get, calls, clock, poster, exchanger } = rig();
	await get('a');
	clock.advance(79_000);
	expect(exchanger.exchange({ token: 'a', digest: 'digest of a' } as never, target, '')).not.toBeInstanceOf(Promise);
	expect(calls()).toBe(1);
	clock.advance(1_000);
	expect(await get('a')).toBe('Bearer for-a-1');
	await settled();
	expect(await get('a')).toBe('Bearer for-a-2');
	poster.answer({ status: 500 });
	clock.advance(80_000);
	expect(await get('a')).toBe('Bearer for-a-2');
	await settled();
	expect(await get('a')).toBe('Bearer for-a-2');
	clock.advance(15_000);
	expect(await get('a')).toMatchObject({ kind: 'unavailable' });
});

test('a token of which nobody says how long it lives is good for those who wait for it', async () => {
	const { get, calls, poster } = rig();
	poster.answer({ body: { access_token: 'x', issued_token_type: accessTokenType, token_type: 'Bearer' } });
	await Promise.all([get('a'), get('a')]);
	await get('a');
	expect(calls()).toBe(2);
});

test.each(['invalid_grant', 'invalid_request', 'invalid_target', 'interaction_required'])(
	'L04: %s is about the client’s token; it is remembered for a moment',
	async (error) => {
		const { get, calls, poster, clock } = rig();
		poster.answer({ status: 400, body: { error, error_description: 'secret words' } });
		expect(await get('a')).toEqual({ kind: 'refused', found: `the token endpoint answered ${error}` });
		await get('a');
		expect(calls()).toBe(1);
		clock.advance(5_000);
		await get('a');
		expect(calls()).toBe(2);
	},
);

test.each<[string, Parameters<ReturnType<typeof fakePoster>['answer']>[0]]>([
	['our credentials are bad', { status: 401, body: { error: 'invalid_client', error_description: 'secret words' } }],
	['we may not', { status: 400, body: { error: 'unauthorized_client' } }],
	['5xx', { status: 503, body: 'secret words' }],
	['too many', { status: 429, body: { error: 'invalid_grant' } }],
	['HTML', { body: '<html>secret words</html>' }],
	['no connection', new Error('the connection was refused')],
	['another audience', { body: { access_token: 'x', token_type: 'Bearer' } }],
])('L04: %s: a fault, remembered by nobody, and nothing of the answer told', async (_, answer) => {
	const { get, poster, issue } = rig();
	poster.answer(answer);
	const outcome = await get('a');
	expect(outcome).toMatchObject({ kind: 'unavailable' });
	expect(JSON.stringify(outcome) + (outcome as { cause: Error }).cause.message).not.toContain('secret words');
	issue();
	expect(await get('a')).toMatch(/^Bearer for-a/);
});

test('may_act that names somebody else: the server is not even asked', async () => {
	const { get, calls } = rig();
	expect(await get('a', '', { may_act: { sub: 'somebody' } })).toMatchObject({ kind: 'refused' });
	expect(calls()).toBe(0);
	expect(await get('b', '', { may_act: { sub: 'gateway' } })).toMatch(/^Bearer for-b/);
});

test('memory is bounded, whatever subjects come', async () => {
	const { get, exchanger } = rig({ cacheBytes: 20_000 });
	for (let n = 0; n < 200; n++) await get(`subject-${n}`);
	expect(exchanger.status().kept).toBeLessThan(40);
});

test('the actor’s token is shown, and without it nobody is asked', async () => {
	let token: string | undefined = 'of the gateway';
	const actor = {
		get: () =>
			token === undefined
				? ({ kind: 'unavailable', cause: new Error('down'), retryAfter: 3 } as const)
				: ({ kind: 'token', token } as const),
		renew: async () => undefined,
		start: async () => {},
		stop: () => {},
		status: () => ({ state: 'ready', obtainedAt: 0, expiresAt: 0, lastError: undefined }) as const,
	};
	const { get, poster } = rig({ actor });
	await get('a');
	const form = new URLSearchParams(poster.posts[0]?.post.body);
	expect(form.get('actor_token')).toBe('of the gateway');
	expect(form.get('actor_token_type')).toBe(accessTokenType);
	token = undefined;
	expect(await get('b')).toMatchObject({ kind: 'unavailable', retryAfter: 3 });
});

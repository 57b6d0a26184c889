/** Group C: who acts for whom (C26): chains of `act`, `may_act`, and that an actor is never taken for the subject. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';
import { startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint.ts';

let idp: TestProvider;
let endpoint: TokenEndpoint;
let rig: GuardedGateway;

beforeAll(async () => {
	idp = await createTestProvider({ keys: [testKey('ES256')] });
	endpoint = await startTokenEndpoint();
	endpoint.answer(({ form }) => {
		const isOwn = form.get('grant_type') === 'client_credentials';
		const issued = { token_type: 'Bearer', expires_in: 600 };
		// The gateway's own token says who it is there.
		if (isOwn) return { body: { ...issued, access_token: idp.issue({ sub: 'service-account-7', scope: '' }) } };
		const type = 'urn:ietf:params:oauth:token-type:access_token';
		return { body: { ...issued, access_token: 'exchanged-for-orders', issued_token_type: type } };
	});
	const server = { token_endpoint: endpoint.url, client: { id: 'gateway', secret: 'a secret of the gateway' } };
	rig = await startGuardedGateway((upstream) => ({
		providers: { idp: { issuer: idp.issuer, audience: idp.audience } },
		routes: [
			{ path: '/plain', upstream, claims_to_headers: { 'x-user-id': 'sub' } },
			{ path: '/clients', upstream, clients: ['app'] },
			{ path: '/exchange', upstream, backend_token: { type: 'exchange', audience: 'orders', ...server } },
			{
				path: '/acting',
				upstream,
				backend_token: { type: 'exchange', audience: 'orders', actor: { audience: 'idp' }, ...server },
			},
		],
	}));
});

afterAll(async () => {
	await rig.stop();
	await Promise.all([endpoint.stop(), idp.stop()]);
});

function chain(length: number): object {
	let act: object = { sub: `actor-${length - 1}` };
	for (let n = length - 2; n >= 0; n--) act = { sub: `actor-${n}`, act };
	return act;
}

test('C26: the subject is the subject, and the record says who acts for it', async () => {
	const seen = await rig.send({ target: '/plain', token: idp.issue({ sub: 'alice', act: chain(3) }) });
	expect(expectForwarded(seen).values('x-user-id')).toEqual(['alice']);
	expect(seen.record).toMatchObject({ subject: 'alice', actors: ['actor-0', 'actor-1', 'actor-2'] });
	const none = await rig.send({ target: '/plain', token: idp.issue({ sub: 'alice' }) });
	expect(none.record.actors).toBeUndefined();
});

test('C26: a chain of twenty is cut in the record; one of fifty is no token that is read', async () => {
	const long = await rig.send({ target: '/plain', token: idp.issue({ act: chain(20) }) });
	expectForwarded(long);
	expect(long.record.actors).toEqual([...Array.from({ length: 8 }, (_, n) => `actor-${n}`), '…']);
	expectRefused(
		await rig.send({ target: '/plain', token: idp.issue({ act: chain(50) }) }),
		'401-IT',
		'token_malformed',
	);
});

test.each([['a text'], [['a list']], [null], [{}], [{ sub: { nested: 'x' } }], [{ sub: 'a\r\n"}\u2028' }]])(
	'C26: act is %j: one well-formed record, and the subject as it was',
	async (act) => {
		const seen = await rig.send({ target: '/plain', token: idp.issue({ sub: 'alice', act }) });
		expect(expectForwarded(seen).values('x-user-id')).toEqual(['alice']);
		expect(seen.record.actors).toHaveLength(1);
		expect(JSON.stringify(seen.record)).not.toMatch(/[\u0000-\u001f]/);
	},
);

test('C26: a client that stands in act alone is not the client', async () => {
	const token = idp.issue({ client_id: 'other', act: { sub: 'app', client_id: 'app' } });
	expectRefused(await rig.send({ target: '/clients', token }), '403', 'client_not_allowed');
});

test('C26: may_act that names somebody else: nothing is exchanged, and the server is not asked', async () => {
	const asked = () => endpoint.asked.filter(({ form }) => form.has('subject_token')).length;
	for (const mayAct of [
		{ sub: 'somebody' },
		{ sub: 'gateway', iss: 'https://elsewhere/' },
		{ sub: 'gateway', azp: 'x' },
		{},
		'gateway',
	]) {
		const before = asked();
		for (const target of ['/exchange', '/acting']) {
			const seen = await rig.send({ target, token: idp.issue({ may_act: mayAct }) });
			expectRefused(seen, '401-IT', 'exchange_refused');
		}
		expect(asked()).toBe(before);
	}
});

test('C26: may_act that names the gateway, by its client id or by what its own token says of it', async () => {
	const exchange = async (target: string, mayAct: object) => {
		const seen = await rig.send({ target, token: idp.issue({ sub: 'alice', may_act: mayAct }) });
		return [seen.response.status, seen.forwarded[0]?.values('authorization')[0] ?? seen.record.reason];
	};
	const exchanged = [200, 'Bearer exchanged-for-orders'];
	expect(await exchange('/exchange', { sub: 'gateway' })).toEqual(exchanged);
	expect(await exchange('/acting', { sub: 'service-account-7', iss: idp.issuer })).toEqual(exchanged);
	// Without a token of the actor's nobody says that this is the gateway.
	expect(await exchange('/exchange', { sub: 'service-account-7' })).toEqual([401, 'exchange_refused']);
	expect(endpoint.asked.at(-1)?.form.get('actor_token_type')).toMatch(/access_token$/);
});

test('the lineage: from the client’s token to the one that was exchanged for it', async () => {
	const seen = await rig.send({ target: '/exchange', token: idp.issue({ sub: 'alice', act: chain(1) }) });
	expect(seen.record).toMatchObject({ subject: 'alice', actors: ['actor-0'] });
	expect(seen.record.token_id).toMatch(/^[\w-]{22}$/);
	expect(seen.record.backend_token_id).toMatch(/^[\w-]{22}$/);
	expect(seen.record.backend_token_id).not.toBe(seen.record.token_id);
});

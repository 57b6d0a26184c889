/** Keycloak's standard token exchange (RFC 8693): the backend gets a token that is made for it, and nothing of the client's. */
import { decodeJwt } from 'jose';
import { allowed, refused, same } from '../expectations.ts';
import { asUser, backendAudience } from '../population.ts';
import type { Rig } from '../rig.ts';

const requests = 200;

export async function checkExchange({ report, realm, population, gateway }: Rig): Promise<void> {
	report.heading('Token exchange');
	const ask = async (user: 'alice' | 'bob') => (await realm.token('app', asUser(user))).access_token;

	/** The token that the backend got. */
	const exchanged = async (token: string): Promise<string> => {
		const sent = await gateway.send('/exchanging/orders', token);
		const { authorization = '', ...rest } = sent.forwarded ?? {};
		allowed({ ...sent, forwarded: sent.forwarded && rest });
		const [scheme, got = ''] = authorization.split(' ');
		same('scheme', scheme, 'Bearer');
		if (got === '' || got === token) throw new Error('the backend did not get another token');
		return got;
	};

	await report.check('the backend gets a token of its own, which opens its route; the client’s does not', async () => {
		const token = await ask('alice');
		const got = await exchanged(token);
		const { aud, azp, sub, scope } = decodeJwt(got);
		same(
			'claims',
			{ aud, azp, sub, scope },
			{ aud: backendAudience, azp: 'exchanger', sub: population.alice, scope: 'orders:read' },
		);
		allowed(await gateway.send('/backend/orders', got, { upstreamHasIt: true }));
		refused(await gateway.send('/backend/orders', token), 401, 'audience_mismatch');
		refused(await gateway.send('/preset/orders', got, { upstreamHasIt: true }), 401, 'audience_mismatch');
		return undefined;
	});
	await report.check(`${requests} requests of two users at once: each has his own, exchanged once`, async () => {
		const users = ['alice', 'bob'] as const;
		const tokens = await Promise.all(users.map(ask));
		const got = await Promise.all(
			Array.from({ length: requests }, async (_, index) => ({
				user: users[index % 2] ?? 'alice',
				token: await exchanged(tokens[index % 2] ?? ''),
			})),
		);
		for (const { user, token } of got) same('subject', decodeJwt(token).sub, population[user]);
		same('tokens', new Set(got.map(({ token }) => token)).size, users.length);
		return undefined;
	});
	await report.check('a token that Keycloak no longer exchanges is refused, and it reaches nobody', async () => {
		const token = await ask('alice');
		await realm.ask('revoke', 'app', { token, token_type_hint: 'access_token' });
		refused(await gateway.send('/exchanging/orders', token), 401, 'exchange_refused');
		return undefined;
	});
	await report.check('with a wrong secret of our own: a fault, not the client’s', async () => {
		refused(await gateway.send('/exchanging-impostor/orders', await ask('alice')), 503, 'backend_token_unavailable');
		return undefined;
	});
}

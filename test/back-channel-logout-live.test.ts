/**
 * Back-channel logout live: users log out at oidc-provider, it tells the gateway by itself, as the guide has it, and their
 * access tokens are refused from then on; with tokens that name their session, and with those that name the subject alone.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectForwarded, expectRefused, type GuardedGateway, startGuardedGateway } from './support/guarded-gateway.ts';
import { apiAudience, type LoginServer, startLoginServer } from './support/login-server.ts';
import { freePort } from './support/redis-server.ts';

/** The gateway is registered with the server before it is there. */
async function start(sessions: boolean): Promise<{ readonly server: LoginServer; readonly rig: GuardedGateway }> {
	const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
	const server = await startLoginServer({ backChannel: `http://${listen}/logout/op`, sessions });
	onTestFinished(() => server.stop());
	const rig = await startGuardedGateway((upstream) => ({
		listen,
		admin: { listen: admin, auth: { provider: 'op', scopes: ['gateway:admin'], audience: 'admin' } },
		revocation: { logout: { op: { audience: 'app' } } },
		store: { type: 'memory' },
		providers: { op: { issuer: server.issuer, audience: apiAudience } },
		routes: [
			{ path: '/orders', scopes: ['read'], upstream },
			{ path: '/logout/op', methods: ['POST'], public: true, upstream: `http://${admin}` },
		],
	}));
	onTestFinished(() => rig.stop());
	return { server, rig };
}

/** Tokens of one second cannot be told apart by the time of a logout. */
async function nextSecond(): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
}

const send = (rig: GuardedGateway, token: string) => rig.send({ target: '/orders', token });

describe.each([true, false])('tokens name their session: %s', (sessions) => {
	test('who logs out at the provider is out at the gateway, and nobody else', async () => {
		const { server, rig } = await start(sessions);
		const [alice, bob] = [await server.login('alice'), await server.login('bob')];
		const [first, second, other] = [await alice.token(), await alice.token(), await bob.token()];
		for (const token of [first, second, other]) expectForwarded(await send(rig, token));
		if (!sessions) await nextSecond();

		const before = rig.gateway.records.length;
		await alice.logout();
		expect(server.delivered).toEqual(['alice: delivered']);
		expect(await rig.gateway.record(before + 1)).toMatchObject({ decision: 'allow', status: 200 });
		for (const token of [first, second]) expectRefused(await send(rig, token), '401-IT', 'token_revoked');
		expectForwarded(await send(rig, other));

		// A new login is a new session.
		expectForwarded(await send(rig, await (await server.login('alice')).token()));
		expectRefused(await send(rig, first), '401-IT', 'token_revoked');
	});
});

/** The end of a login that went well at the provider, and of which no session comes here. */
import { expect, test } from 'vitest';
import { type Sealing, StoreUnavailable } from '#core/index';
import type { Grant } from '#keys/authorization-server/code-flow';
import { fakeClock } from '../../test/support/fake-runtime.ts';
import { requestView } from '../../test/support/request-view.ts';
import type { Keeper } from './keeper.ts';
import { createLogin } from './login.ts';
import { sealLogin } from './login-secrets.ts';

const plain: Sealing = { seal: (text) => encodeURIComponent(text), open: (sealed) => decodeURIComponent(sealed) };
const user = { iss: 'https://idp.example.com/', sub: 'ada' };

async function callback(over: Partial<Keeper>, identity: Grant['identity'] = user) {
	const clock = fakeClock();
	const seconds = clock.now() / 1000;
	const revoked: string[] = [];
	const never = () => Promise.reject(new Error('nobody asks'));
	const grant: Grant = { accessToken: 'a', expiresAt: seconds + 60, refreshToken: 'r', identity };
	const login = createLogin({
		name: 'web',
		origin: 'https://app.example.com',
		cookie: { name: '__Host-web', sameSite: 'Lax', maxAge: undefined },
		claims: [],
		returnTo: () => '/',
		flow: {
			newSecrets: never,
			begin: never,
			refresh: never,
			endSessionUrl: never,
			finish: async () => ({ kind: 'granted', grant }),
			async revoke(token) {
				revoked.push(token);
				return 'revoked';
			},
		},
		keeper: {
			create: async (session) => ({ session: { ...session, id: 'i' }, version: null, cookies: [] }),
			find: async () => undefined,
			reload: never,
			save: never,
			touch: never,
			end: never,
			clear: [],
			...over,
		},
		end: never,
		sealing: plain,
		clock,
		onRefusal() {},
	});
	const underWay = { state: 'Hs', nonce: 'n', verifier: 'v', returnTo: '/', until: seconds + 60 };
	const cookie = `__Host-web.login0=${sealLogin(underWay, 'web', plain)}`;
	const request = requestView({ target: '/auth/callback', headers: [['cookie', cookie]] });
	const outcome = await login
		.callback(request, new URLSearchParams({ state: 'Hs', code: 'c' }))
		.catch((cause: unknown) => cause);
	return { outcome, revoked };
}

const down = () => Promise.reject(new StoreUnavailable('it does not answer'));

test('tokens that a session keeps are left alone', async () => {
	const { outcome, revoked } = await callback({});
	expect([outcome, revoked]).toEqual([expect.objectContaining({ kind: 'answer' }), []]);
});

test.each<[string, Partial<Keeper>, Grant['identity'], unknown]>([
	['the store is away', { create: down }, user, expect.any(StoreUnavailable)],
	['the store is away, and was asked for the session of before', { find: down }, user, expect.any(StoreUnavailable)],
	[
		'it does not fit into cookies',
		{ create: async () => undefined },
		user,
		expect.objectContaining({ kind: 'refused' }),
	],
	['the ID token names nobody', {}, {}, expect.objectContaining({ kind: 'refused' })],
])('tokens that nobody keeps are revoked: %s', async (_why, over, identity, expected) => {
	const { outcome, revoked } = await callback(over, identity);
	expect([outcome, revoked]).toEqual([expected, ['r']]);
});

/** The gateway signs a token of its own for the backend, which is kept. */
import { knowsKey } from '../peers/countersign.ts';
import { withRoutes } from './change.ts';
import type { Variant } from './variant.ts';

export const minted: Variant = {
	id: 'minted',
	name: 'minted token',
	label: 'cached',
	limit: 110,
	about: 'a token that the gateway signs (ES256) in place of the client’s, kept once it is there',
	missing: async () => ((await knowsKey('minting')) ? undefined : 'this version mints no tokens'),
	prepare: async ({ issuer }, plain) => ({
		config: {
			...withRoutes(plain, { backend_token: { type: 'mint', audience: 'orders', claims: { scope: 'scope' } } }),
			minting: { issuer: 'http://127.0.0.1' },
		},
		once: false,
		credentials: async (count) => (await issuer.mintMany(count)).map((token) => `Authorization: Bearer ${token}`),
		stop: async () => undefined,
	}),
};

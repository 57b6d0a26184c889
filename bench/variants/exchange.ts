/** Each client's token is exchanged for one of the backend's, which is kept. */
import { join } from 'node:path';
import { startChild } from '../child.ts';
import { withRoutes } from './change.ts';
import type { Variant } from './variant.ts';

export const exchange: Variant = {
	id: 'exchange',
	name: 'token exchange',
	label: 'cached',
	limit: 110,
	about: 'a token for the backend in place of the client’s (RFC 8693), kept once it is there',
	missing: async () => undefined,
	async prepare({ issuer }, plain) {
		const server = await startChild('node', [join(import.meta.dirname, 'authorization-server.ts')], /^(\d+)$/m);
		return {
			config: withRoutes(plain, {
				backend_token: {
					type: 'exchange',
					token_endpoint: `http://127.0.0.1:${server.port}/token`,
					client: { id: 'gateway', secret: 'a secret of the benchmark, 32 bytes' },
					audience: 'orders',
				},
			}),
			once: false,
			credentials: async (count) => (await issuer.mintMany(count)).map((token) => `Authorization: Bearer ${token}`),
			stop: () => server.stop(),
		};
	},
};

/** Opaque tokens whose introspection is cached. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startChild } from '../child.ts';
import { withProvider } from './change.ts';
import type { Variant } from './variant.ts';

export const introspection: Variant = {
	id: 'introspection',
	name: 'opaque tokens',
	label: 'cached',
	about: 'introspection (RFC 7662), its answers cached',
	missing: async () => undefined,
	async prepare(_setting, plain) {
		const server = await startChild('node', [join(import.meta.dirname, 'authorization-server.ts')], /^(\d+)$/m);
		return {
			config: withProvider(plain, {
				jwks: undefined,
				algorithms: undefined,
				tokens: ['opaque'],
				introspection_endpoint: `http://127.0.0.1:${server.port}/introspect`,
				client: { id: 'gateway', secret: 'a secret of the benchmark, 32 bytes' },
				introspection: { cache: '1h' },
			}),
			once: false,
			credentials: async (count) =>
				Array.from({ length: count }, () => `Authorization: Bearer ${randomBytes(32).toString('base64url')}`),
			stop: () => server.stop(),
		};
	},
};

/** Claims of the token travel to the backend as headers. */
import { withRoutes } from './change.ts';
import type { Variant } from './variant.ts';

export const headersFromClaims: Variant = {
	id: 'headers-from-claims',
	name: 'headers from claims',
	label: 'cached',
	limit: 110,
	about: 'three claims as headers for the backend (`claims_to_headers`)',
	missing: async () => undefined,
	prepare: async ({ issuer }, plain) => ({
		config: withRoutes(plain, {
			claims_to_headers: { 'x-user-id': 'sub', 'x-client': 'client_id', 'x-scopes': 'scope' },
		}),
		once: false,
		credentials: async (count) => (await issuer.mintMany(count)).map((token) => `Authorization: Bearer ${token}`),
		stop: async () => undefined,
	}),
};

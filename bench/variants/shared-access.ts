/** Shared access signatures in the layout of Service Bus. */
import { createHmac } from 'node:crypto';
import { requiredScope } from '../tokens.ts';
import { withProvider } from './change.ts';
import type { Variant } from './variant.ts';

const root = 'sb://bus.example.net/';
const key = 'q7Hn2rTzWd0Yv5LkB8xCm4Jp1sGf6EaU';

export const sharedAccess: Variant = {
	id: 'shared-access',
	name: 'shared access signatures',
	label: 'cached',
	about: 'of the layout `service_bus`, each for the resource that it is used on',
	missing: async () => undefined,
	prepare: async (_setting, plain) => ({
		config: withProvider(plain, {
			issuer: undefined,
			jwks: undefined,
			algorithms: undefined,
			tokens: ['shared_access'],
			format: 'service_bus',
			audience: root,
			keys: { sender: { primary: key, scopes: [requiredScope] } },
		}),
		once: false,
		credentials: async (count) => {
			const from = Math.floor(Date.now() / 1000) + 3600;
			return Array.from(
				{ length: count },
				(_, index) => `Authorization: SharedAccessSignature ${signed(from + index)}`,
			);
		},
		stop: async () => undefined,
	}),
};

/** Until `se`, in seconds since the epoch. */
function signed(se: number): string {
	const sr = encodeURIComponent(`${root}orders`);
	const sig = createHmac('sha256', key).update(`${sr}\n${se}`).digest('base64');
	return `sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}&skn=sender`;
}

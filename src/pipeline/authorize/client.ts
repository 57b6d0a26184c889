/** Which clients may call: an allow-list of `client_id`, `azp`, `appid` or whatever the provider writes. */
import type { Check } from '#core/index';
import { principalCheck } from './principal-check.ts';

export function createClientCheck(clients: readonly string[]): Check {
	const allowed = new Set(clients);
	return principalCheck({
		name: 'client',
		judge: (principal) =>
			principal.client !== undefined && allowed.has(principal.client) ? null : 'client_not_allowed',
		expected: () => `client: ${clients.join(' or ')}`,
		found: (principal) => `client: ${principal.client ?? 'none'}`,
	});
}

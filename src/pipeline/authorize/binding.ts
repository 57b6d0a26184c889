/**
 * Sender constraint (RFC 7800 `cnf`). As long as no proof of possession can be checked, a bound token is refused and
 * never treated as a bearer token (invariant 10), and a route that wants a bound token lets nobody in.
 */
import type { Check } from '#core/index';
import { principalCheck } from './principal-check.ts';

export function createBindingCheck(binding: 'if_bound' | 'required' | 'mtls' | 'dpop'): Check {
	return principalCheck({
		name: 'binding',
		judge: (principal) => (principal.confirmation === undefined && binding === 'if_bound' ? null : 'binding_missing'),
		expected: () => (binding === 'if_bound' ? 'a token without cnf' : `a proof of possession (${binding})`),
		found: (principal) =>
			principal.confirmation === undefined ? 'no cnf' : 'cnf, and no proof of possession that this gateway can check',
	});
}

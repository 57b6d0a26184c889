/**
 * Sender constraint: a token that is bound to a key of the client (RFC 7800 `cnf`) counts only with proof of that key,
 * on every request and whatever is known of the token. A bound token is never treated as a bearer token (invariant 10).
 */
import type { Check, Evidence, Principal, Reason } from '#core/index';
import { type CertificateOf, judgeCertificate } from './binding-certificate.ts';
import { readConfirmation } from './confirmation.ts';
import { principalCheck } from './principal-check.ts';

export interface BindingOptions {
	/**
	 * `if_bound`: what the token is bound to must be proven. The others also refuse unbound tokens: `mtls` those that are
	 * not bound to a certificate, `dpop` those not bound to a DPoP key, `required` those bound to neither.
	 */
	readonly binding: 'if_bound' | 'required' | 'mtls' | 'dpop';
	readonly certificateOf: CertificateOf;
}

/** A token with two members must satisfy both. */
export function createBindingCheck({ binding, certificateOf }: BindingOptions): Check {
	function judge({ confirmation }: Principal, evidence: Evidence): Reason | null {
		evidence.found = undefined;
		if (confirmation === undefined) return binding === 'if_bound' ? null : missing(evidence, 'a token without cnf');
		const bound = readConfirmation(confirmation);
		if (typeof bound === 'string') return missing(evidence, bound);
		const { certificate, key } = bound;
		if (binding === 'mtls' && certificate === undefined) return missing(evidence, 'a token without x5t#S256');
		if (key !== undefined || binding === 'dpop') return missing(evidence, 'a token that needs a DPoP proof');
		return certificate === undefined ? null : judgeCertificate(certificate, evidence, certificateOf);
	}

	return principalCheck({
		name: 'binding',
		judge,
		expected: () => wanted[binding],
		found: ({ confirmation }, evidence) =>
			evidence.found ?? (confirmation === undefined ? 'a token without cnf' : 'proof of every member of cnf'),
	});
}

const wanted = {
	if_bound: 'proof of what the token is bound to, if it is bound',
	required: 'a token that is bound to a key of the client, and proof of that key',
	mtls: 'a token that is bound to the client certificate of this request',
	dpop: 'a token that is bound to the key of this request’s DPoP proof',
} as const;

function missing(evidence: Evidence, found: string): Reason {
	evidence.found = found;
	return 'binding_missing';
}

/**
 * Sender constraint: a token that is bound to a key of the client (RFC 7800 `cnf`) counts only with proof of that key,
 * on every request and whatever is known of the token. A bound token is never treated as a bearer token (invariant 10).
 */
import type { Check, Evidence, Principal, Reason } from '#core/index';
import { type CertificateOf, judgeCertificate } from './binding-certificate.ts';
import { judgeProof, type ProofRules } from './binding-proof.ts';
import { type Confirmation, readConfirmation } from './confirmation.ts';
import { principalCheck } from './principal-check.ts';

export interface BindingOptions {
	/**
	 * `if_bound`: what the token is bound to must be proven. The others also refuse unbound tokens: `mtls` those that are
	 * not bound to a certificate, `dpop` those not bound to a DPoP key, `required` those bound to neither.
	 */
	readonly binding: 'if_bound' | 'required' | 'mtls' | 'dpop';
	readonly certificateOf: CertificateOf;
	readonly proof: ProofRules;
}

/** A token with two members must satisfy both. A token that comes as DPoP must be bound to the key of its proof. */
export function createBindingCheck({ binding, certificateOf, proof }: BindingOptions): Check {
	function judge({ confirmation }: Principal, evidence: Evidence): Reason | null | Promise<Reason | null> {
		const isProven = evidence.credential?.scheme === 'dpop';
		if (confirmation === undefined && binding === 'if_bound' && !isProven) return null;
		evidence.found = undefined;
		const bound = confirmation === undefined ? unbound : readConfirmation(confirmation);
		if (typeof bound === 'string') return missing(evidence, bound);
		const { certificate, key } = bound;
		if (bound === unbound && !isProven) return missing(evidence, 'a token without cnf');
		if (certificate === undefined && binding === 'mtls') return missing(evidence, 'a token without x5t#S256');
		if (key === undefined && (binding === 'dpop' || isProven)) return missing(evidence, 'a token without jkt');
		if (certificate !== undefined) {
			const refused = judgeCertificate(certificate, evidence, certificateOf);
			if (refused !== null) return refused;
		}
		if (key === undefined) return null;
		return isProven
			? judgeProof(key, evidence, proof)
			: missing(evidence, 'a token with jkt that does not come as DPoP');
	}

	return principalCheck({
		name: 'binding',
		judge,
		expected: () => wanted[binding],
		found: ({ confirmation }, evidence) =>
			evidence.found ?? (confirmation === undefined ? 'a token without cnf' : 'proof of every member of cnf'),
	});
}

const unbound: Confirmation = { certificate: undefined, key: undefined };

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

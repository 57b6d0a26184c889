/**
 * Was this DPoP proof used before (RFC 9449 §11.1)? Asking is using, so it is asked last, once nothing else refuses
 * the request, and exactly one of any number of requests with one proof gets a yes.
 */
import { type Effect, type Evidence, StoreUnavailable } from '#core/index';

/** True for the first use of this proof in its time, among all gateways that share the store. Rejects with StoreUnavailable. */
export type ClaimProof = (proof: NonNullable<Evidence['proof']>) => Promise<boolean>;

export function createReplayEffect(claim: ClaimProof): Effect {
	return {
		name: 'replay',
		needs: 'genuine',
		judge(evidence) {
			const { proof } = evidence;
			if (proof === undefined) return null;
			evidence.found = undefined;
			return claim(proof).then(
				(isFirst) => (isFirst ? null : 'dpop_proof_replayed'),
				(cause: unknown) => {
					if (!(cause instanceof StoreUnavailable)) throw cause;
					evidence.cause = cause;
					return 'store_unavailable';
				},
			);
		},
		// Whether a proof was used cannot be asked without using it.
		look: (evidence) => {
			evidence.found = evidence.proof === undefined ? 'no proof' : 'a proof; whether it was used is not asked here';
			return null;
		},
		expected: () => 'a DPoP proof that was not used before',
		found: ({ cause, found }) => found ?? (cause instanceof Error ? cause.message : 'a proof that was used before'),
	};
}

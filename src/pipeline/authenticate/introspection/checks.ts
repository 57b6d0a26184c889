/**
 * Is this token genuine, by the word of its provider? The authenticator of opaque tokens; and for JWTs whose signature
 * has verified, whether their provider has revoked them since.
 */
import type { Check, CredentialLocation, Evidence, Reason, Voucher } from '#core/index';
import type { Introspection, Introspector } from './introspector.ts';

export interface OpaqueProvider {
	readonly name: string;
	readonly introspector: Introspector;
	/** Places from which its tokens are taken. */
	readonly tokenFrom: readonly CredentialLocation[];
}

/** The checks of this authenticator, in their order. One provider: nothing in an opaque token says whose it is. */
export function createOpaqueAuthenticator(provider: OpaqueProvider): readonly Check[] {
	const { name, introspector, tokenFrom } = provider;
	return [
		{
			name: 'provider',
			needs: 'credential',
			judge(evidence) {
				if (evidence.credential === undefined || !tokenFrom.includes(evidence.credential.location)) {
					return 'issuer_unknown';
				}
				evidence.provider = name;
				return null;
			},
			expected: () => `an opaque token of ${name}`,
			found: (evidence) => (evidence.provider === name ? 'an opaque token' : 'an opaque token in another place'),
		},
		introspectionCheck('provider', () => introspector, accept),
	];
}

/** For JWTs, behind their signature. `introspectors`: of the providers that are asked about their JWTs, by name. */
export function createStillActiveCheck(introspectors: ReadonlyMap<string, Introspector>): Check {
	return introspectionCheck('genuine', ({ provider }) => introspectors.get(provider ?? ''), stillActive);
}

type Active = Extract<Introspection, { readonly kind: 'active' }>;

function accept(evidence: Evidence, { principal, voucher }: Active): void {
	evidence.voucher = voucher;
	evidence.claimed = principal;
	evidence.principal = principal;
}

/** What the token says stands in the token, signed; the answer alone can end it. */
function stillActive(evidence: Evidence, { voucher }: Active): void {
	evidence.voucher = evidence.voucher === undefined ? voucher : both(evidence.voucher, voucher);
}

/** Counts as long as both do. */
function both(first: Voucher, second: Voucher): Voucher {
	return {
		issuer: first.issuer,
		get retired() {
			return first.retired || second.retired;
		},
		get usableUntil() {
			return Math.min(first.usableUntil, second.usableUntil);
		},
	};
}

function introspectionCheck(
	needs: 'provider' | 'genuine',
	introspectorOf: (evidence: Evidence) => Introspector | undefined,
	take: (evidence: Evidence, active: Active) => void,
): Check {
	function settle(evidence: Evidence, outcome: Introspection): Reason | null {
		switch (outcome.kind) {
			case 'active':
				take(evidence, outcome);
				return null;
			case 'refused':
				evidence.found = outcome.found;
				return outcome.reason;
			case 'unavailable':
				evidence.found = outcome.cause.message;
				evidence.cause = outcome.cause;
				evidence.retryAfter = outcome.retryAfter;
				return 'introspection_unavailable';
		}
	}

	return {
		name: 'introspection',
		needs,
		judge(evidence) {
			const { credential, digest } = evidence;
			const introspector = introspectorOf(evidence);
			if (credential === undefined) return 'internal_error';
			evidence.found = undefined;
			if (introspector === undefined) return null;
			const outcome = introspector.introspect(credential.token, digest);
			return outcome instanceof Promise ? outcome.then((late) => settle(evidence, late)) : settle(evidence, outcome);
		},
		expected: (evidence) => introspectorOf(evidence)?.expected ?? 'nothing: its provider is not asked',
		found: (evidence) =>
			evidence.found ?? (introspectorOf(evidence) === undefined ? 'nothing was asked' : 'active: true'),
	};
}

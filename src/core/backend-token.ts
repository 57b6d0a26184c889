/**
 * The third phase of a decision: what the upstream gets in place of the client's token. Asked only for a request that
 * every check allows, after whatever may still refuse it (replay, rates).
 */
import type { Evidence } from './evidence.ts';
import type { Reason } from './reasons.ts';
import type { HeaderList } from './request-view.ts';

/** The source of one route's backend tokens. */
export interface BackendToken {
	/**
	 * Answers at once with what is already there, and waits only for what must be made or fetched first. A reason refuses
	 * the request; the evidence then holds `found`, and `cause` and `retryAfter` for a fault. Never rejects but for a bug.
	 */
	provide(evidence: Evidence): Provided | Reason | Promise<Provided | Reason>;
	/**
	 * The reason for which `provide` would refuse, as far as that is certain before anything is made or fetched; null:
	 * none. For `explain`; absent where nothing is certain before somebody was asked.
	 */
	look?(evidence: Evidence): Reason | null;
}

export interface Provided {
	/** Fields for the upstream's request, beside those made from claims. */
	readonly set: HeaderList;
	/** Keyed digest of the token in there, for the audit record; undefined where it is nobody's in particular. */
	readonly tokenId: string | undefined;
	/** What to do when the upstream answers 401; undefined: give that to the client as it is. */
	readonly renew: RenewCredential | undefined;
}

/**
 * Gets a new credential after the upstream refused the one in `set`: its fields replace those of the same name. Undefined
 * where there is no other one; never rejects.
 */
export type RenewCredential = () => Promise<HeaderList | undefined>;

/**
 * The cache of genuine tokens (design §3). It answers one question only: is this exact token genuine for this provider,
 * and what does it say? Whether it is good for a route is judged on every request. Only tokens whose signature verified
 * get in, so a flood of bad ones can neither fill it nor push anything out (invariant 8).
 */
import { LRUCache } from 'lru-cache';
import type { Principal, VerificationKey } from '#core/index';

export interface GenuineToken {
	readonly principal: Principal;
	readonly key: VerificationKey;
	/** Generation of the provider's definition when this was verified. */
	readonly generation: string;
	/** Wall clock, seconds: `exp` plus the provider's clock skew. */
	readonly endsAt: number;
	/** Monotonic milliseconds at which it has run out whatever the wall clock says. */
	readonly expiresMonotonic: number;
	/** Keyed digest for the audit record. */
	readonly tokenId: string;
}

export interface GenuineTokens {
	/** Entries for this digest, one per provider that verified it; undefined when there is none. */
	recall(digest: string): readonly GenuineToken[] | undefined;
	/** Keeps `token`, which takes about `bytes`; replaces what the same provider said before. */
	admit(digest: string, token: GenuineToken, bytes: number): void;
	/** Entries, for metrics. */
	readonly size: number;
}

/** What an entry takes beside its claims: digest, principal, scopes, list node; measured with 100,000 live entries. */
const overhead = 700;

/** `maxBytes`: estimated, not measured; 0 keeps nothing. */
export function createGenuineTokens(maxBytes: number): GenuineTokens {
	if (maxBytes <= 0) return { recall: () => undefined, admit: () => {}, size: 0 };
	const entries = new LRUCache<string, readonly GenuineToken[]>({ maxSize: maxBytes, maxEntrySize: maxBytes });
	return {
		recall: (digest) => entries.get(digest),
		admit(digest, token, bytes) {
			const others = (entries.peek(digest) ?? []).filter(
				(other) => other.principal.provider !== token.principal.provider,
			);
			const all = [...others, token];
			entries.set(digest, all, { size: all.length * (overhead + 2 * bytes) });
		},
		get size() {
			return entries.size;
		},
	};
}

/**
 * The cache of genuine tokens (design §3). It answers one question only: is this exact token genuine for this provider,
 * and what does it say? Whether it is good for a route is judged on every request. Only tokens whose signature verified
 * get in, so a flood of bad ones can neither fill it nor push anything out (invariant 8).
 */
import { LRUCache } from 'lru-cache';
import type { JsonValue, Principal, Voucher } from '#core/index';

export interface GenuineToken {
	readonly principal: Principal;
	/** Lower-case authentication scheme under which it came: the same text under another scheme is another credential. */
	readonly scheme: string;
	readonly voucher: Voucher;
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
	/** Keeps what a token says; replaces what the same provider said before. */
	admit(digest: string, token: GenuineToken): void;
	/** Entries, for metrics. */
	readonly size: number;
}

/** What an entry takes beside its claims: digest, principal, list node; measured with 100,000 live entries. */
const overhead = 600;
/** What parts of a token take beside their text. A token of 12 KiB can hold thousands of them, and take 180 KiB. */
const perValue = 88;
const perMember = 64;
const perText = 24;
const perScope = 48;

/** `maxBytes`: estimated, not measured; 0 keeps nothing. */
export function createGenuineTokens(maxBytes: number): GenuineTokens {
	if (maxBytes <= 0) return { recall: () => undefined, admit: () => {}, size: 0 };
	const entries = new LRUCache<string, readonly GenuineToken[]>({ maxSize: maxBytes, maxEntrySize: maxBytes });
	return {
		recall: (digest) => entries.get(digest),
		admit(digest, token) {
			const others = (entries.peek(digest) ?? []).filter(
				(other) => other.principal.provider !== token.principal.provider,
			);
			const all = [...others, token];
			const parts = all.reduce(
				(sum, { principal }) => sum + weigh(principal.claims) + perScope * principal.scopes.size,
				0,
			);
			entries.set(digest, all, { size: all.length * overhead + parts });
		},
		get size() {
			return entries.size;
		},
	};
}

/** Bytes of a value at all levels, on the safe side. Its depth is bounded by the JSON reader's. */
function weigh(value: JsonValue): number {
	if (typeof value === 'string') return perText + value.length;
	if (typeof value !== 'object' || value === null) return 0;
	const inner: readonly JsonValue[] = Object.values(value);
	return inner.reduce<number>(
		(sum, part) => sum + weigh(part),
		perValue + (Array.isArray(value) ? 0 : perMember * inner.length),
	);
}

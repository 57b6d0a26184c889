/** The keys of one statement: those that stand in the policy and those of any number of metadata documents, as one source. */
import type { Algorithm, VerificationKey, Voucher } from '#core/index';
import type { KeyLookup, KeySource, KeySourceStatus } from '#keys/verification/key-source';
import type { KeyOrigin } from './issuer-rule.ts';

export interface KeyMember extends KeyOrigin {
	readonly source: Pick<KeySource, 'candidates' | 'refresh' | 'status'>;
}

export interface JoinedKeys {
	readonly source: KeySource;
	readonly origins: readonly KeyOrigin[];
	/** Where a key that was a candidate came from. */
	originOf(voucher: Voucher): KeyOrigin | undefined;
}

/** Signatures that are tried for one token. */
const mostCandidates = 8;

export function joinKeys(members: readonly KeyMember[]): JoinedKeys {
	const origins = new WeakMap<Voucher, KeyOrigin>();

	function candidates(algorithm: Algorithm, kid: string | undefined, monotonic: number): KeyLookup {
		const found: VerificationKey[] = [];
		let isBound = false;
		let isUnavailable = false;
		for (const each of members) {
			const lookup = each.source.candidates(algorithm, kid, monotonic);
			if (lookup === 'unavailable') isUnavailable = true;
			if (typeof lookup === 'string') continue;
			isBound ||= lookup.length === 0;
			for (const key of lookup) {
				origins.set(key, each);
				found.push(key);
			}
		}
		if (found.length > 0) return found.slice(0, mostCandidates);
		if (isBound) return [];
		return isUnavailable ? 'unavailable' : 'unknown';
	}

	return {
		origins: members,
		originOf: (voucher) => origins.get(voucher),
		source: {
			candidates,
			async refresh(kid) {
				await Promise.all(members.map(({ source }) => source.refresh(kid)));
			},
			async start() {},
			stop() {},
			status: () => joinStatus(members.map(({ source }) => source.status())),
		},
	};
}

function joinStatus(all: readonly KeySourceStatus[]): KeySourceStatus {
	const sum = (of: (status: KeySourceStatus) => number) => all.reduce((total, status) => total + of(status), 0);
	return {
		state: all.every(({ state }) => state === 'ready')
			? 'ready'
			: all.some(({ state }) => state !== 'unavailable')
				? 'stale'
				: 'unavailable',
		kids: all.flatMap(({ kids }) => kids),
		fetchedAt: undefined,
		nextRefreshAt: undefined,
		fetches: sum(({ fetches }) => fetches),
		refreshing: all.some(({ refreshing }) => refreshing),
		acceptedFetches: sum(({ acceptedFetches }) => acceptedFetches),
		failedFetches: sum(({ failedFetches }) => failedFetches),
		lastError: all.find(({ lastError }) => lastError !== undefined)?.lastError,
		clockOffset: undefined,
		retryAfter: Math.max(1, ...all.map(({ retryAfter }) => retryAfter)),
		warnings: [],
	};
}

/**
 * Keys that stand in a policy. A key with an `id` serves tokens of that `kid` and tokens without one; a key without serves
 * all. Each key is bound to its own algorithms, so that a list may hold secrets and RSA keys.
 */
export function policyKeys(keys: readonly VerificationKey[]): KeyMember {
	return {
		isDiscovered: false,
		takesVersionOne: false,
		issuer: () => undefined,
		source: {
			candidates(algorithm, kid) {
				const named = keys.filter((key) => key.kid === undefined || kid === undefined || key.kid === kid);
				if (named.length === 0) return 'unknown';
				return named.filter((key) => key.algorithms.has(algorithm));
			},
			refresh: async () => {},
			status: () => ({
				state: 'ready',
				kids: keys.map(({ kid }) => kid),
				fetchedAt: undefined,
				nextRefreshAt: undefined,
				fetches: 0,
				refreshing: false,
				acceptedFetches: 0,
				failedFetches: 0,
				lastError: undefined,
				clockOffset: undefined,
				retryAfter: 1,
				warnings: [],
			}),
		},
	};
}

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
	/** Whether metadata that cannot be had at the moment may hold a key for this, beside the candidates. */
	isPartial(algorithm: Algorithm, kid: string | undefined, monotonic: number): boolean;
	/** Whether it was a candidate here. */
	knows(voucher: Voucher): boolean;
	/**
	 * Who vouches with it now: where it came from, and each other member that has the same key (RFC 7638 thumbprint), as the
	 * metadata of both versions of an Entra tenant have. Empty for one that was no candidate here.
	 */
	vouchingFor(voucher: Voucher, monotonic: number): Iterable<Vouching>;
}

export interface Vouching {
	readonly origin: KeyOrigin;
	/** Undefined: the origin's keys are not known at the moment, so it may have this one. */
	readonly voucher: Voucher | undefined;
}

/** Signatures that are tried for one token. */
const mostCandidates = 8;

export function joinKeys(members: readonly KeyMember[]): JoinedKeys {
	const known = new WeakMap<Voucher, { readonly key: VerificationKey; readonly member: KeyMember }>();

	function candidates(algorithm: Algorithm, kid: string | undefined, monotonic: number): KeyLookup {
		const found: VerificationKey[] = [];
		// Whether a key is there, but not for this algorithm: by the word of metadata, and by that of the policy.
		let isBound = false;
		let isBoundHere = false;
		let isUnavailable = false;
		let isUnknown = false;
		for (const each of members) {
			const lookup = each.source.candidates(algorithm, kid, monotonic);
			if (lookup === 'unavailable') isUnavailable = true;
			if (lookup === 'unknown' && each.isDiscovered) isUnknown = true;
			if (typeof lookup === 'string') continue;
			if (lookup.length === 0 && each.isDiscovered) isBound = true;
			if (lookup.length === 0 && !each.isDiscovered) isBoundHere = true;
			for (const key of lookup) {
				known.set(key, { key, member: each });
				// One try is enough for a key that several have.
				if (!found.some((other) => isSame(other, key))) found.push(key);
			}
		}
		if (found.length > 0) return found.slice(0, mostCandidates);
		if (isBound) return [];
		if (isUnavailable) return 'unavailable';
		// A key of the policy that takes tokens of any `kid` says nothing of those that metadata may have by now.
		return isBoundHere && !isUnknown ? [] : 'unknown';
	}

	function* vouchingFor(voucher: Voucher, monotonic: number): Iterable<Vouching> {
		const own = known.get(voucher);
		if (own === undefined) return;
		yield { origin: own.member, voucher };
		for (const member of members) {
			if (member === own.member) continue;
			const twin = twinOf(own.key, member, monotonic);
			if (twin !== undefined) yield { origin: member, voucher: twin === 'unavailable' ? undefined : twin };
		}
	}

	return {
		origins: members,
		// A shared secret is in no metadata.
		isPartial: (algorithm, kid, monotonic) =>
			!algorithm.startsWith('HS') &&
			members.some(({ isDiscovered, source }) => {
				return isDiscovered && source.candidates(algorithm, kid, monotonic) === 'unavailable';
			}),
		knows: (voucher) => known.has(voucher),
		vouchingFor,
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

function isSame(one: VerificationKey, other: VerificationKey): boolean {
	return one.thumbprint !== undefined && one.thumbprint === other.thumbprint;
}

function twinOf(
	key: VerificationKey,
	member: KeyMember,
	monotonic: number,
): VerificationKey | 'unavailable' | undefined {
	if (key.thumbprint === undefined) return undefined;
	for (const algorithm of key.algorithms) {
		const lookup = member.source.candidates(algorithm, key.kid, monotonic);
		if (lookup === 'unavailable') return lookup;
		const twin = typeof lookup === 'string' ? undefined : lookup.find((each) => isSame(each, key));
		if (twin !== undefined) return twin;
	}
	return undefined;
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

/**
 * A lease: the right to do something alone, for a bounded time, among all gateways that share the store. For single
 * flight (a refresh token that may be used once), not for safety: who is slower than the lease is not alone any more, so
 * what it protects must also be written with compare-and-set.
 */
import type { Store } from '#core/index';

export interface Lease {
	/** Gives it back early. Never rejects: it runs out by itself. */
	release(): Promise<void>;
}

/** Undefined while somebody else has it. `ttl` in milliseconds. Rejects with StoreUnavailable. */
export async function takeLease(store: Store, space: string, key: string, ttl: number): Promise<Lease | undefined> {
	const version = await store.put(space, key, '', { ttl, expected: null });
	if (version === undefined) return undefined;
	return {
		async release() {
			await store.remove(space, key, version).catch(() => false);
		},
	};
}

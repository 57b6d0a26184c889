/**
 * The store in this process: nothing outlives it and nobody shares it. Bounded, and full is a refusal: what is in it
 * keeps its promises, so nothing is pushed out before its time.
 */
import { type Clock, type LedgerChanges, type Store, StoreUnavailable } from '#core/index';
import { createExpiringMap, type ExpiringMap } from './expiring-map.ts';
import { createMemoryLedger, type MemoryLedger } from './memory-ledger.ts';
import { checkName, checkPlace, checkTtl, checkValue, closed } from './names.ts';

export interface MemoryStoreOptions {
	readonly clock: Pick<Clock, 'monotonic'>;
	/** Names the ledgers' epochs and the versions: anything that is never the same twice. */
	readonly randomId: () => string;
	/** Claims, records and ledger entries, each; default 500,000. */
	readonly capacity?: number;
}

export function createMemoryStore({ clock, randomId, capacity = 500_000 }: MemoryStoreOptions): Store {
	const claims: ExpiringMap<true> = createExpiringMap(clock, capacity);
	const records: ExpiringMap<{ readonly value: string; readonly version: string }> = createExpiringMap(clock, capacity);
	const ledgers = new Map<string, MemoryLedger>();
	const run = `${randomId()}.`;
	let writes = 0;
	let isClosed = false;

	const placeOf = (space: string, key: string): string => {
		if (isClosed) throw closed();
		checkPlace(space, key);
		return `${space} ${key}`;
	};
	const full = (): StoreUnavailable => new StoreUnavailable('the store in memory is full');

	function ledgerOf(name: string): MemoryLedger {
		if (isClosed) throw closed();
		checkName(name);
		let ledger = ledgers.get(name);
		if (ledger === undefined) {
			ledger = createMemoryLedger({ clock, epoch: randomId(), capacity });
			ledgers.set(name, ledger);
		}
		return ledger;
	}

	return {
		type: 'memory',
		isShared: false,
		async claim(space, key, ttl) {
			const place = placeOf(space, key);
			const time = checkTtl(ttl);
			if (claims.get(place) !== undefined) return false;
			if (!claims.set(place, true, time)) throw full();
			return true;
		},
		async get(space, key) {
			return records.get(placeOf(space, key));
		},
		async put(space, key, value, { ttl, expected }) {
			const place = placeOf(space, key);
			checkValue(value);
			const time = checkTtl(ttl);
			if (expected !== undefined && (records.get(place)?.version ?? null) !== expected) return undefined;
			const version = run + String((writes += 1));
			if (!records.set(place, { value, version }, time)) throw full();
			return version;
		},
		async list(space, limit) {
			if (isClosed) throw closed();
			checkName(space);
			const found = [];
			for (const [place, record] of records.entries()) {
				if (found.length >= limit) break;
				if (place.startsWith(`${space} `)) found.push({ key: place.slice(space.length + 1), ...record });
			}
			return found;
		},
		async remove(space, key, expected) {
			const place = placeOf(space, key);
			const found = records.get(place);
			if (found === undefined || (expected !== undefined && found.version !== expected)) return false;
			records.delete(place);
			return true;
		},
		async enter(name, key, value, { ttl, expected } = {}) {
			checkPlace(name, key);
			checkValue(value);
			const time = ttl === undefined ? undefined : checkTtl(ttl);
			const revision = ledgerOf(name).enter(key, value, time, expected);
			if (revision === 'full') throw full();
			return revision;
		},
		async strike(name, key, expected) {
			checkPlace(name, key);
			return ledgerOf(name).strike(key, expected);
		},
		async changes(name, after, limit): Promise<LedgerChanges> {
			return ledgerOf(name).changes(after, limit);
		},
		async close() {
			isClosed = true;
		},
	};
}

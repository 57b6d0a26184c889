/**
 * The store in this process: nothing outlives it and nobody shares it. Bounded, and full is a refusal: what is in it
 * keeps its promises, so nothing is pushed out before its time.
 */
import {
	type Clock,
	type LedgerChanges,
	type ListedRecord,
	type Store,
	type StoredRecord,
	StoreUnavailable,
} from '#core/index';
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

interface MemoryRecord extends StoredRecord {
	/** In the order of arrival; the same for as long as it is there. */
	readonly place: number;
}

export function createMemoryStore({ clock, randomId, capacity = 500_000 }: MemoryStoreOptions): Store {
	const claims: ExpiringMap<true> = createExpiringMap(clock, capacity);
	const records: ExpiringMap<MemoryRecord> = createExpiringMap(clock, capacity);
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
			const found = records.get(placeOf(space, key));
			return found === undefined ? undefined : { value: found.value, version: found.version };
		},
		async put(space, key, value, { ttl, expected }) {
			const place = placeOf(space, key);
			checkValue(value);
			const time = checkTtl(ttl);
			const before = records.get(place);
			if (expected !== undefined && (before?.version ?? null) !== expected) return undefined;
			// What has run out may still be there, among those of its time.
			if (before === undefined) records.delete(place);
			const version = run + String((writes += 1));
			if (!records.set(place, { value, version, place: before?.place ?? writes }, time)) throw full();
			return version;
		},
		async list(space, limit, after = '0') {
			if (isClosed) throw closed();
			checkName(space);
			if (!/^\d{1,15}$/.test(after)) throw new RangeError('no place in a store in memory');
			const found: ListedRecord[] = [];
			let last = 0;
			for (const [key, { place, value, version }] of records.entries()) {
				if (place <= Number(after) || !key.startsWith(`${space} `)) continue;
				if (found.length >= limit) return { records: found, next: String(last) };
				found.push({ key: key.slice(space.length + 1), value, version });
				last = place;
			}
			return { records: found, next: undefined };
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

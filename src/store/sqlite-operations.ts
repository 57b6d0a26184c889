/**
 * What the SQLite store can be asked, as statements on one database: synchronous, so it belongs into a thread of its own.
 * Each operation runs inside a transaction of the caller's.
 */
import { randomUUID } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EnterOptions, LedgerChanges, LedgerPosition, PutOptions, RecordPage, StoredRecord } from '#core/index';

/** A question to the thread, as it travels. */
export type Operation =
	| readonly [name: 'claim', space: string, key: string, ttl: number]
	| readonly [name: 'get', space: string, key: string]
	| readonly [name: 'list', space: string, limit: number, after: string]
	| readonly [name: 'put', space: string, key: string, value: string, options: PutOptions]
	| readonly [name: 'remove', space: string, key: string, expected: string | undefined]
	| readonly [name: 'enter', ledger: string, key: string, value: string, options: EnterOptions]
	| readonly [name: 'strike', ledger: string, key: string, expected: number | undefined]
	| readonly [name: 'changes', ledger: string, after: LedgerPosition | undefined, limit: number];

export const reading: ReadonlySet<Operation[0]> = new Set(['get', 'list', 'changes']);

/** The database holds as much as it may; nothing was written. */
export class DatabaseFull extends Error {}

export interface Operations {
	/** Throws SQLite's errors, and DatabaseFull. */
	run(operation: Operation): unknown;
	/** Deletes what has run out. */
	prune(): void;
}

/** Milliseconds for which a struck entry is remembered: longer than any gateway that still matters is cut off. */
const struckTime = 24 * 60 * 60 * 1000;

export interface OperationsOptions {
	readonly now: () => number;
	/** Claims, records and ledger entries together. */
	readonly capacity: number;
}

export function createOperations(database: DatabaseSync, { now, capacity }: OperationsOptions): Operations {
	const sql = statements(database);
	let rows = 0;

	function makeRoom(): void {
		if (rows < capacity) return;
		prune();
		if (rows >= capacity) throw new DatabaseFull('the store is full');
	}

	function prune(): void {
		const time = now();
		sql.raiseFloor.run(time);
		sql.pruneClaims.run(time);
		sql.pruneRecords.run(time);
		sql.pruneEntries.run(time);
		rows = number(sql.countAll.get()?.['rows']);
	}

	function claim(space: string, key: string, ttl: number): boolean {
		makeRoom();
		const time = now();
		const isFirst = sql.claim.run(space, key, time + ttl, time).changes === 1;
		if (isFirst) rows += 1;
		return isFirst;
	}

	function get(space: string, key: string): StoredRecord | undefined {
		const row = sql.get.get(space, key, now());
		return row === undefined ? undefined : { value: text(row['value']), version: text(row['version']) };
	}

	function list(space: string, limit: number, after: string): RecordPage {
		const records = sql.list
			.all(space, after, now(), limit + 1)
			.map((row) => ({ key: text(row['key']), value: text(row['value']), version: text(row['version']) }));
		const page = records.slice(0, limit);
		return { records: page, next: records.length > limit ? page.at(-1)?.key : undefined };
	}

	function put(space: string, key: string, value: string, { ttl, expected }: PutOptions): string | undefined {
		if (expected !== undefined && (get(space, key)?.version ?? null) !== expected) return undefined;
		makeRoom();
		const version = randomUUID();
		sql.put.run(space, key, value, version, now() + ttl);
		rows += 1;
		return version;
	}

	function remove(space: string, key: string, expected: string | undefined): boolean {
		const found = get(space, key);
		if (found === undefined || (expected !== undefined && found.version !== expected)) return false;
		sql.remove.run(space, key);
		return true;
	}

	function ledger(name: string): { readonly epoch: string; readonly head: number; readonly floor: number } {
		let row = sql.ledger.get(name);
		if (row === undefined) {
			sql.beginLedger.run(name, randomUUID());
			row = sql.ledger.get(name);
		}
		return { epoch: text(row?.['epoch']), head: number(row?.['head']), floor: number(row?.['floor']) };
	}

	/** Revision of the entry that is there and has a value; 0 without one. */
	function revisionOf(name: string, key: string): number {
		const row = sql.entry.get(name, key, now());
		return row === undefined ? 0 : number(row['revision']);
	}

	function record(name: string, key: string, value: string | null, until: number | null): number {
		const { head } = ledger(name);
		sql.raiseHead.run(head + 1, name);
		sql.record.run(name, key, head + 1, value, until);
		return head + 1;
	}

	function enter(name: string, key: string, value: string, { ttl, expected }: EnterOptions): number | undefined {
		if (expected !== undefined && revisionOf(name, key) !== expected) return undefined;
		makeRoom();
		rows += 1;
		return record(name, key, value, ttl === undefined ? null : now() + ttl);
	}

	function strike(name: string, key: string, expected: number | undefined): number | undefined {
		const revision = revisionOf(name, key);
		if (revision === 0 || (expected !== undefined && revision !== expected)) return undefined;
		return record(name, key, null, now() + struckTime);
	}

	function changes(name: string, after: LedgerPosition | undefined, limit: number): LedgerChanges {
		const { epoch, head, floor } = ledger(name);
		const isReset =
			after !== undefined &&
			(after.epoch !== epoch || after.revision > head || (after.revision > 0 && after.revision < floor));
		const from = after === undefined || isReset ? 0 : after.revision;
		const rowsFound = from === head ? [] : sql.changes.all(name, from, now(), limit + 1);
		const entries = rowsFound.slice(0, limit).map((row) => ({
			key: text(row['key']),
			revision: number(row['revision']),
			value: row['value'] === null ? undefined : text(row['value']),
		}));
		const revision = rowsFound.length > limit ? (entries.at(-1)?.revision ?? from) : head;
		return { entries, position: { epoch, revision }, head, isReset };
	}

	return {
		run(operation) {
			switch (operation[0]) {
				case 'claim':
					return claim(operation[1], operation[2], operation[3]);
				case 'get':
					return get(operation[1], operation[2]);
				case 'list':
					return list(operation[1], operation[2], operation[3]);
				case 'put':
					return put(operation[1], operation[2], operation[3], operation[4]);
				case 'remove':
					return remove(operation[1], operation[2], operation[3]);
				case 'enter':
					return enter(operation[1], operation[2], operation[3], operation[4]);
				case 'strike':
					return strike(operation[1], operation[2], operation[3]);
				case 'changes':
					return changes(operation[1], operation[2], operation[3]);
			}
		},
		prune,
	};
}

type Statements = Readonly<Record<keyof typeof texts, StatementSync>>;

const texts = {
	claim: `INSERT INTO claims (space, key, until) VALUES (?, ?, ?)
		ON CONFLICT (space, key) DO UPDATE SET until = excluded.until WHERE until <= ?`,
	get: 'SELECT value, version FROM records WHERE space = ? AND key = ? AND until > ?',
	list: 'SELECT key, value, version FROM records WHERE space = ? AND key > ? AND until > ? ORDER BY key LIMIT ?',
	put: 'INSERT OR REPLACE INTO records (space, key, value, version, until) VALUES (?, ?, ?, ?, ?)',
	remove: 'DELETE FROM records WHERE space = ? AND key = ?',
	ledger: 'SELECT epoch, head, floor FROM ledgers WHERE name = ?',
	beginLedger: 'INSERT OR IGNORE INTO ledgers (name, epoch) VALUES (?, ?)',
	entry: `SELECT revision FROM entries
		WHERE ledger = ? AND key = ? AND value IS NOT NULL AND (until IS NULL OR until > ?)`,
	raiseHead: 'UPDATE ledgers SET head = ? WHERE name = ?',
	record: 'INSERT OR REPLACE INTO entries (ledger, key, revision, value, until) VALUES (?, ?, ?, ?, ?)',
	changes: `SELECT key, revision, value FROM entries
		WHERE ledger = ? AND revision > ? AND (until IS NULL OR until > ?) ORDER BY revision LIMIT ?`,
	raiseFloor: `UPDATE ledgers SET floor = max(floor, struck.revision)
		FROM (SELECT ledger, max(revision) AS revision FROM entries WHERE value IS NULL AND until <= ? GROUP BY ledger) AS struck
		WHERE name = struck.ledger`,
	pruneClaims: 'DELETE FROM claims WHERE until <= ?',
	pruneRecords: 'DELETE FROM records WHERE until <= ?',
	pruneEntries: 'DELETE FROM entries WHERE until <= ?',
	countAll:
		'SELECT (SELECT count(*) FROM claims) + (SELECT count(*) FROM records) + (SELECT count(*) FROM entries) AS rows',
} as const;

function statements(database: DatabaseSync): Statements {
	return Object.fromEntries(
		Object.entries(texts).map(([name, statement]) => [name, database.prepare(statement)]),
	) as unknown as Statements;
}

function text(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
	return typeof value === 'number' ? value : 0;
}

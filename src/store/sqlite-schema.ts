/** The tables of the SQLite store, and whether a file may be used at all. */
import type { DatabaseSync } from 'node:sqlite';

/** `PRAGMA user_version` of the tables below. Another layout gets another number and a way to get there. */
const schemaVersion = 1;
/** `PRAGMA application_id`: "CSgn". */
const applicationId = 0x43_53_67_6e;

const tables = `
CREATE TABLE claims (space TEXT NOT NULL, key TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (space, key)) STRICT, WITHOUT ROWID;
CREATE INDEX claims_until ON claims (until);
CREATE TABLE records (
	space TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version TEXT NOT NULL, until INTEGER NOT NULL,
	PRIMARY KEY (space, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX records_until ON records (until);
CREATE TABLE ledgers (
	name TEXT NOT NULL PRIMARY KEY, epoch TEXT NOT NULL, head INTEGER NOT NULL DEFAULT 0, floor INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
-- A struck entry has no value, and is forgotten at its until.
CREATE TABLE entries (
	ledger TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value TEXT, until INTEGER,
	PRIMARY KEY (ledger, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entries_revision ON entries (ledger, revision);
CREATE INDEX entries_until ON entries (until) WHERE until IS NOT NULL;
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${schemaVersion};
`;

/** Makes the tables where there are none. Throws an Error in words for the operator when the file is another program's. */
export function prepareSchema(database: DatabaseSync): void {
	// WAL: readers and a writer do not wait for each other. FULL: a commit that was acknowledged is on disk.
	database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;');
	database.exec('BEGIN IMMEDIATE');
	try {
		const version = pragma(database, 'user_version');
		const owner = pragma(database, 'application_id');
		if (version === 0 && owner === 0 && isEmpty(database)) database.exec(tables);
		else if (owner !== applicationId) throw new Error('it is a database of another program');
		else if (version !== schemaVersion)
			throw new Error(`it has layout ${String(version)}, and this version knows ${schemaVersion}`);
		database.exec('COMMIT');
	} catch (cause) {
		database.exec('ROLLBACK');
		throw cause;
	}
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): unknown {
	return database.prepare(`PRAGMA ${name}`).get()?.[name];
}

function isEmpty(database: DatabaseSync): boolean {
	return database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'] === 0;
}

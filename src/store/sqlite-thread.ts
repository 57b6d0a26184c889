/**
 * The thread that owns the database. It takes batches and runs each as one transaction, so that many writers share one
 * flush to the disk; what it answers is committed. Only relative imports and `node:` here, since a thread does not
 * inherit how the source of its parent was loaded.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { createOperations, DatabaseFull, type Operation } from './sqlite-operations.ts';
import { prepareSchema } from './sqlite-schema.ts';

export interface ThreadOptions {
	readonly path: string;
	/** Milliseconds to wait for another process that writes. */
	readonly busyTimeout: number;
	readonly capacity: number;
}

export interface Batch {
	readonly operations: readonly Operation[];
	/** Whether anything in it writes. */
	readonly writes: boolean;
}

/** One a batch, after `{ready: true}`. A failed batch changed nothing. */
export type ThreadAnswer =
	| { readonly ready: true }
	| { readonly refused: string }
	| { readonly results: readonly unknown[] }
	| { readonly failed: string };

const port = parentPort;
if (port === null) throw new Error('this file is a thread');
const answer = (message: ThreadAnswer): void => port.postMessage(message);

/** Milliseconds between two prunings. */
const pruneInterval = 30_000;

function serve({ path, busyTimeout, capacity }: ThreadOptions): void {
	const database = new DatabaseSync(path, { timeout: busyTimeout });
	prepareSchema(database);
	const operations = createOperations(database, { now: () => Date.now(), capacity });
	let pruneAt = 0;

	function runBatch({ operations: batch, writes }: Batch): readonly unknown[] {
		// A transaction that only reads begins without the lock that writers queue for.
		database.exec(writes ? 'BEGIN IMMEDIATE' : 'BEGIN');
		try {
			if (writes && performance.now() >= pruneAt) {
				operations.prune();
				pruneAt = performance.now() + pruneInterval;
			}
			const results = batch.map((operation) => operations.run(operation));
			database.exec('COMMIT');
			return results;
		} catch (cause) {
			if (database.isTransaction) database.exec('ROLLBACK');
			throw cause;
		}
	}

	/**
	 * The first reading of a ledger begins it. A transaction that only read until then cannot wait for another process that
	 * wrote meanwhile: SQLite gives up at once, and the whole is done again with the lock that waits.
	 */
	function run(batch: Batch): readonly unknown[] {
		try {
			return runBatch(batch);
		} catch (cause) {
			if (batch.writes || !isBusy(cause)) throw cause;
			return runBatch({ ...batch, writes: true });
		}
	}

	port?.on('message', (message: Batch | 'close') => {
		if (message === 'close') {
			database.close();
			port?.close();
			return;
		}
		try {
			answer({ results: run(message) });
		} catch (cause) {
			// A bug, with its stack, ends the thread; what the database says is an answer.
			if (!(cause instanceof DatabaseFull) && !isSqliteError(cause)) throw cause;
			answer({ failed: cause.message });
		}
	});
}

/** SQLITE_BUSY in any of its forms. */
function isBusy(cause: unknown): boolean {
	return (
		isSqliteError(cause) && 'errcode' in cause && typeof cause.errcode === 'number' && (cause.errcode & 0xff) === 5
	);
}

function isSqliteError(cause: unknown): cause is Error {
	return cause instanceof Error && 'code' in cause && cause.code === 'ERR_SQLITE_ERROR';
}

try {
	serve(workerData as ThreadOptions);
	answer({ ready: true });
} catch (cause) {
	answer({ refused: cause instanceof Error ? cause.message : String(cause) });
	port.close();
}

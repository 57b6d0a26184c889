/**
 * The store in a file of this machine (`node:sqlite`). SQLite is synchronous, so it lives in a thread: a file that is
 * busy, or a disk that is slow, keeps nobody waiting but whoever asked. Several processes may share the file.
 */
import { constants } from 'node:fs';
import { mkdir, open as openFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type LedgerChanges, type RecordPage, type Store, type StoredRecord, StoreUnavailable } from '#core/index';
import { checkName, checkPlace, checkTtl, checkValue, closed } from './names.ts';
import { type Operation, reading } from './sqlite-operations.ts';
import type { Batch, ThreadAnswer, ThreadOptions } from './sqlite-thread.ts';

export interface SqliteStoreOptions {
	/** Absolute. The file is made with mode 0600, its folder with 0700. */
	readonly path: string;
	/** Milliseconds to wait for another process that writes; default 1,000. */
	readonly busyTimeout?: number;
	/** Claims, records and ledger entries together; default 2,000,000. */
	readonly capacity?: number;
}

interface Asked {
	readonly operation: Operation;
	readonly resolve: (value: unknown) => void;
	readonly reject: (cause: Error) => void;
}

/** Operations that may wait for the thread; one more is refused at once. */
const longestQueue = 10_000;
const largestBatch = 500;
/** Milliseconds after which the thread counts as stuck. */
const answerTimeout = 5_000;
const noAnswer = 'the disk does not answer';

/** Rejects with an Error in words for the operator when the file cannot be used. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
	const { path, busyTimeout = 1_000, capacity = 2_000_000 } = options;
	await prepareFile(path);
	const thread = await startThread({ path, busyTimeout, capacity });
	let waiting: { readonly reads: Asked[]; readonly writes: Asked[] } = { reads: [], writes: [] };
	let underWay: readonly Asked[] = [];
	let overdue: NodeJS.Timeout | undefined;
	let isStuck = false;
	let broken: string | undefined;
	let closing: Promise<void> | undefined;

	function ask<T>(...operation: Operation): Promise<T> {
		if (closing !== undefined) throw closed();
		if (broken !== undefined) throw new StoreUnavailable(broken);
		if (isStuck) throw new StoreUnavailable(noAnswer);
		if (waiting.reads.length + waiting.writes.length >= longestQueue)
			throw new StoreUnavailable('the store is overloaded');
		return new Promise<T>((resolve, reject) => {
			const asked: Asked = { operation, resolve: resolve as (value: unknown) => void, reject };
			(reading.has(operation[0]) ? waiting.reads : waiting.writes).push(asked);
			// Whatever is asked in the same turn goes in one batch.
			if (underWay.length === 0) queueMicrotask(send);
		});
	}

	/** One batch at a time. Reads go first, and by themselves: they need not wait for a lock. */
	function send(): void {
		if (underWay.length > 0 || broken !== undefined) return;
		const isRead = waiting.reads.length > 0;
		underWay = (isRead ? waiting.reads : waiting.writes).splice(0, largestBatch);
		if (underWay.length === 0) return;
		thread.ref();
		overdue = setTimeout(stuck, answerTimeout);
		const batch: Batch = { operations: underWay.map(({ operation }) => operation), writes: !isRead };
		thread.postMessage(batch);
	}

	function received(answer: ThreadAnswer): void {
		clearTimeout(overdue);
		isStuck = false;
		const answered = underWay;
		underWay = [];
		thread.unref();
		if ('results' in answer) for (const [i, { resolve }] of answered.entries()) resolve(answer.results[i]);
		else if ('failed' in answer) refuse(answered, `SQLite: ${answer.failed}`);
		send();
	}

	function refuse(list: readonly Asked[], why: string): void {
		for (const { reject } of list) reject(new StoreUnavailable(why));
	}

	/** Those who wait are told, and so is whoever comes; the thread goes on, and its answer ends the standstill. */
	function stuck(): void {
		isStuck = true;
		refuse([...underWay, ...waiting.reads, ...waiting.writes], noAnswer);
		// Rejected already: what the answer brings for these changes nothing.
		waiting = { reads: [], writes: [] };
	}

	function ended(why: string): void {
		clearTimeout(overdue);
		broken ??= why;
		refuse([...underWay, ...waiting.reads, ...waiting.writes], broken);
		underWay = [];
		waiting = { reads: [], writes: [] };
	}

	thread.on('message', received);
	thread.on('error', (cause) => ended(`the thread of the store failed: ${cause.message}`));
	thread.on('exit', () => ended('the thread of the store has ended'));
	thread.unref();

	return {
		type: 'sqlite',
		isShared: true,
		async claim(space, key, ttl) {
			checkPlace(space, key);
			return ask<boolean>('claim', space, key, checkTtl(ttl));
		},
		async get(space, key) {
			checkPlace(space, key);
			return ask<StoredRecord | undefined>('get', space, key);
		},
		async put(space, key, value, { ttl, ...rest }) {
			checkPlace(space, key);
			checkValue(value);
			return ask<string | undefined>('put', space, key, value, { ttl: checkTtl(ttl), ...rest });
		},
		async list(space, limit, after) {
			checkName(space);
			if (after !== undefined) checkPlace(space, after);
			return ask<RecordPage>('list', space, limit, after ?? '');
		},
		async remove(space, key, expected) {
			checkPlace(space, key);
			return ask<boolean>('remove', space, key, expected);
		},
		async enter(ledger, key, value, { ttl, ...rest } = {}) {
			checkPlace(ledger, key);
			checkValue(value);
			const options = ttl === undefined ? rest : { ttl: checkTtl(ttl), ...rest };
			return ask<number | undefined>('enter', ledger, key, value, options);
		},
		async strike(ledger, key, expected) {
			checkPlace(ledger, key);
			return ask<number | undefined>('strike', ledger, key, expected);
		},
		async changes(ledger, after, limit) {
			checkName(ledger);
			return ask<LedgerChanges>('changes', ledger, after, limit);
		},
		close() {
			closing ??= new Promise((resolve) => {
				if (broken !== undefined) return resolve();
				const end = (): void => {
					thread.ref();
					thread.once('exit', () => resolve());
					thread.postMessage('close');
				};
				// What was asked before is still answered: the thread takes its messages in turn, one batch at a time.
				const drained = (): void => {
					if (underWay.length + waiting.reads.length + waiting.writes.length > 0 && broken === undefined) {
						setTimeout(drained, 5);
					} else if (broken === undefined) end();
					else resolve();
				};
				drained();
			});
			return closing;
		},
	};
}

/** The file of the thread, in source as in a build. */
const threadFile = new URL(
	import.meta.url.endsWith('.ts') ? './sqlite-thread.ts' : './sqlite-thread.js',
	import.meta.url,
);

async function startThread(options: ThreadOptions): Promise<Worker> {
	const thread = new Worker(threadFile, {
		workerData: options,
		name: 'countersign-store',
		// node:sqlite still counts as experimental in Node 22, and says so once a thread.
		execArgv: ['--disable-warning=ExperimentalWarning'],
	});
	const answer = await new Promise<ThreadAnswer>((resolve, reject) => {
		thread.once('message', resolve);
		thread.once('error', reject);
	});
	thread.removeAllListeners('error');
	if ('ready' in answer) return thread;
	await thread.terminate();
	const why = 'refused' in answer ? answer.refused : 'no answer';
	throw new Error(`the store ${options.path} cannot be opened: ${why}`);
}

/** Whoever can write the file can lift revocations and plant records, so it must be this user's alone. */
async function prepareFile(path: string): Promise<void> {
	const fail = (why: string, cause?: unknown): Error =>
		new Error(`the store ${path} cannot be used: ${why}`, { cause });
	try {
		await mkdir(dirname(path), { recursive: true, mode: 0o700 });
		const file = await openFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
		await file.close();
	} catch (cause) {
		throw fail(cause instanceof Error ? cause.message : String(cause), cause);
	}
	const stats = await stat(path);
	const { uid, mode } = stats;
	if (!stats.isFile()) throw fail('it is no ordinary file');
	const own = process.getuid?.();
	if (own !== undefined && uid !== own) throw fail('it belongs to another user');
	if ((mode & 0o077) !== 0 && own !== undefined) throw fail('others can read or write it; chmod 600 it');
}

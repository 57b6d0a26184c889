import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { StoreUnavailable } from '#core/index';
import { describeStore, passForReal } from '../../test/support/store-contract.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { openSqliteStore } from './sqlite.ts';

const folder = tempDir();
let files = 0;
const newPath = (): string => join(folder, `made-${(files += 1)}`, 'store.db');
const hour = 60 * 60 * 1000;

describeStore('sqlite, one file opened twice', async () => {
	const path = newPath();
	const [one, other] = [await openSqliteStore({ path }), await openSqliteStore({ path })];
	return {
		one,
		other,
		pass: passForReal,
		async close() {
			await Promise.all([one.close(), other.close()]);
		},
	};
});

test('what was written is there after it was closed, in a file that nobody else can read', async () => {
	const path = newPath();
	const first = await openSqliteStore({ path });
	await first.enter('ledger', 'a', '1');
	await first.claim('jti', 'x', hour);
	await first.put('space', 'k', 'v', { ttl: hour });
	const { position } = await first.changes('ledger', undefined, 10);
	for (const name of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(name).mode & 0o777).toBe(0o600);
	await first.close();
	const second = await openSqliteStore({ path });
	expect(await second.changes('ledger', undefined, 10)).toMatchObject({
		entries: [{ key: 'a', value: '1' }],
		position,
	});
	expect(await second.claim('jti', 'x', hour)).toBe(false);
	expect(await second.get('space', 'k')).toMatchObject({ value: 'v' });
	await second.close();
});

test('a busy file: whoever asked is told, and the event loop goes on meanwhile', async () => {
	const path = newPath();
	const store = await openSqliteStore({ path, busyTimeout: 300 });
	onTestFinished(() => store.close());
	await store.claim('jti', 'before', hour);
	const blocker = new DatabaseSync(path);
	blocker.exec('BEGIN IMMEDIATE');
	let turns = 0;
	const ticking = setInterval(() => (turns += 1), 5);
	const blocked = store.claim('jti', 'during', hour);
	// What only reads does not wait for the lock of a writer, beyond the batch that is under way.
	const read = store.get('space', 'k');
	await expect(blocked).rejects.toThrow(StoreUnavailable);
	expect(await read).toBeUndefined();
	clearInterval(ticking);
	expect(turns).toBeGreaterThan(5);
	blocker.exec('ROLLBACK');
	blocker.close();
	expect(await store.claim('jti', 'during', hour)).toBe(true);
});

test('two processes that begin a ledger while others write: both read it, and it is one', async () => {
	const path = newPath();
	const [one, other] = [await openSqliteStore({ path }), await openSqliteStore({ path })];
	onTestFinished(async () => {
		await Promise.all([one.close(), other.close()]);
	});
	for (let n = 0; n < 40; n++) {
		const [first, second] = await Promise.all([
			one.changes(`begun-${n}`, undefined, 10),
			other.changes(`begun-${n}`, undefined, 10),
			one.claim('jti', `one-${n}`, hour),
			other.claim('jti', `other-${n}`, hour),
		]);
		expect(first.position.epoch).toBe(second.position.epoch);
	}
});

test('H25: a full store refuses, and keeps what it has', async () => {
	const store = await openSqliteStore({ path: newPath(), capacity: 20 });
	onTestFinished(() => store.close());
	for (let i = 0; i < 20; i++) expect(await store.claim('jti', `k${i}`, i < 10 ? hour : 1_500)).toBe(true);
	await expect(store.claim('jti', 'more', hour)).rejects.toThrow(StoreUnavailable);
	expect(await store.get('space', 'k')).toBeUndefined();
	await passForReal(1_510);
	expect(await store.claim('jti', 'more', hour)).toBe(true);
	expect(await store.claim('jti', 'k0', hour)).toBe(false);
});

test('a struck entry that is forgotten sends those who may have missed it back to the beginning', async () => {
	const path = newPath();
	const store = await openSqliteStore({ path });
	await store.enter('l', 'a', '1');
	await store.enter('l', 'b', '2');
	const { position } = await store.changes('l', undefined, 10);
	await store.strike('l', 'a');
	await store.close();
	const database = new DatabaseSync(path);
	database.exec('UPDATE entries SET until = 1 WHERE value IS NULL');
	database.close();
	const later = await openSqliteStore({ path });
	onTestFinished(() => later.close());
	await later.enter('l', 'c', '4');
	expect(await later.changes('l', position, 10)).toMatchObject({
		isReset: true,
		entries: [{ key: 'b' }, { key: 'c' }],
		head: 4,
	});
});

test('files that are not ours are refused in words', async () => {
	const garbage = join(folder, 'garbage.db');
	writeFileSync(garbage, 'not a database, whatever its name says, and longer than a header'.repeat(20), {
		mode: 0o600,
	});
	await expect(openSqliteStore({ path: garbage })).rejects.toThrow(
		/garbage\.db cannot be opened: file is not a database/,
	);
	const foreign = join(folder, 'foreign.db');
	const database = new DatabaseSync(foreign);
	database.exec('CREATE TABLE t (a)');
	database.close();
	chmodSync(foreign, 0o600);
	await expect(openSqliteStore({ path: foreign })).rejects.toThrow('another program');
	const shared = join(folder, 'shared.db');
	writeFileSync(shared, '', { mode: 0o600 });
	chmodSync(shared, 0o666);
	await expect(openSqliteStore({ path: shared })).rejects.toThrow('chmod 600');
	await expect(openSqliteStore({ path: folder })).rejects.toThrow('cannot be used');
	const path = newPath();
	await (await openSqliteStore({ path })).close();
	const newer = new DatabaseSync(path);
	newer.exec('PRAGMA user_version = 99');
	newer.close();
	await expect(openSqliteStore({ path })).rejects.toThrow('layout 99');
});

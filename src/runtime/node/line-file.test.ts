import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fakeLog } from '../../../test/support/fake-runtime.ts';
import { makeTempDir } from '../../../test/support/temp-dir.ts';
import { createLineFile } from './line-file.ts';

const newPath = () => join(makeTempDir(), 'lines');
const full = '/dev/full';

test('lines arrive whole and in order, whoever waits for them', async () => {
	const path = newPath();
	const file = await createLineFile({ path, log: fakeLog() });
	const commits: Promise<boolean>[] = [];
	for (let i = 0; i < 1000; i++) {
		if (i % 3 === 0) commits.push(file.commit(`line ${i}`));
		else file.write(`line ${i}`);
	}
	expect((await Promise.all(commits)).every(Boolean)).toBe(true);
	file.write('last');
	await file.close();
	expect(readFileSync(path, 'utf8')).toBe(`${Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join('')}last\n`);
});

test('a committed line is in the file when its promise resolves', async () => {
	const path = newPath();
	const file = await createLineFile({ path, log: fakeLog() });
	await file.commit('one');
	expect(readFileSync(path, 'utf8')).toBe('one\n');
	await file.close();
});

test('a line that the last process left torn is closed first', async () => {
	const path = newPath();
	writeFileSync(path, '{"whole":1}\n{"torn":');
	const file = await createLineFile({ path, log: fakeLog() });
	await file.commit('{"new":1}');
	await file.close();
	expect(readFileSync(path, 'utf8')).toBe('{"whole":1}\n{"torn":\n{"new":1}\n');
});

test('rotation by rename loses nothing', async () => {
	const path = newPath();
	const file = await createLineFile({ path, log: fakeLog() });
	file.write('before');
	await file.commit('before too');
	renameSync(path, `${path}.1`);
	file.write('still the old file');
	await file.reopen();
	file.write('new');
	await file.close();
	expect(readFileSync(`${path}.1`, 'utf8')).toBe('before\nbefore too\nstill the old file\n');
	expect(readFileSync(path, 'utf8')).toBe('new\n');
});

test('what cannot be opened anew leaves the old file in use', async () => {
	const path = newPath();
	const log = fakeLog();
	const file = await createLineFile({ path, log });
	renameSync(join(path, '..'), `${join(path, '..')}-moved`);
	await file.reopen();
	expect(await file.commit('kept')).toBe(true);
	await file.close();
	expect(existsSync(path)).toBe(false);
	expect(readFileSync(`${join(path, '..')}-moved/lines`, 'utf8')).toBe('kept\n');
});

describe.runIf(existsSync(full))('a full disk', () => {
	test('is told to who waits, counted, and never thrown', async () => {
		const file = await createLineFile({ path: full, log: fakeLog() });
		expect(await file.commit('x')).toBe(false);
		file.write('y');
		expect(await file.commit('z')).toBe(false);
		expect(file.failing).toBe(true);
		expect(file.dropped).toBe(3);
		await file.close();
	});
});

test('beyond the bound lines are dropped, not kept', async () => {
	const path = newPath();
	const file = await createLineFile({ path, log: fakeLog(), maxPending: 100 });
	for (let i = 0; i < 100; i++) file.write('0123456789');
	expect(await file.commit('too late')).toBe(false);
	expect(file.dropped).toBeGreaterThan(80);
	appendFileSync(path, '');
	await file.close();
	expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(100 - file.dropped + 2);
});

import { readFileSync, renameSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { fakeLog } from '../../../test/support/fake-runtime.ts';
import { makeTempDir } from '../../../test/support/temp-dir.ts';
import { createLineFile } from './line-file.ts';

const opened: FileHandle[] = [];

vi.mock('node:fs/promises', async (original) => {
	const real = await original<typeof import('node:fs/promises')>();
	return {
		...real,
		async open(...given: Parameters<typeof real.open>) {
			const handle = await real.open(...given);
			opened.push(handle);
			return handle;
		},
	};
});

test('an old file that cannot be closed does not keep lines out of the new one, whose handle is closed in the end', async () => {
	const path = join(makeTempDir(), 'lines');
	const log = fakeLog();
	const file = await createLineFile({ path, log });
	await file.commit('before');
	const [before] = opened;
	if (before === undefined) throw new Error('nothing was opened');
	const close = before.close.bind(before);
	before.close = () => Promise.reject(new Error('EIO: i/o error, close'));
	renameSync(path, `${path}.1`);
	await file.reopen();
	expect(await file.commit('after')).toBe(true);
	expect(log.lines).toEqual([expect.stringContaining('the old file could not be closed')]);
	expect(readFileSync(path, 'utf8')).toBe('after\n');
	await file.close();
	expect(opened.map(({ fd }) => fd >= 0)).toEqual([true, false]);
	await close();
});

/** A folder for one test file, removed when the file has run. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Makes a folder of mode 0700 and removes it after the test file. Call at the top of the file or in a hook-less scope. */
export function tempDir(): string {
	const folder = makeTempDir();
	afterAll(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** Makes a folder of mode 0700; the caller removes it. */
export function makeTempDir(within: string = tmpdir()): string {
	return mkdtempSync(join(within, 'countersign-test-'));
}

const memory = '/dev/shm';

/** Like `makeTempDir`, in memory where the system has a place for that: for what writes through to the disk each time. */
export function makeFastTempDir(): string {
	return makeTempDir(existsSync(memory) ? memory : tmpdir());
}

/** Writes `text` to `name` within `folder` and gives the file's path. */
export function writeIn(folder: string, name: string, text: string): string {
	const file = join(folder, name);
	writeFileSync(file, text, { mode: 0o600 });
	return file;
}

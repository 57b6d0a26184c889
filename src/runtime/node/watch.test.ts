import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fakeLog } from '../../../test/support/fake-runtime.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createFileWatch, type FileWatchOptions } from './watch.ts';

const folder = tempDir();
let count = 0;

function place(): string {
	const path = join(folder, String(count++));
	mkdirSync(path);
	return path;
}

/** Follows `files` and lets the report that comes with a new watch pass. The poll is off unless asked for. */
async function watching(files: readonly string[], options: Partial<FileWatchOptions> = {}) {
	const seen = { reports: 0 };
	const log = fakeLog();
	const watch = createFileWatch({
		log,
		quiet: 20,
		poll: 3_600_000,
		...options,
		onChange: async () => {
			seen.reports++;
			await options.onChange?.();
		},
	});
	onTestFinished(() => watch.close());
	await watch.follow(files);
	await expect.poll(() => seen.reports, { interval: 5 }).toBeGreaterThan(0);
	await new Promise((resolve) => setTimeout(resolve, 60));
	seen.reports = 0;
	return { watch, seen, log };
}

const reported = (seen: { reports: number }) =>
	expect.poll(() => seen.reports, { timeout: 10_000, interval: 5 }).toBeGreaterThan(0);

test('a file that is written, replaced by rename, removed and made again', async () => {
	const at = place();
	const file = join(at, 'gateway.yaml');
	writeFileSync(file, 'a');
	const { seen } = await watching([file]);
	const changes = [
		() => writeFileSync(file, 'b'),
		() => {
			writeFileSync(join(at, '.gateway.yaml.swp'), 'c');
			renameSync(join(at, '.gateway.yaml.swp'), file);
		},
		() => unlinkSync(file),
		() => writeFileSync(file, 'd'),
	];
	for (const change of changes) {
		seen.reports = 0;
		change();
		await reported(seen);
		await new Promise((resolve) => setTimeout(resolve, 60));
	}
});

test('other files of the folder are nobody’s business', async () => {
	const at = place();
	const file = join(at, 'gateway.yaml');
	writeFileSync(file, 'a');
	const { seen } = await watching([file]);
	writeFileSync(join(at, 'audit.jsonl'), 'a line\n');
	await new Promise((resolve) => setTimeout(resolve, 200));
	expect(seen.reports).toBe(0);
	writeFileSync(file, 'b');
	await reported(seen);
});

test('a mounted ConfigMap: the link ..data is swapped, again and again', async () => {
	const at = place();
	const write = (version: string): void => {
		mkdirSync(join(at, `..${version}`));
		writeFileSync(join(at, `..${version}`, 'gateway.yaml'), version);
		symlinkSync(`..${version}`, join(at, '..data_tmp'));
		renameSync(join(at, '..data_tmp'), join(at, '..data'));
	};
	write('one');
	symlinkSync(join('..data', 'gateway.yaml'), join(at, 'gateway.yaml'));
	const { seen } = await watching([join(at, 'gateway.yaml')]);
	let previous = 'one';
	for (const version of ['two', 'three', 'four']) {
		seen.reports = 0;
		write(version);
		await reported(seen);
		rmSync(join(at, `..${previous}`), { recursive: true });
		previous = version;
		await new Promise((resolve) => setTimeout(resolve, 80));
	}
});

test('a link to another folder: both ends are watched, and a loop of links is no trap', async () => {
	const at = place();
	mkdirSync(join(at, 'releases'));
	writeFileSync(join(at, 'releases', '1.yaml'), 'a');
	symlinkSync(join(at, 'releases', '1.yaml'), join(at, 'current.yaml'));
	symlinkSync('loop', join(at, 'loop'));
	const { seen } = await watching([join(at, 'current.yaml'), join(at, 'loop')]);
	writeFileSync(join(at, 'releases', '1.yaml'), 'b');
	await reported(seen);
});

test('continuous change is reported all the same, and a slow listener is never called twice at once', async () => {
	const file = join(place(), 'gateway.yaml');
	writeFileSync(file, '0');
	let running = 0;
	let most = 0;
	let calls = 0;
	await watching([file], {
		quiet: 100,
		longest: 200,
		onChange: async () => {
			calls++;
			most = Math.max(most, ++running);
			await new Promise((resolve) => setTimeout(resolve, 50));
			running--;
		},
	});
	let written = 0;
	const writing = setInterval(() => writeFileSync(file, String(written++)), 10);
	onTestFinished(() => clearInterval(writing));
	await expect.poll(() => calls, { timeout: 10_000 }).toBeGreaterThan(4);
	expect(most).toBe(1);
});

test('where nobody tells of changes, the poll finds them: a folder that comes later', async () => {
	const at = place();
	const file = join(at, 'later', 'gateway.yaml');
	const seen = { reports: 0 };
	const watch = createFileWatch({
		onChange: async () => {
			seen.reports++;
		},
		log: fakeLog(),
		quiet: 5,
		poll: 30,
	});
	onTestFinished(() => watch.close());
	await watch.follow([file]);
	await expect.poll(() => seen.reports, { interval: 5 }).toBeGreaterThan(0);
	seen.reports = 0;
	mkdirSync(join(at, 'later'));
	writeFileSync(file, 'a');
	await reported(seen);
	seen.reports = 0;
	writeFileSync(file, 'bb');
	await reported(seen);
});

test('nothing is reported after close', async () => {
	const file = join(place(), 'gateway.yaml');
	writeFileSync(file, 'a');
	const { watch, seen } = await watching([file]);
	writeFileSync(file, 'b');
	watch.close();
	await new Promise((resolve) => setTimeout(resolve, 150));
	expect(seen.reports).toBe(0);
});

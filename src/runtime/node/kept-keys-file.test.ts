import {
	chmodSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createKeptKeysFolder } from '#runtime/node/kept-keys-file';
import { fakeLog } from '../../../test/support/fake-runtime.ts';
import { testKey } from '../../../test/support/sign-jws.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';

const root = tempDir();
const origin = JSON.stringify({ from: 'url', url: 'https://idp.example.com/keys?key=canary' });
const kept = { jwks: { keys: [testKey('ES256').jwk] }, fetchedAt: 1_700_000_000_000 };
let count = 0;

function build(path = join(root, `state-${count++}`, 'keys')) {
	const log = fakeLog();
	const folder = createKeptKeysFolder({ path, log });
	return { path, log, folder, idp: folder.of('idp', origin) };
}

/** A folder with one file in it, and that file. */
async function saved() {
	const built = build();
	await built.idp.save(kept);
	const [name = ''] = readdirSync(built.path);
	const file = join(built.path, name);
	return { ...built, file, text: readFileSync(file, 'utf8') };
}

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('what is saved is loaded, by a later process too', async () => {
	const { path, idp, log } = build();
	expect(await idp.load()).toBeUndefined();
	await idp.save(kept);
	expect(await idp.load()).toEqual(kept);
	expect(await build(path).idp.load()).toEqual(kept);
	expect(log.lines).toEqual([]);
});

test('folders are 0700, the file is 0600, and nothing of the origin is in it', async () => {
	const { path, file, text } = await saved();
	expect([mode(file), mode(path), mode(join(path, '..'))]).toEqual(['600', '700', '700']);
	expect(text).not.toContain('canary');
	expect(readdirSync(path)).toHaveLength(1);
});

test('saves of one provider happen in their order, and the last one stays', async () => {
	const { idp, path } = build();
	await Promise.all(Array.from({ length: 20 }, (_, n) => idp.save({ ...kept, fetchedAt: n })));
	expect(await idp.load()).toEqual({ ...kept, fetchedAt: 19 });
	expect(readdirSync(path)).toHaveLength(1);
});

test('a file is bound to its provider and to its origin', async () => {
	const { folder, log, file, path } = await saved();
	expect(await folder.of('other', origin).load()).toBeUndefined();
	expect(log.lines).toEqual([]);
	expect(await folder.of('idp', `${origin} `).load()).toBeUndefined();
	expect(log.lines[0]).toContain('somewhere else');
	await folder.of('other', origin).save(kept);
	const other = readdirSync(path).find((name) => name.startsWith('other'));
	renameSync(file, join(path, other ?? 'none'));
	expect(await folder.of('other', origin).load()).toBeUndefined();
	expect(log.lines[1]).toContain('another provider');
});

test('names that differ in case, or that hold path separators, are files of their own within the folder', async () => {
	const { folder, path } = build();
	const names = ['idp', 'IDP', '../idp', '..', 'a/b', 'a\\b', 'x'.repeat(300)];
	await Promise.all(names.map((name, n) => folder.of(name, origin).save({ ...kept, fetchedAt: n })));
	for (const [n, name] of names.entries()) expect(await folder.of(name, origin).load()).toMatchObject({ fetchedAt: n });
	const files = readdirSync(path);
	expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(names.length);
	expect(readdirSync(join(path, '..'))).toEqual(['keys']);
});

test.each([
	['by its group', 0o620],
	['by everybody', 0o602],
])('a file that can be written %s is not used', async (_, permissions) => {
	const { idp, log, file } = await saved();
	chmodSync(file, permissions);
	expect(await idp.load()).toBeUndefined();
	expect(log.lines).toEqual([expect.stringContaining('can be written by other users')]);
});

test('a folder that others can write is neither read nor written', async () => {
	const { idp, log, path, file, text } = await saved();
	chmodSync(path, 0o770);
	expect(await idp.load()).toBeUndefined();
	await idp.save({ ...kept, fetchedAt: 5 });
	expect(log.lines).toEqual([
		expect.stringContaining('its folder can be written by other users'),
		expect.stringContaining('the folder can be written by other users'),
	]);
	expect(readFileSync(file, 'utf8')).toBe(text);
});

test.runIf(process.geteuid?.() === 0)('a file of another user is not used', async () => {
	const { idp, log, file } = await saved();
	const { chownSync } = await import('node:fs');
	chownSync(file, 65_534, 65_534);
	expect(await idp.load()).toBeUndefined();
	expect(log.lines).toEqual([expect.stringContaining('belongs to another user')]);
});

test('a link is not followed, and is replaced by a file', async () => {
	const { idp, log, file, path } = await saved();
	const elsewhere = join(path, '..', 'elsewhere');
	renameSync(file, elsewhere);
	symlinkSync(elsewhere, file);
	expect(await idp.load()).toBeUndefined();
	expect(log.lines).toEqual([expect.stringContaining('it is a link')]);
	await idp.save({ ...kept, fetchedAt: 5 });
	expect(lstatSync(file).isFile()).toBe(true);
	expect(readFileSync(elsewhere, 'utf8')).not.toContain('"fetched_at": 5,');
});

test.each([
	['nothing', ''],
	['half a file', '{"version":1,"provider":"idp"'],
	['a list', '[]'],
	['another version', '{"version":2}'],
	['repeated members', '{"version":1,"version":1}'],
])('%s in the file is not used, and the next save repairs it', async (_, content) => {
	const { idp, log, file } = await saved();
	writeFileSync(file, content);
	expect(await idp.load()).toBeUndefined();
	expect(log.lines).toHaveLength(1);
	await idp.save(kept);
	expect(await idp.load()).toEqual(kept);
});

test.each([
	['a time that is a text', { fetched_at: '1700000000000' }],
	['a time that is missing', { fetched_at: undefined }],
	['keys that are a list', { jwks: [] }],
	['keys that are missing', { jwks: undefined }],
])('%s is not used', async (_, change) => {
	const { idp, log, file, text } = await saved();
	writeFileSync(file, JSON.stringify({ ...(JSON.parse(text) as object), ...change }));
	expect(await idp.load()).toBeUndefined();
	expect(log.lines).toEqual([expect.stringContaining('does not hold what it should')]);
});

test('a file that is far too large, or a folder in its place, is not used', async () => {
	const large = await saved();
	writeFileSync(large.file, Buffer.alloc(2 * 1024 * 1024 + 1, 0x20));
	expect(await large.idp.load()).toBeUndefined();
	expect(large.log.lines[0]).toContain('larger than');
	const folder = await saved();
	renameSync(folder.file, `${folder.file}.moved`);
	mkdirSync(folder.file);
	expect(await folder.idp.load()).toBeUndefined();
	expect(folder.log.lines[0]).toContain('no ordinary file');
});

test('a folder that cannot be made is a warning, said once until it works again', async () => {
	const blocked = join(root, `blocked-${count++}`);
	writeFileSync(blocked, 'a file where the folder should be');
	const { idp, log } = build(join(blocked, 'keys'));
	await idp.save(kept);
	await idp.save(kept);
	expect(log.lines).toEqual([expect.stringContaining('cannot be kept')]);
	renameSync(blocked, `${blocked}.moved`);
	await idp.save(kept);
	expect(log.lines[1]).toContain('can be kept again');
	expect(await idp.load()).toEqual(kept);
});

test('close waits for what is being written, and nothing is written afterwards', async () => {
	const { folder, idp } = build();
	void idp.save(kept);
	await folder.close();
	expect(await idp.load()).toEqual(kept);
	await idp.save({ ...kept, fetchedAt: 5 });
	expect(await idp.load()).toEqual(kept);
});

test('several processes keep the keys of one provider: whoever loads finds a whole set, the last one stays', async () => {
	const { path, idp } = build();
	await idp.save(kept);
	const others = Array.from({ length: 4 }, () => build(path));
	const reader = build(path);
	let going = true;
	const reading = (async () => {
		while (going) expect((await reader.idp.load())?.jwks).toEqual(kept.jwks);
	})();
	for (let n = 0; n < 10; n++) {
		await Promise.all(others.map((other) => other.idp.save({ ...kept, fetchedAt: n })));
	}
	going = false;
	await reading;
	expect(await idp.load()).toEqual({ ...kept, fetchedAt: 9 });
	expect([...others, reader].flatMap(({ log }) => log.lines)).toEqual([]);
	expect(readdirSync(path)).toHaveLength(1);
});

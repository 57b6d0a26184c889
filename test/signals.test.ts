/** `countersign start` as its own process: SIGHUP reads the configuration anew and opens the audit file anew. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { recordingUpstream } from './support/recording-upstream.ts';
import { tempDir, writeIn } from './support/temp-dir.ts';

const folder = tempDir();
const root = join(import.meta.dirname, '..');

test('SIGHUP: new configuration, new audit file; SIGTERM: an orderly end', async () => {
	const upstream = await recordingUpstream();
	const config = (path: string) => `listen: 127.0.0.1:0
admin: { listen: "127.0.0.1:0" }
audit: { file: ./audit.jsonl }
routes: [{ path: ${path}, public: true, upstream: "${upstream.url}" }]
`;
	const file = writeIn(folder, 'gateway.yaml', config('/one'));
	const child = spawn(
		process.execPath,
		['--conditions=countersign-source', join(root, 'src/cli/main.ts'), 'start', '--config', file],
		{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
	);
	onTestFinished(() => void child.kill('SIGKILL'));
	let said = '';
	child.stderr.on('data', (chunk: Buffer) => {
		said += chunk.toString();
	});
	const find = (pattern: RegExp) => pattern.exec(said)?.[1];
	await expect.poll(() => find(/admin on (\S+)/), { timeout: 15_000 }).toBeDefined();
	const url = find(/listening on (\S+)/) ?? '';
	expect((await fetch(`${find(/admin on (\S+)/)}/readyz`)).status).toBe(200);
	expect((await fetch(`${url}/one`)).status).toBe(200);

	const audit = join(folder, 'audit.jsonl');
	await expect.poll(() => existsSync(audit) && readFileSync(audit, 'utf8').includes('/one')).toBe(true);
	renameSync(audit, join(folder, 'audit.1.jsonl'));
	child.kill('SIGHUP');
	await expect.poll(() => existsSync(audit), { timeout: 10_000 }).toBe(true);
	writeIn(folder, 'gateway.yaml', config('/two'));
	child.kill('SIGHUP');
	await expect.poll(async () => (await fetch(`${url}/two`)).status, { timeout: 10_000 }).toBe(200);
	expect((await fetch(`${url}/one`)).status).toBe(404);
	await expect.poll(() => readFileSync(audit, 'utf8')).toContain('/two');
	expect(readFileSync(join(folder, 'audit.1.jsonl'), 'utf8')).not.toContain('/two');

	writeIn(folder, 'gateway.yaml', 'routes: 7\n');
	child.kill('SIGHUP');
	await expect.poll(() => said, { timeout: 10_000 }).toContain('the new configuration is rejected');
	expect((await fetch(`${url}/two`)).status).toBe(200);

	const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
	child.kill('SIGTERM');
	expect(await ended).toBe(0);
});

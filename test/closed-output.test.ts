/** The readers of standard output and standard error go away: the gateway serves on, and says so where it can. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { recordingUpstream } from './support/recording-upstream.ts';
import { tempDir, writeIn } from './support/temp-dir.ts';

const folder = tempDir();
const root = join(import.meta.dirname, '..');

test.each(['stdout', 'stderr'] as const)('%s is closed by its reader', async (name) => {
	const upstream = await recordingUpstream();
	const file = writeIn(
		folder,
		'gateway.yaml',
		`listen: 127.0.0.1:0
routes:
  - { path: /up, public: true, upstream: "${upstream.url}" }
  - { path: /down, public: true, upstream: "http://127.0.0.1:1" }
`,
	);
	const child = spawn(
		process.execPath,
		['--conditions=countersign-source', join(root, 'src/cli/main.ts'), 'start', '--config', file],
		{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
	);
	onTestFinished(() => void child.kill('SIGKILL'));
	const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
	let said = '';
	child.stderr.on('data', (chunk: Buffer) => {
		said += chunk.toString();
	});
	const url = () => /listening on (\S+)/.exec(said)?.[1];
	await expect.poll(url, { timeout: 15_000 }).toBeDefined();
	child[name].destroy();
	// Each of these writes an audit record, and the second also a line of the log.
	for (let i = 0; i < 10; i++) {
		expect((await fetch(`${url()}/up`)).status).toBe(200);
		expect((await fetch(`${url()}/down`)).status).toBe(502);
	}
	if (name === 'stdout') expect(said).toContain('lines could not be written');
	child.kill('SIGTERM');
	expect(await ended).toBe(0);
});

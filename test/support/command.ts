/** `countersign start` as processes of their own: what they say, who they are, and that none is left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { makeTempDir, writeIn } from './temp-dir.ts';

const root = join(import.meta.dirname, '../..');

export interface Command {
	readonly child: ChildProcess;
	/** Of the first listener, and of the admin listener. */
	readonly url: string;
	readonly adminUrl: string;
	/** Where the configuration file is. */
	readonly folder: string;
	/** Everything on standard error and on standard output so far. */
	said(): string;
	output(): string;
	write(config: string | Readonly<Record<string, unknown>>): void;
	/** A page of the admin listener as JSON. */
	admin<T>(path: string): Promise<T>;
	/** Process ids of the workers that serve, by number. */
	workers(): Promise<readonly number[]>;
	/** Exit status; null when a signal ended it. */
	readonly ended: Promise<number | null>;
}

export interface WorkersPage {
	readonly workers: readonly { worker: number; pid?: number; state: string; exits: number }[];
}

const text = (config: string | Readonly<Record<string, unknown>>): string =>
	typeof config === 'string'
		? config
		: JSON.stringify({ listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:0' }, ...config });

/** `files` and `folders`: beside the configuration file. Starts it and waits until it serves; rejects with what it said when it ends before. Killed when the test is over. */
export async function startCommand(
	config: string | Readonly<Record<string, unknown>>,
	files: Readonly<Record<string, string>> = {},
	folders: readonly string[] = [],
): Promise<Command> {
	const folder = makeTempDir();
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	for (const [name, content] of Object.entries(files)) writeIn(folder, name, content);
	for (const name of folders) mkdirSync(join(folder, name));
	const configFile = writeIn(folder, 'gateway.yaml', text(config));
	const child = spawn(
		process.execPath,
		['--conditions=countersign-source', join(root, 'src/cli/main.ts'), 'start', '--config', configFile],
		{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
	);
	// Its workers go with it.
	onTestFinished(() => void child.kill('SIGKILL'));
	let said = '';
	let output = '';
	child.stderr.on('data', (chunk: Buffer) => {
		said += chunk.toString();
	});
	child.stdout.on('data', (chunk: Buffer) => {
		output += chunk.toString();
	});
	const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
	const find = (pattern: RegExp) => pattern.exec(said)?.[1];
	const ready = () => find(/^admin on (\S+)\n/m) !== undefined || child.exitCode !== null;
	await expect.poll(ready, { timeout: 20_000, interval: 20 }).toBe(true);
	if (child.exitCode !== null) throw new Error(said);
	const adminUrl = find(/^admin on (\S+)\n/m) ?? '';
	const admin = async <T>(path: string): Promise<T> => (await fetch(adminUrl + path)).json() as Promise<T>;
	return {
		child,
		url: find(/^listening on (\S+)\n/m) ?? '',
		adminUrl,
		folder,
		said: () => said,
		output: () => output,
		write: (next) => void writeIn(folder, 'gateway.yaml', text(next)),
		admin,
		async workers() {
			const { workers } = await admin<WorkersPage>('/workers');
			return workers.flatMap(({ pid, state }) => (state === 'serving' && pid !== undefined ? pid : []));
		},
		ended,
	};
}

/** Whether a process is there; one that has ended and is not yet reaped is not. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
}

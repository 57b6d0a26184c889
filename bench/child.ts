/** The processes of a benchmark run: started with a sign of readiness to wait for, and ended with us, however we end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { environment, run } from '../scripts/run-command.ts';
import type { Running } from './peers/peer.ts';

const patience = 20_000;
/** Where systems keep nginx and haproxy is not on everybody's path. */
const path = { PATH: `${environment()['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin` };
const children = new Set<ChildProcess>();
process.on('exit', () => {
	for (const child of children) child.kill('SIGKILL');
});

/**
 * Starts a command that will listen on loopback. `ready` is the port that will open, or a pattern over what it prints
 * with the port as its first group. Rejects when that takes more than 20 seconds.
 */
export async function startChild(
	command: string,
	args: readonly string[],
	ready: number | RegExp,
	env: Readonly<Record<string, string>> = {},
): Promise<Running> {
	const child = spawn(command, args, { env: environment({ ...path, ...env }), stdio: ['ignore', 'pipe', 'pipe'] });
	children.add(child);
	const ended = new Promise<void>((resolve) => {
		child.once('close', () => {
			children.delete(child);
			resolve();
		});
	});
	let said = '';
	const port = await new Promise<number>((resolve, reject) => {
		const fail = (why: string) => reject(new Error(`${command} ${args.join(' ')}: ${why}\n${said}`));
		const late = setTimeout(() => fail('not ready in time'), patience);
		late.unref();
		child.once('error', (problem) => fail(problem.message));
		void ended.then(() => fail('ended'));
		const hear = (data: Buffer) => {
			if (said.length < 20_000) said += data.toString();
			const found = typeof ready === 'number' ? undefined : ready.exec(said)?.[1];
			if (found !== undefined) resolve(Number(found));
		};
		child.stdout.on('data', hear);
		child.stderr.on('data', hear);
		if (typeof ready === 'number') void untilOpen(ready).then(() => resolve(ready), fail);
	});
	return {
		port,
		pid: child.pid ?? 0,
		async stop() {
			child.kill('SIGTERM');
			const hurry = setTimeout(() => child.kill('SIGKILL'), 5_000);
			await ended;
			clearTimeout(hurry);
		},
	};
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
		});
	});
}

/** First group of `pattern` in what the command prints; undefined when the command is not there. */
export async function versionOf(
	command: string,
	args: readonly string[],
	pattern: RegExp,
): Promise<string | undefined> {
	const { status, output } = await run(command, args, { timeout: 10_000, env: path });
	return status === 0 ? pattern.exec(output)?.[1] : undefined;
}

async function untilOpen(port: number): Promise<void> {
	for (let waited = 0; waited < patience; waited += 50) {
		if (await isOpen(port)) return;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

function isOpen(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect({ host: '127.0.0.1', port });
		socket.once('connect', () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', () => resolve(false));
	});
}

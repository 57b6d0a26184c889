/** A gateway in a process of its own, and the questions to it. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from '../../scripts/run-command.ts';
import type { Held } from './gateway-process.ts';

export interface WatchedGateway {
	readonly url: string;
	/** Lines of its log, which goes on. */
	readonly log: readonly string[];
	/** After a full collection. */
	measure(): Promise<Held>;
	/** Resident memory as it is now, without asking the process. Linux only. Bytes. */
	resident(): Promise<number>;
	stop(): Promise<void>;
}

/** Starts it with this configuration; audit records go nowhere. It ends with us, however we end. */
export async function watchedGateway(config: Readonly<Record<string, unknown>>): Promise<WatchedGateway> {
	const folder = await mkdtemp(join(tmpdir(), 'countersign-endurance-'));
	const file = join(folder, 'gateway.json');
	await writeFile(file, JSON.stringify({ listen: '127.0.0.1:0', ...config }));
	const child = fork(join(import.meta.dirname, 'gateway-process.ts'), [file], {
		// The young generation at its full size from the start: growing to it under load looks like a leak of that size.
		execArgv: ['--expose-gc', '--min-semi-space-size=16', '--conditions=countersign-source'],
		env: environment(),
		stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
	});
	const log: string[] = [];
	child.stderr?.on('data', (data: Buffer) => {
		if (log.length < 1_000) log.push(...data.toString().trim().split('\n'));
	});
	try {
		const url = await answer(child);
		if (typeof url !== 'string') throw new Error('the gateway did not say where it listens');
		return {
			url,
			log,
			async measure() {
				const answered = answer(child);
				child.send('measure');
				return (await answered) as Held;
			},
			async resident() {
				const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
				return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
			},
			async stop() {
				const ended = new Promise((resolve) => child.once('exit', resolve));
				child.send('stop');
				await ended;
				await rm(folder, { recursive: true, force: true });
			},
		};
	} catch (cause) {
		child.kill();
		await rm(folder, { recursive: true, force: true });
		throw new Error(`the gateway did not start: ${log.join('\n')}`, { cause });
	}
}

function answer(child: ChildProcess): Promise<unknown> {
	return new Promise((resolve, reject) => {
		const ended = (): void => reject(new Error('the gateway has ended'));
		child.once('exit', ended);
		child.once('message', (message) => {
			child.off('exit', ended);
			resolve(message);
		});
	});
}

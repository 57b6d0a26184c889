/** One worker process, as the primary sees it: how it is started, asked, and ended. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Channel, createChannel } from './channel.ts';
import type { PrimaryAnswers, WorkerAnswers } from './protocol.ts';

export interface WorkerProcess {
	readonly pid: number | undefined;
	readonly ask: Channel<WorkerAnswers>['ask'];
	/** It ended, or is about to: it answers nothing any more. */
	readonly isGone: boolean;
	/** Resolves once the process is gone, with how it ended, in words. */
	readonly ended: Promise<string>;
	kill(): void;
}

/** Standard input to error, and the channel. */
const firstDescriptor = 4;

/** What `listen` of a worker is told: inherited descriptors are numbered anew. */
export function inheritedDescriptors(count: number): readonly number[] {
	return Array.from({ length: count }, (_, index) => firstDescriptor + index);
}

/** `descriptors`: sockets that it inherits. The options of this process's node are those of the worker's. */
export function startWorkerProcess(descriptors: readonly number[], answers: PrimaryAnswers): WorkerProcess {
	// By the package's own imports, so that source starts source and the build starts the build.
	const entry = fileURLToPath(import.meta.resolve('#gateway/workers/worker-main'));
	const child = fork(entry, [], {
		execArgv: process.execArgv,
		serialization: 'advanced',
		// Audit lines go through the channel: several writers of one pipe would cut each other's lines.
		stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...descriptors],
	});
	const channel = createChannel<WorkerAnswers, PrimaryAnswers>(
		{
			send: (message) => void child.send(message as object, () => {}),
			receive: (take) => void child.on('message', take),
		},
		answers,
	);
	const ended = new Promise<string>((resolve) => {
		child.once('exit', (code, signal) => resolve(wordsOf(code, signal)));
		// Also when it could not be started at all; a failed kill or send of a living one is told elsewhere.
		child.on('error', (error) => {
			if (child.pid === undefined) resolve(error.message);
		});
	});
	let isGone = false;
	const left = (): void => {
		isGone = true;
		channel.close();
	};
	child.once('disconnect', left);
	void ended.then(left);
	return {
		pid: child.pid,
		ask: channel.ask,
		get isGone() {
			return isGone;
		},
		ended,
		kill: () => void child.kill('SIGKILL'),
	};
}

function wordsOf(code: number | null, signal: string | null): string {
	return signal === null ? `exit status ${code}` : `signal ${signal}`;
}

/**
 * Lines to a file or to standard output, in batches, off the path of whoever writes them. A batch holds whole lines, so
 * a process that is killed loses at most the last batch; a line that a full disk or a power cut tore is closed before
 * the next one begins. Several processes may append to one file: a batch is one write at the end of it.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Log } from '#core/index';

export interface LineFile {
	/** Never waits and never throws. Beyond `maxPending` characters not yet written, lines are dropped and counted. */
	write(line: string): void;
	/** Resolves to true once the operating system has taken the line, to false when it could not. Never rejects. */
	commit(line: string): Promise<boolean>;
	/** Lines that were lost so far: dropped, or in a batch that could not be written. */
	readonly dropped: number;
	/** Whether the last batch could not be written. */
	readonly failing: boolean;
	/** Opens the path anew after what is pending is written, for rotation by rename. A failure is logged, the old file stays. */
	reopen(): Promise<void>;
	/** Writes what is pending, then closes. */
	close(): Promise<void>;
}

export interface LineFileOptions {
	/** Opened for appending with mode 0640; undefined: standard output. */
	readonly path: string | undefined;
	readonly log: Log;
	/** Takes what would go to standard output, in a process whose own is not the place. Rejects when it cannot. */
	readonly output?: (text: string) => Promise<void>;
	/** Characters of lines that may wait for the disk; default 8 Mi. */
	readonly maxPending?: number;
}

type Settle = (written: boolean) => void;

/** Rejects with the error of the file system when the file cannot be opened. */
export async function createLineFile(options: LineFileOptions): Promise<LineFile> {
	const { path, log, output, maxPending = 8 * 1024 * 1024 } = options;
	let target = await openTarget(path, output);
	let lines: string[] = [];
	let waiting: Settle[] = [];
	let pending = 0;
	let dropped = 0;
	let failing = false;
	let dropping = false;
	/** Everything that touches the file happens in this order, one after the other. */
	let queue: Promise<void> = Promise.resolve();
	let scheduled = false;

	async function writeBatch(): Promise<void> {
		scheduled = false;
		const batch = lines;
		const settles = waiting;
		if (batch.length === 0) return;
		lines = [];
		waiting = [];
		pending = 0;
		dropping = false;
		let written = true;
		try {
			await target.append(`${batch.join('\n')}\n`);
			if (failing) log.info('lines can be written again', { path, lost: dropped });
		} catch (cause) {
			written = false;
			dropped += batch.length;
			if (!failing) log.error('lines could not be written', { path, cause: messageOf(cause) });
		}
		failing = !written;
		for (const settle of settles) settle(written);
	}

	function enqueue(line: string): boolean {
		if (pending > maxPending) {
			if (!dropping) log.warn('lines are dropped: the disk is slower than the requests', { path });
			dropping = true;
			dropped++;
			return false;
		}
		lines.push(line);
		pending += line.length;
		if (!scheduled) {
			scheduled = true;
			// One turn of the event loop makes a batch of what arrives together.
			queue = queue.then(() => new Promise<void>((resolve) => setImmediate(resolve))).then(writeBatch);
		}
		return true;
	}

	return {
		write(line) {
			enqueue(line);
		},
		commit(line) {
			return new Promise((resolve) => {
				if (enqueue(line)) waiting.push(resolve);
				else resolve(false);
			});
		},
		get dropped() {
			return dropped;
		},
		get failing() {
			return failing;
		},
		reopen() {
			queue = queue.then(async () => {
				try {
					const next = await openTarget(path, output);
					await target.close();
					target = next;
				} catch (cause) {
					log.error('the file could not be opened anew', { path, cause: messageOf(cause) });
				}
			});
			return queue;
		},
		async close() {
			// What is written while the last batch is on its way makes another one.
			for (let last: Promise<void> | undefined; last !== queue; ) {
				last = queue;
				await last;
			}
			await target.close();
		},
	};
}

interface Target {
	append(text: string): Promise<void>;
	close(): Promise<void>;
}

async function openTarget(path: string | undefined, output: LineFileOptions['output']): Promise<Target> {
	if (path === undefined && output !== undefined) return { append: output, close: () => Promise.resolve() };
	if (path === undefined) {
		// A reader that goes away fails the lines, and must not end the process with an unheard 'error'.
		if (!process.stdout.listeners('error').includes(ignore)) process.stdout.on('error', ignore);
		return standardOutput;
	}
	const file = await open(path, 'a+', 0o640);
	let torn = !(await endsWithLine(file));
	/** The last write failed: what other processes wrote since may have been torn too. */
	let failed = false;
	return {
		async append(text) {
			if (failed) torn = !(await endsWithLine(file));
			failed = false;
			const bytes = Buffer.from(torn ? `\n${text}` : text, 'utf8');
			for (let at = 0; at < bytes.length; ) {
				let written: number;
				try {
					({ bytesWritten: written } = await file.write(bytes, at));
				} catch (cause) {
					// A full disk may take half a batch: the rest of that line will never come.
					failed = true;
					throw cause;
				}
				at += written;
			}
			torn = false;
		},
		close: () => file.close(),
	};
}

/** Whether the next line can follow at once: false when the last writer was cut off in the middle of one. */
async function endsWithLine(file: FileHandle): Promise<boolean> {
	const status = await file.stat();
	if (!status.isFile() || status.size === 0) return true;
	const { buffer } = await file.read(Buffer.alloc(1), 0, 1, status.size - 1);
	return buffer[0] === 0x0a;
}

/** Standard output of this process, also for the lines of others. */
export const standardOutput: Target = {
	append: (text) =>
		new Promise((resolve, reject) => {
			process.stdout.write(text, (problem) =>
				problem === null || problem === undefined ? resolve() : reject(problem),
			);
		}),
	close: () => Promise.resolve(),
};

function ignore(): void {}

function messageOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}

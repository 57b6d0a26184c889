/**
 * Lines to a file or to standard output, in batches, off the path of whoever writes them. A batch holds whole lines of
 * one turn of the event loop, or of two milliseconds while lines come faster than that, so a process that is killed loses
 * at most those; a line that a full disk or a power cut tore is closed before the next one begins. Several processes may
 * append to one file: a batch is one write at the end of it.
 */
import { write } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Log } from '#core/index';
import { LineBatch } from './line-batch.ts';

export interface LineFile {
	/** Never waits and never throws. Beyond `maxPending` octets not yet written, lines are dropped and counted. */
	write(line: string): void;
	/** Resolves to true once the operating system has taken the line, to false when it could not. Never rejects. */
	commit(line: string): Promise<boolean>;
	/** Lines that were lost so far: dropped, or in a batch that could not be written. */
	readonly dropped: number;
	/** Whether the last batch could not be written. */
	readonly failing: boolean;
	/** Opens the path anew after what is pending is written, for rotation by rename. A failure is logged; the old file stays where the new one cannot be opened. */
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
	/** Octets of lines that may wait for the disk; default 8 Mi. */
	readonly maxPending?: number;
}

type Settle = (written: boolean) => void;

/** Milliseconds. */
const batchTime = 2;

/** Rejects with the error of the file system when the file cannot be opened. */
export async function createLineFile(options: LineFileOptions): Promise<LineFile> {
	const { path, log, output, maxPending = 8 * 1024 * 1024 } = options;
	let target = await openTarget(path, output);
	/** What lines are added to, and what was written before, for the batch after it. */
	let pending = new LineBatch();
	let spare = new LineBatch();
	let waiting: Settle[] = [];
	let dropped = 0;
	let failing = false;
	let dropping = false;
	/** Everything that touches the file happens in this order, one after the other. */
	let queue: Promise<void> = Promise.resolve();
	let scheduled = false;
	/** Monotonic milliseconds at which the last batch began to be written. */
	let begun = Number.NEGATIVE_INFINITY;

	async function writeBatch(): Promise<void> {
		scheduled = false;
		const batch = pending;
		const settles = waiting;
		if (batch.lines === 0) return;
		begun = performance.now();
		pending = spare;
		waiting = [];
		dropping = false;
		let written = true;
		try {
			await target.append(batch.bytes);
			if (failing) log.info('lines can be written again', { path, lost: dropped });
		} catch (cause) {
			written = false;
			dropped += batch.lines;
			if (!failing) log.error('lines could not be written', { path, cause: messageOf(cause) });
		}
		failing = !written;
		batch.clear();
		spare = batch;
		for (const settle of settles) settle(written);
	}

	/** Waits for what belongs into the same batch: what arrives together, and under load for the time of a batch. */
	function gather(): Promise<void> {
		return new Promise((resolve) => {
			const isBusy = waiting.length === 0 && performance.now() - begun < batchTime;
			if (isBusy) setTimeout(resolve, batchTime);
			else setImmediate(resolve);
		});
	}

	function enqueue(line: string): boolean {
		if (pending.length > maxPending) {
			if (!dropping) log.warn('lines are dropped: the disk is slower than the requests', { path });
			dropping = true;
			dropped++;
			return false;
		}
		pending.add(line);
		if (!scheduled) {
			scheduled = true;
			queue = queue.then(gather).then(writeBatch);
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
				const before = target;
				try {
					target = await openTarget(path, output);
				} catch (cause) {
					log.error('the file could not be opened anew', { path, cause: messageOf(cause) });
					return;
				}
				try {
					await before.close();
				} catch (cause) {
					// On a network file system this is where lines that were taken before turn out to be lost.
					log.error('the old file could not be closed', { path, cause: messageOf(cause) });
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
	/** Whole lines, which stay as they are until the promise is settled. */
	append(lines: Buffer): Promise<void>;
	close(): Promise<void>;
}

async function openTarget(path: string | undefined, output: LineFileOptions['output']): Promise<Target> {
	if (path === undefined && output !== undefined) {
		return { append: (lines) => output(lines.toString()), close: () => Promise.resolve() };
	}
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
		async append(lines) {
			if (failed) torn = !(await endsWithLine(file));
			failed = false;
			const bytes = torn ? Buffer.concat([Buffer.from('\n'), lines]) : lines;
			for (let at = 0; at < bytes.length; ) {
				let written: number;
				try {
					written = await writeSome(file.fd, bytes, at);
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

/** As the file handle's own `write`, which costs twice as much. */
function writeSome(descriptor: number, bytes: Buffer, from: number): Promise<number> {
	return new Promise((resolve, reject) => {
		write(descriptor, bytes, from, bytes.length - from, null, (problem, written) => {
			if (problem === null) resolve(written);
			else reject(problem);
		});
	});
}

/** Whether the next line can follow at once: false when the last writer was cut off in the middle of one. */
async function endsWithLine(file: FileHandle): Promise<boolean> {
	const status = await file.stat();
	if (!status.isFile() || status.size === 0) return true;
	const { buffer } = await file.read(Buffer.alloc(1), 0, 1, status.size - 1);
	return buffer[0] === 0x0a;
}

/** Standard output of this process, also for the lines of others. */
export const standardOutput = {
	append: (lines: string | Buffer): Promise<void> =>
		new Promise((resolve, reject) => {
			process.stdout.write(lines, (problem) =>
				problem === null || problem === undefined ? resolve() : reject(problem),
			);
		}),
	close: (): Promise<void> => Promise.resolve(),
};

function ignore(): void {}

function messageOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}

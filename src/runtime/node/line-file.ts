/**
 * Lines to a file or to standard output, in batches, off the path of whoever writes them. A batch holds whole lines, so
 * a process that is killed loses at most the last batch and never tears a line.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Log } from '#core/index';

export interface LineFile {
	/** Never waits and never throws. Beyond `maxPending` bytes not yet written, lines are dropped and counted. */
	write(line: string): void;
	/** Lines dropped so far. */
	readonly dropped: number;
	/** Writes what is pending, then closes. */
	close(): Promise<void>;
}

export interface LineFileOptions {
	/** Absolute or relative path, opened for appending with mode 0640; undefined: standard output. */
	readonly path: string | undefined;
	readonly log: Log;
	/** Bytes of lines that may wait for the disk; default 8 MiB. */
	readonly maxPending?: number;
}

/** Rejects with the error of the file system when the file cannot be opened. */
export async function createLineFile({ path, log, maxPending = 8 * 1024 * 1024 }: LineFileOptions): Promise<LineFile> {
	const file = path === undefined ? undefined : await open(path, 'a', 0o640);
	let pending: string[] = [];
	let pendingBytes = 0;
	let dropped = 0;
	let failing = false;
	let flushing: Promise<void> | undefined;

	async function flush(): Promise<void> {
		while (pending.length > 0) {
			const batch = `${pending.join('\n')}\n`;
			pending = [];
			pendingBytes = 0;
			try {
				await append(file, batch);
				failing = false;
			} catch (cause) {
				if (!failing)
					log.error('lines could not be written', {
						path,
						cause: cause instanceof Error ? cause.message : String(cause),
					});
				failing = true;
				dropped += batch.split('\n').length - 1;
			}
		}
		flushing = undefined;
	}

	return {
		write(line) {
			if (pendingBytes > maxPending) {
				if (dropped === 0) log.warn('lines are dropped: the disk is slower than the requests', { path });
				dropped++;
				return;
			}
			pending.push(line);
			pendingBytes += line.length;
			// One turn of the event loop makes a batch of what arrives together.
			flushing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(flush);
		},
		get dropped() {
			return dropped;
		},
		async close() {
			await flushing;
			await file?.close();
		},
	};
}

async function append(file: FileHandle | undefined, text: string): Promise<void> {
	if (file !== undefined) {
		await file.appendFile(text);
		return;
	}
	await new Promise<void>((resolve, reject) => {
		process.stdout.write(text, (problem) => (problem == null ? resolve() : reject(problem)));
	});
}

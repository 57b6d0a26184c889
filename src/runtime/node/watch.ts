/**
 * Says that files may have changed. Folders are watched, not files: editors, configuration tools and Kubernetes replace
 * a file by rename, or a symbolic link somewhere on the way to it. A slow poll stands behind that, for file systems and
 * machines on which nobody tells of changes.
 */
import { type FSWatcher, watch } from 'node:fs';
import { readlink, stat } from 'node:fs/promises';
import { isAbsolute, join, parse, sep } from 'node:path';
import type { Log } from '#core/index';

export interface FileWatch {
	/**
	 * Watches exactly these files from now on; absolute paths, which need not exist. Where that needs a watch that was
	 * not there before, a change is reported once, because one may have come before the watch.
	 */
	follow(files: readonly string[]): Promise<void>;
	close(): void;
}

export interface FileWatchOptions {
	/** Called after changes have calmed down; never while an earlier call has not ended. Must not reject. */
	readonly onChange: () => Promise<unknown>;
	readonly log: Log;
	/** Milliseconds without a change before one is reported; default 50. */
	readonly quiet?: number;
	/** Milliseconds after which a change is reported although more of them keep coming; default 500. */
	readonly longest?: number;
	/** Milliseconds between two looks at files whose changes nobody announced; default 5,000. */
	readonly poll?: number;
}

/** A name in a folder through which the way to a file goes: the file itself, or a symbolic link. */
interface Step {
	readonly folder: string;
	readonly name: string;
}

interface Watched {
	readonly names: ReadonlySet<string>;
	readonly watcher: FSWatcher | undefined;
}

/** Nothing is watched before `follow`. Never keeps the process alive. What is reported is a hint: contents may be the same. */
export function createFileWatch(options: FileWatchOptions): FileWatch {
	const { onChange, log, quiet = 50, longest = 500, poll = 5_000 } = options;
	const folders = new Map<string, Watched>();
	let files: readonly string[] = [];
	let seen = '';
	let closed = false;
	let complained = false;
	let firstNotice: number | undefined;
	let timer: NodeJS.Timeout | undefined;
	let reporting = false;

	function notice(): void {
		if (closed) return;
		const now = performance.now();
		firstNotice ??= now;
		if (reporting) return;
		clearTimeout(timer);
		timer = setTimeout(() => void report(), Math.max(0, Math.min(quiet, firstNotice + longest - now)));
		timer.unref();
	}

	async function report(): Promise<void> {
		firstNotice = undefined;
		reporting = true;
		try {
			// The links may lead elsewhere now: watch there before anybody reads.
			await watchSteps();
			seen = await fingerprint(files);
			if (!closed) await onChange();
		} catch (error) {
			log.error('looking at changed files failed', { error });
		} finally {
			reporting = false;
			if (firstNotice !== undefined) notice();
		}
	}

	/** True when a watch was added. */
	async function watchSteps(): Promise<boolean> {
		const wanted = new Map<string, Set<string>>();
		for (const file of files) {
			for (const { folder, name } of await stepsTo(file)) {
				const names = wanted.get(folder) ?? new Set();
				wanted.set(folder, names.add(name));
			}
		}
		if (closed) return false;
		for (const [folder, { watcher }] of folders) {
			if (wanted.has(folder)) continue;
			watcher?.close();
			folders.delete(folder);
		}
		let added = false;
		for (const [folder, names] of wanted) {
			const watcher = folders.get(folder)?.watcher ?? watchFolder(folder);
			added ||= watcher !== undefined && folders.get(folder)?.watcher === undefined;
			folders.set(folder, { names, watcher });
		}
		return added;
	}

	function watchFolder(folder: string): FSWatcher | undefined {
		try {
			const watcher = watch(folder, { persistent: false }, (_, name) => {
				// Other files of the folder, an audit log say, change all the time.
				if (name === null || folders.get(folder)?.names.has(name) === true) notice();
			});
			watcher.on('error', () => {
				watcher.close();
				const watched = folders.get(folder);
				if (watched?.watcher === watcher) folders.set(folder, { names: watched.names, watcher: undefined });
			});
			return watcher;
		} catch (cause) {
			const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
			if (code !== 'ENOENT' && !complained) {
				complained = true;
				log.warn('a folder cannot be watched: changes there are noticed some seconds later', { folder, cause });
			}
			return undefined;
		}
	}

	const looking = setInterval(() => {
		if (reporting || files.length === 0) return;
		void fingerprint(files).then((found) => {
			if (found !== seen && !reporting) notice();
		});
	}, poll);
	looking.unref();

	return {
		async follow(next) {
			files = [...new Set(next)];
			const added = await watchSteps();
			if (!added) return;
			seen = await fingerprint(files);
			notice();
		},
		close() {
			closed = true;
			clearTimeout(timer);
			clearInterval(looking);
			for (const { watcher } of folders.values()) watcher?.close();
			folders.clear();
		},
	};
}

/** As many links as Linux follows. */
const maxLinks = 40;

/** Every name on the way to `path` that can be replaced to make another file of it: symbolic links, then the file. */
async function stepsTo(path: string): Promise<readonly Step[]> {
	const steps: Step[] = [];
	const { root } = parse(path);
	let at = root;
	let left = names(path.slice(root.length));
	let links = 0;
	for (let name = left.shift(); name !== undefined; name = left.shift()) {
		const here = join(at, name);
		const target = name === '..' ? undefined : await readlink(here).catch(() => undefined);
		if (target === undefined) {
			if (left.length === 0) steps.push({ folder: at, name });
			at = here;
			continue;
		}
		steps.push({ folder: at, name });
		if (++links > maxLinks) break;
		const start = isAbsolute(target) ? parse(target).root : '';
		if (start !== '') at = start;
		left = [...names(target.slice(start.length)), ...left];
	}
	return steps;
}

function names(path: string): string[] {
	return path.split(sep).filter((name) => name !== '' && name !== '.');
}

/** Changes whenever a file is written, replaced, removed or made; may change without any of that. */
async function fingerprint(files: readonly string[]): Promise<string> {
	const marks = await Promise.all(
		files.map(async (file) => {
			const found = await stat(file, { bigint: true }).catch(() => undefined);
			return found === undefined ? 'none' : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':');
		}),
	);
	return marks.join('\n');
}

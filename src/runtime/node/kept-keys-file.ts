/**
 * Last good keys in files, one a provider. Whoever could write such a file could plant a key, so it is read only if this
 * user alone can write it, and folder likewise; it is bound to its provider and to where the keys came from. It holds
 * public keys and nothing else.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, type KeptKeySet, type KeptKeys, type Log, member } from '#core/index';
import { parseStrictJsonObject } from '#formats/strict-json';

export interface KeptKeysFolder {
	/**
	 * The keys of one provider. `origin` says where they come from, in whatever words: a file that was written under
	 * another origin is not used. Only its digest is stored, since a URL may hold an API key.
	 */
	of(provider: string, origin: string): KeptKeys;
	/** Waits for what is being written; nothing is written afterwards. */
	close(): Promise<void>;
}

export interface KeptKeysFolderOptions {
	/** Made with mode 0700, its parents too, when there is something to keep. */
	readonly path: string;
	readonly log: Log;
}

const version = 1;

/** A hundred keys of 16,384 bits are half of it. */
const maximumBytes = 2 * 1024 * 1024;

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Why a file is not used, in words for the log. */
class Unfit extends Error {}

/** Nothing is touched before the first load or save. A folder that cannot be made or written is a warning, said once. */
export function createKeptKeysFolder({ path: folder, log }: KeptKeysFolderOptions): KeptKeysFolder {
	const writing = new Set<Promise<void>>();
	let closed = false;
	return {
		of(provider, origin) {
			const file = join(folder, fileName(provider));
			const mark = digest(origin);
			let queue: Promise<void> = Promise.resolve();
			let failing = false;

			async function write(kept: KeptKeySet): Promise<void> {
				try {
					await mkdir(folder, { recursive: true, mode: 0o700 });
					const problem = ownership(await stat(folder));
					if (problem !== undefined) throw new Unfit(`the folder ${problem}`);
					const { jwks, fetchedAt } = kept;
					const text = JSON.stringify({ version, provider, origin: mark, fetched_at: fetchedAt, jwks }, null, '\t');
					await replaceFile(file, `${text}\n`);
					if (failing) log.info('the keys of a provider can be kept again', { provider, file });
					failing = false;
				} catch (cause) {
					if (!failing) {
						const why = wordsOf(cause);
						log.warn('the keys of a provider cannot be kept for the next start', { provider, file, why });
					}
					failing = true;
				}
			}

			return {
				async load() {
					try {
						return readKept(await readOwnFile(folder, file), provider, mark);
					} catch (cause) {
						if (codeOf(cause) === 'ENOENT') return undefined;
						log.warn('the keys kept from before are not used', { provider, file, why: wordsOf(cause) });
						return undefined;
					}
				},
				save(kept) {
					if (closed) return Promise.resolve();
					const written = queue.then(() => write(kept)).finally(() => writing.delete(written));
					queue = written;
					writing.add(written);
					return written;
				},
			};
		},
		async close() {
			closed = true;
			await Promise.all(writing);
		},
	};
}

/** Two names stay two files where the file system does not tell letters apart by case. */
function fileName(provider: string): string {
	return `${provider.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64)}.${digest(provider).slice(0, 8)}.json`;
}

function digest(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}

async function readOwnFile(folder: string, file: string): Promise<string> {
	const problem = ownership(await stat(folder));
	if (problem !== undefined) throw new Unfit(`its folder ${problem}`);
	// Not through a link, and not waiting for whoever put a pipe there.
	const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	try {
		const stats = await handle.stat();
		if (!stats.isFile()) throw new Unfit('it is no ordinary file');
		const unsafe = ownership(stats);
		if (unsafe !== undefined) throw new Unfit(`it ${unsafe}`);
		if (stats.size > maximumBytes) throw new Unfit(`it is larger than ${maximumBytes} octets`);
		return await handle.readFile('utf8');
	} finally {
		await handle.close();
	}
}

/** Why others could have put something there, or undefined. Systems without owners and modes (Windows) are not judged. */
function ownership({ uid, mode }: Stats): string | undefined {
	const own = process.geteuid?.();
	if (own === undefined) return undefined;
	if (uid !== own) return `belongs to another user (${uid})`;
	return (mode & 0o022) === 0 ? undefined : 'can be written by other users: chmod go-w';
}

function readKept(text: string, provider: string, mark: string): KeptKeySet | undefined {
	const document = parseStrictJsonObject(text);
	if (document === undefined) throw new Unfit('it is not JSON');
	const jwks = member(document, 'jwks');
	const fetchedAt = member(document, 'fetched_at');
	if (member(document, 'version') !== version) throw new Unfit('it is of another version');
	if (member(document, 'provider') !== provider) throw new Unfit('it is of another provider');
	if (member(document, 'origin') !== mark) throw new Unfit('the provider’s keys came from somewhere else then');
	if (!isJsonObject(jwks) || typeof fetchedAt !== 'number') throw new Unfit('it does not hold what it should');
	return { jwks: jwks satisfies JsonObject, fetchedAt };
}

/** Whole or not at all, whenever the process ends. */
async function replaceFile(file: string, text: string): Promise<void> {
	const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
	try {
		const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
		try {
			await handle.writeFile(text);
			await handle.sync();
		} finally {
			await handle.close();
		}
		await rename(temporary, file);
	} catch (cause) {
		await rm(temporary, { force: true }).catch(() => {});
		throw cause;
	}
}

function codeOf(error: unknown): unknown {
	return error instanceof Error && 'code' in error ? error.code : undefined;
}

function wordsOf(error: unknown): string {
	if (codeOf(error) === 'ELOOP') return 'it is a link';
	return error instanceof Error ? error.message : String(error);
}

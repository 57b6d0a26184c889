/**
 * Every secret and private key that the configuration holds, where it comes from and when that last changed. A list of
 * places and nothing of what stands there, for whoever must replace them in time.
 */
import { createHash } from 'node:crypto';
import { isJsonObject, type JsonValue } from '#core/index';
import type { SecretDefinition } from './definition.ts';
import { type ConfigPath, formatPath, type Report } from './diagnostics.ts';
import { type Origin, resolvePath } from './secrets.ts';

const client = ['secret', 'token'] as const;
const clientFiles = ['private_key_file', 'key_file', 'certificate_file'] as const;

/** Places whose text is the secret; `*` stands for any name or position, and a list of texts is several secrets. */
const texts: readonly (readonly string[])[] = [
	...client.map((key) => ['providers', '*', 'client', key]),
	['providers', '*', 'secret'],
	['providers', '*', 'secret_base64'],
	['providers', '*', 'keys', '*', 'primary'],
	['providers', '*', 'keys', '*', 'secondary'],
	['providers', '*', 'decryption_keys', '*', 'secret'],
	...client.map((key) => ['routes', '*', 'backend_token', 'client', key]),
	...client.map((key) => ['sessions', '*', 'client', key]),
	...['value', 'password', 'identity_header'].map((key) => ['routes', '*', 'backend_token', key]),
	['minting', 'keys', '*', 'text'],
	['store', 'encryption_keys'],
	['audit', 'digest_key'],
	['dpop', 'nonce_key'],
	['apim', 'managed_identity', 'identity_header'],
];

interface MixedPlace {
	readonly place: readonly string[];
	isSecret(text: string, isReference: boolean): boolean;
}

/** Places whose text may be a secret. What is given by reference is taken for one where the text alone does not tell. */
const mixedTexts: readonly MixedPlace[] = [
	// RFC 3986 §3.2.1: with a password in it.
	{ place: ['store', 'url'], isSecret: (text) => /^[a-z]+:\/\/[^/?#@]*:[^/?#]+@/i.test(text) },
	{ place: ['apim', 'named_values', '*'], isSecret: (_, isReference) => isReference },
	{ place: ['telemetry', 'otlp', 'headers', '*'], isSecret: (_, isReference) => isReference },
];

/** Places whose text names the file that holds it. */
const files: readonly (readonly string[])[] = [
	['providers', '*', 'decryption_keys', '*', 'file'],
	['minting', 'keys', '*', 'file'],
	...clientFiles.map((key) => ['providers', '*', 'client', key]),
	...clientFiles.map((key) => ['routes', '*', 'backend_token', 'client', key]),
	...clientFiles.map((key) => ['sessions', '*', 'client', key]),
	...['client_key', 'client_certificate'].flatMap((key) => [
		['routes', '*', 'upstream', 'tls', key],
		['apim', 'backends', '*', 'tls', key],
	]),
	['apim', 'certificates', '*', 'key'],
	...['key', 'certificate'].flatMap((key) => [
		['listen', 'tls', key],
		['listen', '*', 'tls', key],
	]),
];

export interface SecretSurroundings {
	/** Absolute; relative file names start there. */
	readonly folder: string;
	readonly originOf: (path: ConfigPath) => Origin;
	/** When a file was last written, milliseconds since the epoch; undefined: nobody knows. */
	readonly changedAt: ((path: string) => Promise<number | undefined>) | undefined;
	/** Content of a file; rejects when it cannot be read. */
	readonly readFile: (path: string) => Promise<string>;
}

export interface FoundSecret extends SecretDefinition {
	readonly path: ConfigPath;
}

/** `data`: the file with its references filled in. What cannot be read is left out: that is reported elsewhere. */
export async function findSecrets(data: JsonValue, around: SecretSurroundings): Promise<readonly FoundSecret[]> {
	const { folder, originOf, changedAt, readFile } = around;
	const timeOf = async (file: string | undefined) => (file === undefined ? undefined : changedAt?.(file));
	const found: FoundSecret[] = [];
	const places = [...texts.map((place) => ({ place, isSecret: () => true })), ...mixedTexts];
	for (const { place, isSecret } of places) {
		for (const { path, text } of textsAt(data, place)) {
			const { file, isFromEnvironment } = originOf(path);
			const from = file !== undefined ? 'file' : isFromEnvironment ? 'environment' : 'configuration';
			if (!isSecret(text, from !== 'configuration')) continue;
			found.push({ path, at: formatPath(path), from, file, changedAt: await timeOf(file), mark: markOf(text) });
		}
	}
	for (const pattern of files) {
		for (const { path, text } of textsAt(data, pattern)) {
			const file = resolvePath(folder, text);
			const content = await readFile(file).catch(() => undefined);
			if (content === undefined) continue;
			const changed = await timeOf(file);
			found.push({ path, at: formatPath(path), from: 'file', file, changedAt: changed, mark: markOf(content) });
		}
	}
	return found;
}

/** To tell another secret in the same place; a digest, so that the list holds none. */
function markOf(text: string): string {
	return createHash('sha256').update(text).digest('base64url');
}

function textsAt(
	data: JsonValue,
	pattern: readonly string[],
	path: ConfigPath = [],
): { path: ConfigPath; text: string }[] {
	const [step, ...rest] = pattern;
	if (step === undefined) {
		if (typeof data === 'string') return [{ path, text: data }];
		if (!isList(data)) return [];
		// No deeper: aliases can make lists of lists without end.
		return data.flatMap((item, index) => (typeof item === 'string' ? [{ path: [...path, index], text: item }] : []));
	}
	if (isList(data)) {
		return step === '*' ? data.flatMap((item, index) => textsAt(item, rest, [...path, index])) : [];
	}
	if (!isJsonObject(data)) return [];
	const names = step === '*' ? Object.keys(data) : Object.hasOwn(data, step) ? [step] : [];
	return names.flatMap((name) => textsAt(data[name] ?? null, rest, [...path, name]));
}

function isList(value: JsonValue): value is readonly JsonValue[] {
	return Array.isArray(value);
}

const day = 86_400;

/** Says which are older than `maxAge` (seconds) at `now` (milliseconds since the epoch), as far as their files tell. */
export function warnOfOldSecrets(
	secrets: readonly FoundSecret[],
	maxAge: number | undefined,
	now: number,
	report: Report,
): void {
	if (maxAge === undefined) return;
	for (const { path, changedAt } of secrets) {
		if (changedAt === undefined) continue;
		const age = (now - changedAt) / 1000;
		if (age <= maxAge) continue;
		report.warning(path, `${describeAge(age)} old: max_secret_age is ${describeAge(maxAge)}`, {
			at: 'key',
			fix: 'Replace it, and write the new one to its file.',
		});
	}
}

function describeAge(seconds: number): string {
	const days = Math.floor(seconds / day);
	return days > 0 ? `${days} ${days === 1 ? 'day' : 'days'}` : `${Math.floor(seconds)} seconds`;
}

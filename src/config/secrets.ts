/**
 * `${env:NAME}` and `${file:PATH}` inside any text of the configuration, whole or part; `$${` stands for a literal `${`.
 * What is filled in is data: it is never read as YAML, never searched for references again, and never shown.
 */
import { isAbsolute, resolve } from 'node:path';
import { isJsonObject, type JsonValue } from '#core/index';
import { type ConfigPath, type Diagnostic, type Report } from './diagnostics.ts';

export interface SecretSources {
	/** Content of a file by absolute path, as UTF-8 text; rejects when it cannot be read. */
	readonly readFile: (path: string) => Promise<string>;
	readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Filled {
	readonly data: JsonValue;
	/** Absolute paths of the `${file:…}` references, found or not. */
	readonly files: readonly string[];
	/** From where the text at this path comes, as written or filled in. */
	originOf(path: ConfigPath): Origin;
	/** Takes every filled-in value out of a diagnostic, and puts the reference in its place. */
	redact(diagnostic: Diagnostic): Diagnostic;
}

export interface Origin {
	/** Absolute path of the file that is in it; undefined: none. */
	readonly file: string | undefined;
	readonly isFromEnvironment: boolean;
}

const reference = /\$?\$\{([^{}]*)\}/g;
const maxSecretLength = 64 * 1024;

/**
 * Fills references in. `folder`: absolute; relative file paths start there. One trailing newline of a file is dropped. A
 * reference that cannot be filled in is reported, and the text around it kept as it stands.
 */
export async function fillSecrets(
	data: JsonValue,
	folder: string,
	sources: SecretSources,
	report: Report,
): Promise<Filled> {
	const files = new Set<string>();
	const shown = new Map<string, string>();
	const origins = new Map<string, Origin>();
	const cache = new Map<string, Promise<string>>();

	async function look(text: string, path: ConfigPath): Promise<string | undefined> {
		const colon = text.indexOf(':');
		const kind = text.slice(0, colon);
		const name = text.slice(colon + 1);
		if (colon < 0 || (kind !== 'env' && kind !== 'file') || name === '') {
			report.error(path, `\${${text}} is not a reference`, {
				fix: `Write \${env:NAME} or \${file:PATH}; {${text}} for a parameter of the route; $\${ for a literal \${.`,
			});
			return undefined;
		}
		if (kind === 'env') {
			const value = Object.hasOwn(sources.env, name) ? sources.env[name] : undefined;
			origins.set(JSON.stringify(path), { file: undefined, isFromEnvironment: true });
			if (value === undefined) report.error(path, `the environment variable ${name} is not set`);
			return value;
		}
		const file = resolvePath(folder, name);
		files.add(file);
		origins.set(JSON.stringify(path), { file, isFromEnvironment: false });
		const reading = cache.get(file) ?? sources.readFile(file);
		cache.set(file, reading);
		try {
			const content = await reading;
			if (content.includes('\uFFFD')) {
				report.error(path, `the file ${name} is not UTF-8 text`);
				return undefined;
			}
			if (content.length <= maxSecretLength) return content.replace(/\r?\n$/, '');
			report.error(path, `the file ${name} is larger than ${maxSecretLength / 1024} KiB`);
		} catch (error) {
			report.error(path, `the file ${name} cannot be read: ${readableFileError(error)}`);
		}
		return undefined;
	}

	async function fillText(text: string, path: ConfigPath): Promise<string> {
		if (!text.includes('${')) return text;
		const pieces: string[] = [];
		let end = 0;
		for (const match of text.matchAll(reference)) {
			pieces.push(text.slice(end, match.index));
			end = match.index + match[0].length;
			if (match[0].startsWith('$$')) {
				pieces.push(match[0].slice(1));
				continue;
			}
			const value = await look(match[1] ?? '', path);
			if (value !== undefined) shown.set(value, match[0]);
			else report.mute(path);
			pieces.push(value ?? match[0]);
		}
		return pieces.join('') + text.slice(end);
	}

	async function fill(value: JsonValue, path: ConfigPath): Promise<JsonValue> {
		if (typeof value === 'string') return fillText(value, path);
		if (isList(value)) {
			const items: JsonValue[] = [];
			for (const [index, item] of value.entries()) items.push(await fill(item, [...path, index]));
			return items;
		}
		if (!isJsonObject(value)) return value;
		const entries: [string, JsonValue][] = [];
		for (const [name, item] of Object.entries(value)) entries.push([name, await fill(item, [...path, name])]);
		return Object.fromEntries(entries);
	}

	const filled = await fill(data, []);
	// Longest first: a short secret may be part of a long one. Very short values are no secrets and would garble words.
	const secrets = [...shown].filter(([value]) => value.length >= 4).toSorted(([a], [b]) => b.length - a.length);
	const hide = (text: string) => secrets.reduce((rest, [value, name]) => rest.replaceAll(value, () => name), text);
	return {
		data: filled,
		files: [...files],
		originOf: (path) => origins.get(JSON.stringify(path)) ?? { file: undefined, isFromEnvironment: false },
		redact: (diagnostic) => ({
			...diagnostic,
			message: hide(diagnostic.message),
			...(diagnostic.fix === undefined ? {} : { fix: hide(diagnostic.fix) }),
		}),
	};
}

/** Absolute; a relative path starts at `folder`. */
export function resolvePath(folder: string, path: string): string {
	return isAbsolute(path) ? path : resolve(folder, path);
}

const fileErrors: Readonly<Record<string, string>> = {
	ENOENT: 'there is no such file',
	EACCES: 'no permission',
	EPERM: 'no permission',
	EISDIR: 'it is a folder',
};

/** Why a file could not be read, from the system's error code. */
export function readableFileError(error: unknown): string {
	const code = error instanceof Error && 'code' in error ? String(error.code) : '';
	if (Object.hasOwn(fileErrors, code)) return fileErrors[code] ?? code;
	return code === '' ? 'unknown error' : code;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
	return Array.isArray(value);
}

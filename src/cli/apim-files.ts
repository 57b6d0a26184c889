/** What `apim test` and `import apim` read beside policies: named values, placeholders, certificates. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { isJsonObject, type JsonObject } from '#core/index';
import { parseStrictJson } from '#formats/strict-json';
import { UsageError } from './usage.ts';

/**
 * Texts by name: a JSON object, or the list of `{name, value}` that Azure gives out (`properties` around them or not, as the
 * `value` of an object or not).
 * Secrets that Azure gives out without a value are left out.
 */
export async function readNamedValues(file: string | undefined): Promise<Readonly<Record<string, string>>> {
	if (file === undefined) return {};
	const value = await readJson(file);
	const entries = isJsonObject(value) && Array.isArray(value['value']) ? value['value'] : value;
	const values: [string, string][] = [];
	if (Array.isArray(entries)) {
		for (const entry of entries as readonly unknown[]) {
			if (!isJsonObject(entry)) throw new UsageError(`${file}: expected {name, value} in the list`);
			const inner = isJsonObject(entry['properties']) ? entry['properties'] : entry;
			const name = inner['displayName'] ?? entry['name'];
			if (typeof name === 'string' && typeof inner['value'] === 'string') values.push([name, inner['value']]);
		}
	} else if (isJsonObject(value)) {
		for (const [name, text] of Object.entries(value)) {
			if (typeof text === 'object') throw new UsageError(`${file}: ${name} is no text`);
			values.push([name, String(text)]);
		}
	} else throw new UsageError(`${file} is no JSON object and no list`);
	return Object.fromEntries(values);
}

/** Undefined for what is no JSON. Windows puts a byte order mark in front of it. */
async function readJson(file: string): Promise<unknown> {
	return parseStrictJson((await readFile(file, 'utf8')).replace(/^\ufeff/, ''));
}

/** Issuers by metadata URL: what stands in a file of `--openid`, keys or not. */
export async function readIssuers(file: string | undefined): Promise<ReadonlyMap<string, string>> {
	return new Map(
		Object.entries(await readOpenid(file)).flatMap(([url, { issuer }]) =>
			typeof issuer === 'string' && issuer !== '' ? [[url, issuer] as const] : [],
		),
	);
}

/** What would be fetched: JSON `{"metadata URL": {"issuer", "jwks"}}`. */
export async function readOpenid(file: string | undefined): Promise<Readonly<Record<string, JsonObject>>> {
	if (file === undefined) return {};
	const value = await readJson(file);
	if (!isJsonObject(value)) throw new UsageError(`${file} is no JSON object`);
	return Object.fromEntries(
		Object.entries(value).map(([url, entry]) => {
			if (!URL.canParse(url) || !isJsonObject(entry))
				throw new UsageError(`${file}: expected {"URL": {"issuer", "jwks"}}`);
			return [url, entry];
		}),
	);
}

export interface CertificateFiles {
	readonly certificate: string;
	readonly key?: string;
}

/** `NAME.pem` or `NAME.crt` for the certificate NAME, `NAME.key` for its private key. */
export async function findCertificates(
	folder: string | undefined,
): Promise<Readonly<Record<string, CertificateFiles>>> {
	if (folder === undefined) return {};
	const names = await readdir(folder);
	const keys = new Set(names.filter((name) => extname(name) === '.key'));
	return Object.fromEntries(
		names
			.filter((name) => /^\.(pem|crt|cer)$/.test(extname(name)))
			.map((name) => {
				const id = basename(name, extname(name));
				const key = keys.has(`${id}.key`) ? { key: join(folder, `${id}.key`) } : {};
				return [id, { certificate: join(folder, name), ...key }];
			}),
	);
}

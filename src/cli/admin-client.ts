/** Asks a running gateway on its admin address. The admin token comes from a file, never from the command line. */
import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { isJsonObject, type JsonObject, member } from '#core/index';
import { textOption, UsageError } from './usage.ts';

/** Options that every command with a running gateway behind it has. */
export const adminOptions = { admin: { type: 'string' }, 'admin-token-file': { type: 'string' } } as const;

export const adminHelp = `  --admin URL               admin address of the running gateway, e.g. http://127.0.0.1:9090
  --admin-token-file FILE   token for it, where it asks for one`;

export type AdminCall = (method: string, path: string, body?: JsonObject) => Promise<JsonObject>;

/** Calls reject with a readable Error for anything but a success. */
export async function adminClient(values: Readonly<Record<string, unknown>>): Promise<AdminCall> {
	const admin = textOption(values['admin']);
	if (admin === undefined) throw new UsageError('--admin URL is missing');
	if (!URL.canParse(admin)) throw new UsageError(`--admin is no URL: ${admin}`);
	const file = textOption(values['admin-token-file']);
	const authorization = file === undefined ? {} : { authorization: `Bearer ${await readToken(file)}` };
	return async (method, path, body) => {
		const response = await fetch(new URL(path, admin), {
			method,
			headers: { ...authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
			redirect: 'error',
		});
		const text = await response.text();
		const data = parse(text);
		if (!response.ok) {
			const detail = data === undefined ? undefined : member(data, 'detail');
			throw new Error(
				`the admin API answered ${response.status}: ${typeof detail === 'string' ? detail : text.slice(0, 500)}`,
			);
		}
		if (data === undefined) throw new Error('the admin API gave no JSON object');
		return data;
	};
}

/** A token from a file, or from standard input for `-`; without a scheme and white space around it. */
export async function readToken(file: string): Promise<string> {
	const text = file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8');
	return text.trim().replace(/^bearer +/i, '');
}

function parse(text: string): JsonObject | undefined {
	try {
		const data: unknown = JSON.parse(text);
		return isJsonObject(data) ? data : undefined;
	} catch {
		return undefined;
	}
}

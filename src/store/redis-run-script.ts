/** Scripts on the server: what must be one step. */
import { createHash } from 'node:crypto';
import { RedisRefusal, type SendCommand } from './redis-connection.ts';

const digests = new Map<string, string>();

/** By digest, and with its text where the server does not know it (anymore). */
export async function runScript(
	send: SendCommand,
	script: string,
	keys: readonly string[],
	args: readonly string[],
): Promise<unknown> {
	let digest = digests.get(script);
	if (digest === undefined) digests.set(script, (digest = createHash('sha1').update(script).digest('hex')));
	const rest = [String(keys.length), ...keys, ...args];
	try {
		return await send(['EVALSHA', digest, ...rest]);
	} catch (cause) {
		if (!(cause instanceof RedisRefusal) || cause.code !== 'NOSCRIPT') throw cause;
		return send(['EVAL', script, ...rest]);
	}
}

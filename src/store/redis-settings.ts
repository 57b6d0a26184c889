/** Settings of a Redis server that quietly break what the store promises: said once, when they can be read. */
import type { Log } from '#core/index';
import type { SendCommand } from './redis-connection.ts';

/** Rejects where this user may not ask; then nothing is known. */
export async function warnOfSettings(send: SendCommand, log: Log): Promise<void> {
	const memory = fieldsOf(await send(['INFO', 'memory']));
	const policy = memory.get('maxmemory_policy');
	if (policy !== undefined && policy !== 'noeviction' && memory.get('maxmemory') !== '0') {
		log.warn('Redis may throw revocations and keys away when its memory is full; set maxmemory-policy noeviction', {
			maxmemory_policy: policy,
		});
	}
	const persistence = fieldsOf(await send(['INFO', 'persistence']));
	if (persistence.get('aof_enabled') === '0') {
		log.warn('Redis has no append-only file: revocations and keys of the last minutes do not survive a restart of it', {
			appendonly: 'no',
		});
	}
}

function fieldsOf(info: unknown): ReadonlyMap<string, string> {
	const lines = typeof info === 'string' ? info.split(/\r?\n/) : [];
	return new Map(
		lines.flatMap((line): [string, string][] => {
			const colon = line.indexOf(':');
			return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)]] : [];
		}),
	);
}

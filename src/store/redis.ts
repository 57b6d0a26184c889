/**
 * The store in Redis 6.2 or Valkey: one primary, or an endpoint that stands for it, shared by any number of gateways.
 * What must be one step is a script, and the time is the server's, so that gateways need not agree on theirs.
 */
import { randomUUID } from 'node:crypto';
import {
	type Clock,
	type LedgerEntry,
	type ListedRecord,
	type Log,
	type SharedBuckets,
	type Store,
	StoreUnavailable,
} from '#core/index';
import { checkName, checkPlace, checkTtl, checkValue } from './names.ts';
import { createRedisBuckets } from './redis-buckets.ts';
import { createRedisConnection } from './redis-connection.ts';
import { runScript } from './redis-run-script.ts';
import { changesScript, enterScript, putScript, removeScript, strikeScript } from './redis-scripts.ts';
import { warnOfSettings } from './redis-settings.ts';

export interface RedisStoreOptions {
	/** `redis://user:password@host:port/database`, or `rediss://` for TLS. */
	readonly url: string;
	/** PEM of the authorities of the server's certificate; default: the public ones. */
	readonly ca?: string;
	readonly clock: Pick<Clock, 'monotonic'>;
	readonly log: Log;
	/** Milliseconds to an answer; default 1,500. */
	readonly timeout?: number;
	/** Put before every key, so that several installations can share a database; default `countersign`. */
	readonly prefix?: string;
}

/** A store that has the buckets of rate limits beside it, on the same connection. */
export interface RedisStore extends Store {
	readonly sharedBuckets: SharedBuckets;
}

/** Resolves after the first attempt to connect: a server that is down is one that is asked again and again. */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
	const { url, ca, clock, log, timeout, prefix = 'countersign' } = options;
	const connection = createRedisConnection({
		url,
		ca,
		clock,
		log,
		...(timeout === undefined ? {} : { timeout }),
		onReady: (command) => warnOfSettings(command, log),
	});
	const { send } = connection;
	await connection.start();

	const keyOf = (part: string, space: string, key: string): string => `${prefix}:${part}:${space}:${key}`;
	const run = (script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> =>
		runScript(send, script, keys, args);
	const onLedger = (script: string, ledger: string, ...args: readonly string[]): Promise<unknown> => {
		const tag = `{${prefix}:ledger:${ledger}}`;
		return run(script, [`${tag}:meta`, `${tag}:values`, `${tag}:index`, `${tag}:until`], [randomUUID(), ...args]);
	};

	return {
		sharedBuckets: createRedisBuckets(send, prefix),
		type: 'redis',
		isShared: true,
		async claim(space, key, ttl) {
			checkPlace(space, key);
			const answer = await send(['SET', keyOf('claim', space, key), '1', 'NX', 'PX', String(checkTtl(ttl))]);
			return answer === 'OK';
		},
		async get(space, key) {
			checkPlace(space, key);
			const found = await send(['GET', keyOf('record', space, key)]);
			if (found === null) return undefined;
			return { version: text(found).slice(0, versionLength), value: text(found).slice(versionLength) };
		},
		async put(space, key, value, { ttl, expected }) {
			checkPlace(space, key);
			checkValue(value);
			const place = keyOf('record', space, key);
			const version = randomUUID();
			const time = String(checkTtl(ttl));
			if (expected === undefined) {
				await send(['SET', place, version + value, 'PX', time]);
				return version;
			}
			const done = await run(putScript, [place], [expected ?? '', version + value, time]);
			return done === 1 ? version : undefined;
		},
		async list(space, limit, after) {
			checkName(space);
			if (after !== undefined && !/^[1-9]\d{0,19}$/.test(after)) throw new RangeError('no cursor of Redis');
			const start = keyOf('record', space, '');
			const pattern = `${start.replaceAll(/[\\*?[\]^-]/g, '\\$&')}*`;
			const found = new Map<string, ListedRecord>();
			const step = String(Math.min(Math.max(limit, 100), 1_000));
			for (let cursor = after ?? '0'; ; ) {
				const answer: unknown = await send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', step]);
				const [next, keys] = Array.isArray(answer) ? (answer as readonly unknown[]) : [];
				if (!Array.isArray(keys)) throw new StoreUnavailable('Redis gave no list of keys');
				const names = keys.map(text);
				const values: unknown = names.length === 0 ? [] : await send(['MGET', ...names]);
				for (const [i, name] of names.entries()) {
					const value = text(Array.isArray(values) ? values[i] : undefined);
					// It may have run out since, and a scan may name a key twice.
					if (value === '') continue;
					const key = name.slice(start.length);
					found.set(key, { key, version: value.slice(0, versionLength), value: value.slice(versionLength) });
				}
				cursor = text(next);
				const isLast = cursor === '0' || cursor === '';
				// Whatever a step of the scan brings belongs to this page: the next one begins behind it.
				if (isLast || found.size >= limit) return { records: [...found.values()], next: isLast ? undefined : cursor };
			}
		},
		async remove(space, key, expected) {
			checkPlace(space, key);
			const place = keyOf('record', space, key);
			return (expected === undefined ? await send(['DEL', place]) : await run(removeScript, [place], [expected])) === 1;
		},
		async enter(ledger, key, value, { ttl, expected } = {}) {
			checkPlace(ledger, key);
			checkValue(value);
			const time = ttl === undefined ? '' : String(checkTtl(ttl));
			return revision(await onLedger(enterScript, ledger, key, value, time, expected?.toString() ?? ''));
		},
		async strike(ledger, key, expected) {
			checkPlace(ledger, key);
			return revision(await onLedger(strikeScript, ledger, key, expected?.toString() ?? ''));
		},
		async changes(ledger, after, limit) {
			checkName(ledger);
			const place = [after?.epoch ?? '', String(after?.revision ?? 0), String(limit)];
			const answer: unknown = await onLedger(changesScript, ledger, ...place);
			if (!Array.isArray(answer)) throw new StoreUnavailable('Redis gave no list for a ledger');
			const [epoch, head, isReset, reached, ...rest] = answer as readonly unknown[];
			return {
				entries: entriesOf(rest),
				position: { epoch: text(epoch), revision: Number(reached) },
				head: Number(head),
				isReset: isReset === 1,
			};
		},
		async close() {
			connection.close();
		},
	};
}

/** Characters of a record's version: a UUID. */
const versionLength = 36;

function revision(answer: unknown): number | undefined {
	return answer === 0 ? undefined : Number(answer);
}

function entriesOf(flat: readonly unknown[]): readonly LedgerEntry[] {
	const entries: LedgerEntry[] = [];
	for (let i = 0; i + 2 < flat.length; i += 3) {
		const value = text(flat[i + 2]);
		entries.push({
			key: text(flat[i]),
			revision: Number(flat[i + 1]),
			value: value.startsWith('+') ? value.slice(1) : undefined,
		});
	}
	return entries;
}

function text(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

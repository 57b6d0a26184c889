/**
 * What somebody changed while the gateway ran, for the audit log: revocations and key pairs; and what an operator took out
 * of it, keys and tokens. Its own kind of record, beside those of requests, told by `event: change`. It names what was
 * changed and never holds a key or a token.
 */
import { cut } from './audit-record.ts';
import type { LineSink } from './audit-trail.ts';

export interface Change {
	/** What was done: `revoke`, `lift`, `key_create`, `key_regenerate` … */
	readonly action: ChangeAction;
	/** Who did it, in words. */
	readonly by: string;
	/** What it was done to, as few names and values. */
	readonly to: Readonly<Record<string, string | number>>;
	/** Why it came to nothing after all; undefined for a change that is about to be made. */
	readonly failure?: string;
}

export const changeActions = [
	'revoke',
	'lift',
	'logout',
	'session_end',
	'key_create',
	'key_regenerate',
	'key_disable',
	'key_enable',
	'key_remove',
	'gateway_keys_list',
	'gateway_token_generate',
	'minting_rotate',
	'minting_withdraw',
] as const;
export type ChangeAction = (typeof changeActions)[number];

/** The record as it is written; members of `to` stand beside the others. */
export interface ChangeRecord {
	/** RFC 3339, UTC, milliseconds. */
	readonly time: string;
	readonly event: 'change';
	readonly action: ChangeAction;
	readonly by: string;
	readonly [member: string]: string | number;
}

/** `time`: milliseconds since the epoch. */
export function changeRecord({ action, by, to, failure }: Change, time: number): ChangeRecord {
	const details: Record<string, string | number> = {};
	for (const [name, value] of Object.entries(to))
		details[name] = typeof value === 'string' ? (cut(value) ?? '') : value;
	return {
		...details,
		time: new Date(time).toISOString(),
		event: 'change',
		action,
		by: cut(by) ?? '',
		...(failure === undefined ? {} : { failure }),
	};
}

/**
 * Puts a change on record before it is made. Resolves to false when it must not be made, because with
 * `on_overflow: refuse` nothing happens that is not on record.
 */
export type RecordChange = (change: Change) => Promise<boolean>;

export function createChangeRecorder(sink: LineSink, onOverflow: 'drop' | 'refuse', now: () => number): RecordChange {
	return async (change) => {
		const line = JSON.stringify(changeRecord(change, now()));
		if (onOverflow === 'refuse') return sink.commit(line);
		sink.write(line);
		return true;
	};
}

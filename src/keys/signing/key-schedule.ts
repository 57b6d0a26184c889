/**
 * When each key of a set signs and how long it is published. Pure: every gateway comes to the same answer from the same
 * set and the same time, so that nobody needs to be told. Keys stand in the order in which they begin to sign.
 *
 *     made            signs             stops: the next one signs          unpublished
 *      ├─ publish_ahead ─┼─ rotate_every … ─┼───────── keptFor ─────────────┤
 */
import { longestMintedLifetime, type MintingAlgorithm } from '#core/index';

/** Seconds since the epoch. */
export interface Scheduled {
	readonly algorithm: MintingAlgorithm;
	readonly madeAt: number;
	readonly signsFrom: number;
}

export interface Rotation {
	/** Of keys to come. */
	readonly algorithm: MintingAlgorithm;
	/** Seconds for which a key signs. */
	readonly every: number;
	/** Seconds for which it is published before it signs: as long as backends may go without looking. */
	readonly ahead: number;
}

/** Seconds that clocks of gateways and backends may differ. */
const clockTolerance = 300;
/** Seconds for which a key that has stopped signing is published: its last token has expired, by anybody's clock. */
export const keptFor: number = longestMintedLifetime + clockTolerance;

/** The one that signs at `now`; the first one where every time is still to come (a clock that was set back). */
export function signerAt<K extends Scheduled>(keys: readonly K[], now: number): K | undefined {
	return keys.findLast(({ signsFrom }) => signsFrom <= now) ?? keys[0];
}

/** Seconds since the epoch at which it stops being published; undefined: a next key is not made yet. */
export function publishedUntil(keys: readonly Scheduled[], index: number): number | undefined {
	const next = keys[index + 1];
	return next === undefined ? undefined : next.signsFrom + keptFor;
}

/** What of a set is still needed at `now`. */
export function stillNeeded<K extends Scheduled>(keys: readonly K[], now: number): readonly K[] {
	return keys.filter((_, index) => (publishedUntil(keys, index) ?? Number.POSITIVE_INFINITY) > now);
}

/** Whether it is time to make a key. While one waits for its time, no other is made, whatever else has changed. */
export function isKeyDue(keys: readonly Scheduled[], { algorithm, every, ahead }: Rotation, now: number): boolean {
	const newest = keys.at(-1);
	if (newest === undefined) return true;
	if (newest.signsFrom > now) return false;
	return newest.algorithm !== algorithm || now >= newest.signsFrom + every - ahead;
}

/** When a key that is made at `now` may sign, in whole seconds and never too soon: at once where no other can. */
export function signsFrom(keys: readonly Scheduled[], { ahead }: Rotation, now: number): number {
	return keys.length === 0 ? Math.floor(now) : Math.ceil(now + ahead);
}

/** Seconds since the epoch at which the set should change next. */
export function nextChange(keys: readonly Scheduled[], { every, ahead }: Rotation, now: number): number {
	const newest = keys.at(-1);
	if (newest === undefined) return now;
	const ends = keys.flatMap((_, index) => publishedUntil(keys, index) ?? []);
	return Math.min(Math.max(newest.signsFrom, newest.signsFrom + every - ahead), ...ends);
}
